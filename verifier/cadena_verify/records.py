"""What the replay remembers of every event: 28 bytes, in arrays. PURE.

Three fingerprints of 64 bits: of the id, of the act (command and ordinal), and of the subject, with its version. Two
events that collide are only *suspects*: they are then read again and judged by their full text. Fingerprints are cut
from values that are random where nobody cheats (UUIDs, SHA-256), a column at a time, in C.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from hashlib import sha256

PARTS = 64
"""Fingerprints are kept apart by their highest bits, so that each part can be judged alone, in little memory."""
_SHIFT = 64 - PARTS.bit_length() + 1
MAX_VERSION = 2**32 - 1
MAX_SALTS = 50_000
_ROOM = "0" * 32
_NONE = "0" * 32


class Salt(dict[object, bytes]):
    """Eight bytes for each of a few values: mixed into a fingerprint, they tell apart what else is the same."""

    def __init__(self, key: bytes = b"") -> None:
        super().__init__()
        self._key = key

    def __missing__(self, value: object) -> bytes:
        """Made once for each value, as long as they stay few."""
        if len(self) >= MAX_SALTS:
            self.clear()
        self[value] = made = sha256(self._key + repr(value).encode()).digest()[:8]
        return made


ORDINALS = Salt()


def of_ids(ids: Sequence[str]) -> "array[int]":
    """The fingerprints of canonical UUIDs: their low halves, which are random in version 7 as in version 4."""
    return _limbs("".join(ids).replace("-", ""))[1::2]


def of_acts(commands: Sequence[str], ordinals: Sequence[str]) -> "array[int]":
    """The fingerprints of commands (64 hexadecimal digits) with their ordinals."""
    return _mixed(_limbs("".join(commands))[0::4], b"".join(map(ORDINALS.__getitem__, ordinals)))


class Subjects:
    """Makes fingerprints of subjects under a key of 16 random bytes.

    Two subjects with one fingerprint could pass for one without a gap, so nobody who writes entries may foresee them.
    A UUID is multiplied by the key, an odd number of 128 bits, and the upper half of the lower 128 bits is taken
    (multiply-shift hashing: any two values collide for two keys in 2^64).
    """

    def __init__(self, key: bytes) -> None:
        self._factor = int.from_bytes(key, "little") | 1
        self._kinds = Salt(key)

    def __call__(
        self, sources: Sequence[str], kinds: Sequence[str], uuids: Sequence[str], names: Sequence[str]
    ) -> "array[int]":
        """The fingerprints of subjects of sources: a `kind` and a UUID, or a name of any other kind."""
        if any(names):
            named = list(zip(kinds, uuids, names, strict=True))
            uuids = [_as_uuid(kind + name) if name else uuid for kind, uuid, name in named]
            kinds = ["" if name else kind for kind, _, name in named]
        if not all(uuids):
            uuids = [uuid or _NONE for uuid in uuids]
        # One number with room between the UUIDs: they are all multiplied at once, and none reaches into the next.
        wide = bytes.fromhex(_ROOM.join(uuids).replace("-", "") + _ROOM)
        product = int.from_bytes(wide, "little") * self._factor
        hashed = from_bytes("Q", product.to_bytes(len(wide), "little"))[1::4]
        return _mixed(hashed, b"".join(map(self._kinds.__getitem__, zip(sources, kinds, strict=True))))


def split(prints: Iterable[int]) -> "list[array[int]]":
    """The fingerprints by part."""
    parts = [array("Q") for _ in range(PARTS)]
    put = [part.append for part in parts]
    for mark in prints:
        put[mark >> _SHIFT](mark)
    return parts


def split_versions(prints: Iterable[int], versions: Iterable[int]) -> "tuple[list[array[int]], list[array[int]]]":
    """Subjects and their versions by part, in the order of the ledger."""
    subjects, numbers = [array("Q") for _ in range(PARTS)], [array("I") for _ in range(PARTS)]
    put = [(one.append, two.append) for one, two in zip(subjects, numbers, strict=True)]
    for mark, version in zip(prints, versions, strict=True):
        add_mark, add_version = put[mark >> _SHIFT]
        add_mark(mark)
        add_version(version)
    return subjects, numbers


def versions_of(sequences: Sequence[str]) -> "array[int]":
    """The versions as numbers. One beyond 32 bits is written as the highest, which no subject reaches honestly."""
    numbers = list(map(int, sequences))
    return array("I", numbers if max(numbers, default=0) <= MAX_VERSION else [min(n, MAX_VERSION) for n in numbers])


def _limbs(digits: str) -> "array[int]":
    return from_bytes("Q", bytes.fromhex(digits))


def _mixed(prints: "array[int]", salts: bytes) -> "array[int]":
    mixed = int.from_bytes(to_bytes(prints), "little") ^ int.from_bytes(salts, "little")
    return from_bytes("Q", mixed.to_bytes(len(salts), "little"))


def from_bytes(kind: str, raw: bytes) -> "array[int]":
    """Numbers of an array's `kind`, little endian: the same on every machine."""
    limbs = array(kind, raw)
    if sys.byteorder == "big":
        limbs.byteswap()
    return limbs


def to_bytes(limbs: "array[int]") -> bytes:
    """The inverse of `from_bytes`."""
    if sys.byteorder == "big":
        limbs = limbs[:]
        limbs.byteswap()
    return limbs.tobytes()


def _as_uuid(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
