"""Where tiles lie and what they hold (C2SP tlog-tiles 0.1.0). PURE."""

from cadena_verify.merkle import HASH_SIZE

WIDTH = 256
"""Hashes in a full tile, and entries in a full bundle."""
MAX_BUNDLE_BYTES = WIDTH * (2 + 0xFFFF)
ENTRIES = -1
"""The level that stands for entry bundles."""


class BundleCut(ValueError):
    """A bundle that ends in the middle of an entry, or too soon. `entries` are the whole ones before the cut."""

    def __init__(self, message: str, entries: list[bytes]) -> None:
        super().__init__(message)
        self.entries = entries


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """`tile/<level or entries>/<number in groups of three digits>`, with `.p/<width>` for a partial one."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    where = "entries" if level == ENTRIES else str(level)
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{where}/{'/'.join(reversed(groups))}{suffix}"


def width_of(level: int, number: int, size: int) -> int:
    """How many hashes (or entries) tile `number` of a level holds in a tree of `size` leaves: 0 to 256."""
    hashes = size >> (8 * max(level, 0))
    return max(0, min(WIDTH, hashes - number * WIDTH))


def split_bundle(raw: bytes, width: int, whole: bool) -> list[bytes]:
    """The first `width` entries of a bundle: each a big-endian uint16 length, then that many bytes.

    BundleCut if it holds fewer. With `whole`, bytes after them are a cut too: the bundle is not what it should be.
    """
    entries: list[bytes] = []
    at, end = 0, len(raw)
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(raw[at:start], "big")
        if start > end or at > end:
            raise BundleCut(f"it ends after {len(entries)} of {width} entries", entries)
        entries.append(raw[start:at])
    if whole and at != end:
        raise BundleCut(f"{end - at} bytes follow its {width} entries", entries)
    return entries


def split_tile(raw: bytes) -> list[bytes]:
    """The hashes of a tile; a last incomplete one is left out."""
    return [raw[at : at + HASH_SIZE] for at in range(0, len(raw) - HASH_SIZE + 1, HASH_SIZE)]
