"""A set of places by key that needs 16 bytes a slot instead of a dict's 150: an audit holds one for every event."""

from array import array

_EMPTY = 0
_NONE: list[int] = []


class Places:
    """Open-addressed table of 64-bit fingerprints and indexes.

    A fingerprint may lie: `claim` gives every index that could be the key's, and the caller looks whether it is.
    Python's keyed string hash makes fingerprints that a writer of entries cannot foresee, so false ones stay rare.
    """

    __slots__ = ("_count", "_indexes", "_mask", "_prints")

    def __init__(self, slots: int = 1 << 10) -> None:
        self._mask = slots - 1
        self._prints = array("q", bytes(8 * slots))
        self._indexes = array("q", bytes(8 * slots))
        self._count = 0

    def claim(self, key: str, index: int) -> list[int]:
        """Add the key at this index if no like fingerprint is there; else return the indexes of those."""
        mark = hash(key)
        prints, indexes, mask = self._prints, self._indexes, self._mask
        at, found = mark & mask, _NONE
        while indexes[at] != _EMPTY:
            if prints[at] == mark:
                found = [*found, indexes[at] - 1]
            at = (at + 1) & mask
        if not found:
            prints[at], indexes[at] = mark, index + 1
            self._grow_in_time()
        return found

    def add(self, key: str, index: int) -> None:
        """Add the key at this index, whatever is there: the caller knows that a claim was refused wrongly."""
        self._put(hash(key), index + 1)
        self._grow_in_time()

    def _put(self, mark: int, value: int) -> None:
        indexes, mask = self._indexes, self._mask
        at = mark & mask
        while indexes[at] != _EMPTY:
            at = (at + 1) & mask
        self._prints[at], indexes[at] = mark, value

    def _grow_in_time(self) -> None:
        """Stay below three fifths full: beyond, the runs that a search walks through get long."""
        self._count += 1
        if self._count * 5 < len(self._prints) * 3:
            return
        old = list(zip(self._prints, self._indexes, strict=True))
        self._mask = 2 * len(self._prints) - 1
        self._prints = array("q", bytes(8 * (self._mask + 1)))
        self._indexes = array("q", bytes(8 * (self._mask + 1)))
        for mark, value in old:
            if value != _EMPTY:
                self._put(mark, value)
