"""Where a tree lies in tiles of 256 hashes (C2SP tlog-tiles): paths, framing of entries, and what grows. PURE."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from shared.merkle import HASH_BYTES, Node, Range, cover

WIDTH = 256
HEIGHT = 8
MAX_ENTRY_BYTES = 65_535
_LENGTH_BYTES = 2

# Seven groups of digits say every index of a log of 2^63 entries; more are no number that we would read.
_PATH = re.compile(
    r"(?:(?P<level>0|[1-9]\d?)|entries)/(?P<index>(?:x\d{3}/){0,6}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One resource: hashes of a level, or entries (`level` None). `width` 256 is the full one."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/0/x001/x234/067.p/12`: the path below the log's URL."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{index_path(self.index)}{partial}"

    @property
    def first(self) -> int:
        """The index, within its level, of the first hash or entry."""
        return self.index * WIDTH


class FramingError(ValueError):
    """Bytes that are not a run of length-prefixed entries, or an entry too long for its two length bytes."""


def index_path(index: int) -> str:
    """1234067 → `x001/x234/067`."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    return "/".join(reversed(parts))


def parse_path(path: str) -> Tile | None:
    """The tile that `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]` names (what follows `tile/`); None if nothing may."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"]) if match["width"] else WIDTH
    level = None if match["level"] is None else int(match["level"])
    if index_path(index) != match["index"] or (match["width"] and width >= WIDTH) or (level or 0) > 63:
        return None
    return Tile(level, index, width)


def tiles_of(level: int | None, size: int) -> Iterator[Tile]:
    """All tiles of a level in a log of `size` entries, the partial one last."""
    full, partial = divmod(size >> (HEIGHT * (level or 0)), WIDTH)
    yield from (Tile(level, index) for index in range(full))
    if partial:
        yield Tile(level, full, partial)


def levels_of(size: int) -> range:
    """The tile levels that a log of `size` entries has."""
    return range((max(size.bit_length(), 1) + HEIGHT - 1) // HEIGHT if size else 0)


def width_at(tile: Tile, size: int) -> int:
    """How many hashes or entries of the tile a log of `size` entries implies: 0 (none) to 256."""
    return max(0, min(WIDTH, (size >> (HEIGHT * (tile.level or 0))) - tile.first))


def home(node: Node) -> tuple[Tile, int, int]:
    """The full tile that a node is cut from, and which of its hashes [start, end) fold to it."""
    level, below = divmod(node.level, HEIGHT)
    index, start = divmod(node.index << below, WIDTH)
    return Tile(level, index), start, start + (1 << below)


def hash_range(tile_bytes: bytes, start: int, end: int) -> bytes:
    """The root over hashes [start, end) of a tile, a power of two of them."""
    row = tile_bytes[start * HASH_BYTES : end * HASH_BYTES]
    while len(row) > HASH_BYTES:  # node_hash, written out: a proof is mostly this
        pairs = range(0, len(row), 2 * HASH_BYTES)
        row = b"".join([sha256(b"\x01" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return row


def folded(hashes: bytes) -> list[bytes]:
    """Every complete node over the first hashes of a tile: row b holds, side by side, those over 2^b hashes each."""
    rows = [hashes]
    while len(row := rows[-1]) > HASH_BYTES:
        pairs = range(0, len(row) - HASH_BYTES, 2 * HASH_BYTES)
        rows.append(b"".join([sha256(b"\x01" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs]))
    return rows


def cut_out(rows: Sequence[bytes], node: Node) -> bytes:
    """A node from the rows of the tile that is its home."""
    below = node.level % HEIGHT
    at = node.index % (WIDTH >> below) * HASH_BYTES
    return rows[below][at : at + HASH_BYTES]


def frame(entries: Iterable[bytes]) -> bytes:
    """Each entry behind its length in two bytes, big endian; FramingError for one beyond 65,535 bytes."""
    parts: list[bytes] = []
    try:
        for entry in entries:
            parts.append(len(entry).to_bytes(_LENGTH_BYTES, "big"))
            parts.append(entry)
    except OverflowError as error:
        raise FramingError(f"an entry has at most {MAX_ENTRY_BYTES} bytes") from error
    return b"".join(parts)


def unframe(raw: bytes) -> list[bytes]:
    """The entries of a bundle or fragment; FramingError if the bytes end within one."""
    entries, at, end = [], 0, len(raw)
    while at < end:
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(raw[at:start], "big")
        if start > end or at > end:
            raise FramingError("the bytes end within an entry")
        entries.append(raw[start:at])
    return entries


@dataclass(frozen=True, slots=True)
class Grown:
    """A tile that became full, with its 8,192 bytes."""

    level: int
    index: int
    bytes: bytes


class TileEdge:
    """The right edge of a tree with the partial tile of each level: what the ledger's writer keeps in memory."""

    def __init__(self, size: int = 0, tails: Sequence[Sequence[bytes]] = ()) -> None:
        """The edge of `size` leaves; `tails[L]` are the hashes of the partial tile at level L."""
        self._tails = [list(tail) for tail in tails]
        for level, tail in enumerate(self._tails):
            if len(tail) != (size >> (HEIGHT * level)) % WIDTH:
                raise ValueError(f"the partial tile of level {level} has not the width that size {size} implies")
        self._range = Range(size, [self._peak(node) for node in cover(0, size)])

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._range.size

    def root(self) -> bytes:
        """The root of the tree so far."""
        return self._range.root()

    def edge(self) -> Range:
        """The right edge alone, as a value that grows on its own."""
        return self._range.copy()

    def append(self, leaf_hashes: Sequence[bytes]) -> list[Grown]:
        """Append leaves; returns the tiles, of all levels, that became full."""
        size, grown = self.size, []
        for level, hashes in enumerate(self._range.append(leaf_hashes)[::HEIGHT]):
            if level == len(self._tails):
                self._tails.append([])
            row = [*self._tails[level], *hashes]
            first = (size >> (HEIGHT * level)) // WIDTH
            full = len(row) // WIDTH
            for at in range(full):
                grown.append(Grown(level, first + at, b"".join(row[at * WIDTH : (at + 1) * WIDTH])))
            self._tails[level] = row[full * WIDTH :]
        return grown

    def _peak(self, node: Node) -> bytes:
        tile, start, end = home(node)
        return hash_range(b"".join(self._tails[tile.level or 0]), start, end)
