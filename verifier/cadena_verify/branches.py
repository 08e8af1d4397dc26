"""The ways to read a log whose stored copies differ. PURE."""

from collections.abc import Iterator
from itertools import product

from cadena_verify.merkle import RightEdge
from cadena_verify.report import Finding

MAX_SINGLE_CHOICES = 4
"""Disputed hashes of one bundle that are tried one by one; more are tried as all entries, or all tile."""


class Branch:
    """One reading of the log so far: its right edge, the hashes of the tile under way per level, and its suspicions."""

    __slots__ = ("edge", "opaque", "parent", "rows", "suspicions")

    def __init__(self, edge: RightEdge, rows: dict[int, list[bytes]], suspicions: list[Finding]) -> None:
        self.edge, self.rows, self.suspicions = edge, rows, suspicions
        self.opaque: list[range] = []
        """Sizes inside bundles of which only the hash in the tile above is followed: no root can be known there."""
        self.parent = 0
        """Which branch it was at the start of this bundle."""

    def copy(self) -> "Branch":
        """An independent branch with the same past."""
        rows = {level: list(row) for level, row in self.rows.items()}
        twin = Branch(self.edge.copy(), rows, list(self.suspicions))
        twin.parent, twin.opaque = self.parent, list(self.opaque)
        return twin

    def extend(self, hashes: list[bytes], height: int = 0) -> None:
        """Append leaves, or whole subtrees of 2^height leaves, and keep the hashes that belong to upper tiles."""
        for at, nodes in self.edge.extend(hashes, height).items():
            self.rows.setdefault(at // 8, []).extend(nodes)


def readings_of(
    first: int, width: int, entries: list[bytes] | None, stored: list[bytes] | None
) -> Iterator[tuple[list[bytes], list[Finding]]]:
    """Each way to read a bundle whose copies differ, with what would then have been changed.

    Where one copy is short the other fills in; nothing is yielded if both are.
    """
    mine, theirs = entries or [], stored or []
    if len(mine) < width > len(theirs):
        return
    both = min(len(mine), len(theirs))
    disputed = [at for at in range(both) if mine[at] != theirs[at]]
    where = {digest: at for at, digest in enumerate(theirs)}
    base = mine[:both] + (mine[both:] or theirs[both:])
    count = len(disputed)
    single = count <= MAX_SINGLE_CHOICES
    choices = product((True, False), repeat=count) if single else iter([(True,) * count, (False,) * count])
    for choice in choices:
        hashes, suspicions = list(base), list[Finding]()
        for at, trust_entry in zip(disputed, choice, strict=True):
            if not trust_entry:
                hashes[at] = theirs[at]
            suspicions.append(_suspicion(first, at, trust_entry, where.get(mine[at])))
        yield hashes, suspicions


def _suspicion(first: int, at: int, trust_entry: bool, elsewhere: int | None) -> Finding:
    code, message = "tile-changed", "the leaf hash kept in the tile is not that of the entry"
    if not trust_entry:
        moved = "" if elsewhere is None else f"; they are those of entry {first + elsewhere}"
        code, message = "entry-changed", f"the bytes are not those whose hash was signed{moved}"
    return Finding(code, message, first + at, first + at + 1)
