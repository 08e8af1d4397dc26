"""What the API reads, all of it bounded by a head: rows beyond are not there. No rules.

The log only grows: what one head implied, every later one does. So the largest size that was read is remembered, and a
full tile or bundle below it is one row by its key, served as it is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.audit import store
from services.audit.pool import Pool
from services.audit.store import Connection, Head
from shared.merkle import HASH_BYTES, Node, consistency_nodes, inclusion_nodes, leaf_hash, resolve
from shared.tiles import HEIGHT, WIDTH, Tile, cut_out, folded, frame, width_at

MAX_ROOTS = 100_000
"""Roots of full tiles that are kept: some 15 MB."""
MAX_FOLDED = 1_000
"""Tiles that are kept folded, of 16 kB each: all that proofs need, above the leaves, of a log of 65 M entries."""
_SIZE = "SELECT coalesce(max(size), 0) FROM head"
_TILE = "SELECT bytes FROM tile WHERE level = $1 AND n = $2"
_FULL_BUNDLE = (
    "SELECT (SELECT coalesce(max(size), 0) FROM head) AS size, (SELECT bytes FROM bundle WHERE n = $1) AS bytes"
)
_TILES = (
    "SELECT level, n, bytes FROM tile JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (l, i) ON level = l AND n = i"
)
_NEWEST = "(SELECT size, note, cosignature FROM head ORDER BY size DESC LIMIT 1)"
_OF_SIZE = "(SELECT size, note, cosignature FROM head WHERE size = $2)"
_INCLUDED = (
    "SELECT idx, size, note || cosignature AS signed,"
    " (SELECT bytes FROM tile WHERE level = 0 AND n = idx / 256) AS tile"
    " FROM (SELECT min(idx) AS idx FROM seen WHERE id = $1) AS place, {} AS head"
)
Place = tuple[int, int]
"""Level and number of a tile of hashes."""
Rows = list[bytes]
"""What a tile's hashes fold to: see shared.tiles.folded."""
Parts = Sequence[tuple[Node, ...]]
"""What a proof is made of: see shared.merkle.inclusion_nodes."""


@dataclass(frozen=True, slots=True)
class Included:
    """An event's index, the hashes from its leaf to the root, and the signed head that they lead to."""

    index: int
    hashes: list[bytes]
    signed: str


class Log:
    """The published log in one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._size = 0
        self._roots: dict[Place, bytes] = {}
        """Of full tiles, which never change."""
        self._folded: dict[Place, Rows] = {}
        """Tiles above the leaves, as far as they are full: hashes only come to them. Most of a proof is from there."""
        self._edge: dict[Place, Rows] = {}
        """The one tile of leaves that is not full, as far as a head covered it."""

    async def size(self) -> int:
        """The size of the newest head, 0 before leaf 0."""
        async with self._pool.connection() as connection:
            return await self._newest(connection)

    async def head(self, size: int | None = None) -> Head | None:
        """The newest head, or the one of exactly this size."""
        async with self._pool.connection() as connection:
            if size is None:
                return await store.newest_head(connection)
            return await store.head_at(connection, size)

    async def heads_after(self, size: int, limit: int) -> list[Head]:
        """The next heads, by size."""
        async with self._pool.connection() as connection:
            return await store.heads_after(connection, size, limit)

    async def tile(self, tile: Tile) -> bytes | None:
        """The bytes of a tile of hashes, None if no head implies it at that width."""
        async with self._pool.connection() as connection:
            level = tile.level or 0
            if not await self._implied(connection, tile):
                return None
            raw = await connection.fetchval(_TILE, level, tile.index)
            if raw is not None:
                return bytes(raw[: tile.width * HASH_BYTES])
            return b"".join(await self._below(connection, level, tile.index, tile.width))

    async def full_bundle(self, number: int) -> tuple[int, bytes | None]:
        """The size of the newest head, and the bytes of a bundle that it covers whole, if they are stored as one."""
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(_FULL_BUNDLE, number)
        self._size = max(self._size, row["size"])
        return row["size"], row["bytes"] if (number + 1) * WIDTH <= row["size"] else None

    async def bundle(self, tile: Tile) -> bytes | None:
        """The bytes of a bundle, None if no head implies it at that width."""
        async with self._pool.connection() as connection:
            if width_at(tile, await self._newest(connection)) < tile.width:
                return None
            return frame(await store.entries(connection, tile.first, tile.first + tile.width))

    async def included(self, event_id: str, size: int | None) -> Included | None:
        """An event under the newest head, or under the one of exactly this size; None if there is no such place.

        Of several leaves under one id the lowest has effect.
        """
        async with self._pool.connection() as connection:
            if size is None:
                row = await connection.fetchrow(_INCLUDED.format(_NEWEST), event_id)
            else:
                row = await connection.fetchrow(_INCLUDED.format(_OF_SIZE), event_id, size)
            if row is None or row["idx"] is None or row["idx"] >= row["size"]:
                return None
            index = row["idx"]
            own = {(0, index // WIDTH): folded(row["tile"])} if _whole(row["tile"]) else {}
            hashes = await self._proof(connection, inclusion_nodes(index, row["size"]), own)
        return Included(index, hashes, row["signed"])

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The hashes that show that the log of `new` entries extends the one of `old`; a head implies both."""
        async with self._pool.connection() as connection:
            return await self._proof(connection, consistency_nodes(old, new), {})

    async def entries_with(self, start: int, end: int, words: Iterable[str]) -> list[bytes]:
        """Those of the entries [start, end) that hold one of the words, in order; the server skips whole bundles."""
        wanted = [word.encode() for word in words]
        found: list[tuple[int, bytes]] = []
        async with self._pool.connection() as connection:
            for query in (
                "SELECT n * 256 AS first, bytes FROM bundle WHERE n BETWEEN $1 / 256 AND ($2 - 1) / 256",
                "SELECT first, bytes FROM fragment WHERE first >= $1 / 256 * 256 AND first < $2"
                " AND NOT EXISTS (SELECT FROM bundle WHERE n = first / 256)",
            ):
                holding = " AND EXISTS (SELECT FROM unnest($3::bytea[]) AS word WHERE position(word IN bytes) > 0)"
                for row in await connection.fetch(query + holding, start, end, wanted):
                    found += enumerate(store.entries_of(row["bytes"], row["first"]), row["first"])
        return [
            entry for index, entry in sorted(found) if start <= index < end and any(word in entry for word in wanted)
        ]

    async def _newest(self, connection: Connection) -> int:
        size = int(await connection.fetchval(_SIZE))
        self._size = max(self._size, size)
        return size

    async def _implied(self, connection: Connection, tile: Tile) -> bool:
        """Whether a head implies the tile; asked of the database only if none is known that does."""
        if width_at(tile, self._size) >= tile.width:
            return True
        return width_at(tile, await self._newest(connection)) >= tile.width

    async def _proof(self, connection: Connection, parts: Parts, own: Mapping[Place, Rows]) -> list[bytes]:
        """The hashes of a proof; `own` are tiles that were read for it."""
        used, short = dict(own), dict[Place, int]()
        for nodes in parts:
            for node in nodes:
                at, width = _home(node)
                rows = used.get(at) or self._folded.get(at) or self._edge.get(at)
                if rows is not None and len(rows[0]) >= width * HASH_BYTES:
                    used[at] = rows
                else:
                    short[at] = max(width, short.get(at, 0))
        if short:
            used |= await self._read(connection, short)
        return resolve(parts, lambda node: cut_out(used[_home(node)[0]], node))

    async def _read(self, connection: Connection, widths: Mapping[Place, int]) -> dict[Place, Rows]:
        """The first hashes of tiles: of full ones in one statement, of others from what lies below; kept if shared."""
        found = await connection.fetch(_TILES, [level for level, _ in widths], [n for _, n in widths])
        stored = {(row["level"], row["n"]): row["bytes"] for row in found}
        read: dict[Place, Rows] = {}
        for at, width in widths.items():
            level, n = at
            whole = stored.get(at) if _whole(stored.get(at)) else None
            read[at] = folded(whole or b"".join(await self._below(connection, level, n, width)))
            if level:
                if len(self._folded) >= MAX_FOLDED:
                    del self._folded[next(iter(self._folded))]
                self._folded[at] = read[at]
            elif whole is None:
                self._edge = {at: read[at]}
        return read

    async def _below(self, connection: Connection, level: int, index: int, width: int) -> list[bytes]:
        """The first hashes of a tile that is not full, from the entries or the full tiles below."""
        first = index * WIDTH
        if level:
            return await self._tile_roots(connection, level - 1, first, first + width)
        return [leaf_hash(entry) for entry in await store.entries(connection, first, first + width)]

    async def _tile_roots(self, connection: Connection, level: int, start: int, end: int) -> list[bytes]:
        """The roots of full tiles, which never change and so are kept."""
        missing = [n for n in range(start, end) if (level, n) not in self._roots]
        if missing:
            low, high = missing[0], missing[-1] + 1
            roots = await store.tile_roots(connection, level, low, high)
            self._roots.update({(level, n): root for n, root in zip(range(low, high), roots, strict=True)})
        found = [self._roots[level, n] for n in range(start, end)]
        if len(self._roots) > MAX_ROOTS:
            self._roots.clear()
        return found


def _home(node: Node) -> tuple[Place, int]:
    """The tile that a node is cut from, and how many of its first hashes are needed for that."""
    level, below = divmod(node.level, HEIGHT)
    n, start = divmod(node.index << below, WIDTH)
    return (level, n), start + (1 << below)


def _whole(tile: bytes | None) -> bool:
    return tile is not None and len(tile) == WIDTH * HASH_BYTES
