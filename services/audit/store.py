"""The writer's reads: entries, the tree's right edge, heads, and what was consumed from Kafka. Rows are never trusted
to be whole: a gap is LedgerDamaged, with its index.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.errors import LedgerDamaged
from services.audit.layout import Piece, take_apart
from shared.merkle import leaf_hash
from shared.tiles import HEIGHT, WIDTH, FramingError, TileEdge, hash_range, levels_of, unframe

Connection = Any
"""An asyncpg connection; the library carries no types."""


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head. `note` ends with the log's signature line, `cosignature` is the line that follows it."""

    size: int
    root: bytes
    note: str
    cosignature: str
    cosigned_at: datetime

    @property
    def signed(self) -> str:
        """The whole checkpoint as it is served."""
        return self.note + self.cosignature


@dataclass(frozen=True, slots=True)
class Consumed:
    """The last message taken from a topic."""

    offset: int
    sha256: bytes


def snapshot(connection: Connection) -> Any:
    """A block in which every read sees the same rows; it cannot write."""
    return connection.transaction(isolation="repeatable_read", readonly=True)


async def size(connection: Connection) -> int:
    """How many entries are stored, signed or not."""
    bundles = await connection.fetchval("SELECT coalesce(max(n) + 1, 0) FROM bundle")
    rows = await connection.fetch(
        "SELECT first, bytes FROM fragment WHERE first >= $1 ORDER BY first", int(bundles) * WIDTH
    )
    end = int(bundles) * WIDTH
    for row in rows:
        if row["first"] != end:
            raise LedgerDamaged(f"the fragment at {row['first']} begins where no entry ends; expected index {end}")
        end += len(entries_of(row["bytes"], end))
    return end


def entries_of(raw: bytes, first: int) -> list[bytes]:
    """The entries of a stored bundle or fragment that begins at index `first`."""
    try:
        return unframe(raw)
    except FramingError as error:
        raise LedgerDamaged(f"the entries stored from index {first} on: {error}") from error


async def entries(connection: Connection, start: int, end: int) -> list[bytes]:
    """The stored entries [start, end), from bundles where they are full and from fragments where not."""
    if start == end:
        return []
    low, high = start // WIDTH, (end - 1) // WIDTH
    rows = await connection.fetch("SELECT n, bytes FROM bundle WHERE n BETWEEN $1 AND $2", low, high)
    bundles = {row["n"]: row["bytes"] for row in rows}
    found: list[bytes] = []
    for n in range(low, high + 1):
        held = entries_of(bundles[n], n * WIDTH) if n in bundles else await open_bundle(connection, n)
        if n * WIDTH + len(held) < min(end, (n + 1) * WIDTH) or len(held) > WIDTH:
            raise LedgerDamaged(f"{len(held)} entries are stored from index {n * WIDTH} on; more or less belong there")
        found += held
    return found[start - low * WIDTH : end - low * WIDTH]


async def open_bundle(connection: Connection, n: int) -> list[bytes]:
    """The entries of bundle `n` from its fragments."""
    return entries_of(await open_framed(connection, n), n * WIDTH)


async def open_framed(connection: Connection, n: int) -> bytes:
    """The framed entries of bundle `n` from its fragments."""
    rows = await connection.fetch(
        "SELECT first, bytes FROM fragment WHERE first >= $1 AND first < $2 ORDER BY first", n * WIDTH, (n + 1) * WIDTH
    )
    end = n * WIDTH
    for row in rows:
        if row["first"] != end:
            raise LedgerDamaged(f"no fragment holds index {end}")
        end += len(piece_of(row["bytes"], end).ends)
    return b"".join(row["bytes"] for row in rows)


def piece_of(raw: bytes, first: int) -> Piece:
    """A stored bundle or fragment that begins at index `first`, taken apart."""
    try:
        return take_apart(raw)
    except FramingError as error:
        raise LedgerDamaged(f"the entries stored from index {first} on: {error}") from error


async def pieces(connection: Connection, start: int, end: int) -> list[Piece]:
    """The stored entries [start, end) as they are framed: a piece for each bundle, from fragments where it is open."""
    if start == end:
        return []
    low, high = start // WIDTH, (end - 1) // WIDTH
    rows = await connection.fetch("SELECT n, bytes FROM bundle WHERE n BETWEEN $1 AND $2", low, high)
    bundles = {row["n"]: row["bytes"] for row in rows}
    found: list[Piece] = []
    for n in range(low, high + 1):
        first = n * WIDTH
        held = piece_of(bundles[n] if n in bundles else await open_framed(connection, n), first)
        wanted = min(end - first, WIDTH)
        if not wanted <= len(held.ends) <= WIDTH:
            raise LedgerDamaged(f"{len(held.ends)} entries are stored from index {first} on; more or less belong there")
        found.append(held.between(max(start - first, 0), wanted))
    return found


async def tile_edge(connection: Connection, size: int) -> TileEdge:
    """The tree's right edge at `size`: the open bundle's leaves, and above it the roots of the full tiles below."""
    tails = [[leaf_hash(entry) for entry in await entries(connection, size - size % WIDTH, size)]]
    for level in levels_of(size)[1:]:
        end = size >> (HEIGHT * level)
        tails.append(await tile_roots(connection, level - 1, end - end % WIDTH, end))
    return TileEdge(size, tails)


async def tile_roots(connection: Connection, level: int, start: int, end: int) -> list[bytes]:
    """The roots of the full tiles [start, end) of a level."""
    rows = await connection.fetch(
        "SELECT n, bytes FROM tile WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n", level, start, end
    )
    if [row["n"] for row in rows] != list(range(start, end)):
        raise LedgerDamaged(f"a full tile of level {level} between {start} and {end - 1} is not there")
    return [hash_range(row["bytes"], 0, WIDTH) for row in rows]


async def highest_id(connection: Connection) -> str:
    """The largest id of all entries, as text; empty without entries."""
    found = await connection.fetchval("SELECT id FROM seen ORDER BY id DESC LIMIT 1")
    return "" if found is None else str(found)


_HEAD = "SELECT size, root, note, cosignature, cosigned_at FROM head"


async def newest_head(connection: Connection) -> Head | None:
    """The head of the largest size, None before leaf 0 was signed."""
    row = await connection.fetchrow(f"{_HEAD} ORDER BY size DESC LIMIT 1")
    return Head(**dict(row)) if row else None


async def head_at(connection: Connection, size: int) -> Head | None:
    """The head of exactly this size."""
    row = await connection.fetchrow(f"{_HEAD} WHERE size = $1", size)
    return Head(**dict(row)) if row else None


async def heads_after(connection: Connection, size: int, limit: int) -> list[Head]:
    """The next heads, by size."""
    rows = await connection.fetch(f"{_HEAD} WHERE size > $1 ORDER BY size LIMIT $2", size, limit)
    return [Head(**dict(row)) for row in rows]


async def size_before(connection: Connection, head: Head | None) -> int:
    """The size of the head before this one, 0 for the first."""
    found = await connection.fetchval("SELECT max(size) FROM head WHERE size < $1", head.size if head else 0)
    return int(found or 0)


async def generation(connection: Connection) -> int:
    """The newest generation of Kafka, from 1."""
    return int(await connection.fetchval("SELECT max(generation) FROM generation"))


async def consumed(connection: Connection, generation: int, size: int | None = None) -> dict[str, Consumed]:
    """Topic → the last message taken in a generation, or when the ledger had at most `size` entries."""
    rows = await connection.fetch(
        'SELECT DISTINCT ON (topic) topic, kafka_offset, sha256 FROM "offset" '
        "WHERE generation = $1 AND ($2::bigint IS NULL OR size <= $2) ORDER BY topic, kafka_offset DESC",
        generation, size,
    )  # fmt: skip
    return {row["topic"]: Consumed(row["kafka_offset"], row["sha256"]) for row in rows}
