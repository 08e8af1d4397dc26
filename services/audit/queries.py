"""What the API reads, all of it bounded by a head: rows beyond are not there. No rules.

The log only grows: what one head implied, every later one does. So the largest size that was read is remembered, and a
full tile or bundle below it is one row by its key, served as it is stored.
"""

from collections.abc import Iterable, Sequence

from services.audit import store
from services.audit.pool import Pool
from services.audit.store import Connection, Head
from shared.merkle import HASH_BYTES, Node, leaf_hash, resolve
from shared.tiles import HEIGHT, WIDTH, Tile, frame, hash_range, home, width_at

MAX_ROOTS = 100_000
"""Hashes that are kept of each kind: some 20 MB."""
_SIZE = "SELECT coalesce(max(size), 0) FROM head"
_TILE = "SELECT bytes FROM tile WHERE level = $1 AND n = $2"
_FULL_BUNDLE = (
    "SELECT (SELECT coalesce(max(size), 0) FROM head) AS size, (SELECT bytes FROM bundle WHERE n = $1) AS bytes"
)
_TILES = (
    "SELECT level, n, bytes FROM tile JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (l, i) ON level = l AND n = i"
)
_PLACE = (
    "SELECT size, root, note, cosignature, cosigned_at, (SELECT min(idx) FROM seen WHERE id = $1) AS idx FROM head "
    "WHERE $2::bigint IS NULL OR size = $2 ORDER BY size DESC LIMIT 1"
)
Place = tuple[int, int]
"""Level and number of a tile of hashes."""


class Log:
    """The published log in one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._size = 0
        self._roots: dict[Place, bytes] = {}
        """Of full tiles, which never change."""
        self._nodes: dict[Node, bytes] = {}
        """Of nodes from full bundles upwards, which never change either: most of a proof is made of them."""
        self._edge: tuple[bytes, list[bytes]] = (b"", [])
        """The root of a head, and the leaf hashes of the bundle that is not full under it."""

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

    async def proof_of(self, event_id: str, size: int | None) -> tuple[Head, int] | None:
        """The newest head, or the one of exactly this size, and the event's index below it; None if there is neither.

        Of several leaves under one id the lowest has effect.
        """
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(_PLACE, event_id, size)
        if row is None or row["idx"] is None or row["idx"] >= row["size"]:
            return None
        said = dict(row)
        return Head(**{name: value for name, value in said.items() if name != "idx"}), said["idx"]

    async def proof(self, parts: Sequence[tuple[Node, ...]], head: Head | None = None) -> list[bytes]:
        """The hashes of a proof, from the tiles that its nodes are cut from; `head` is the one it is for, if any."""
        wanted = {node for nodes in parts for node in nodes if node not in self._nodes}
        homes = {node: home(node) for node in wanted}
        widths: dict[Place, int] = {}
        for tile, _, end in homes.values():
            at = (tile.level or 0, tile.index)
            widths[at] = max(widths.get(at, 0), end)
        if widths:
            async with self._pool.connection() as connection:
                rows = await self._rows(connection, widths, head)
        read = {node: self._nodes[node] for nodes in parts for node in nodes if node not in wanted}
        for node, (tile, start, end) in homes.items():
            read[node] = hash_range(rows[tile.level or 0, tile.index], start, end)
            self._remember(node, read[node])
        return resolve(parts, read.__getitem__)

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

    def _remember(self, node: Node, value: bytes) -> None:
        if node.level >= HEIGHT:
            if len(self._nodes) >= MAX_ROOTS:
                self._nodes.clear()
            self._nodes[node] = value

    async def _newest(self, connection: Connection) -> int:
        size = int(await connection.fetchval(_SIZE))
        self._size = max(self._size, size)
        return size

    async def _implied(self, connection: Connection, tile: Tile) -> bool:
        """Whether a head implies the tile; asked of the database only if none is known that does."""
        if width_at(tile, self._size) >= tile.width:
            return True
        return width_at(tile, await self._newest(connection)) >= tile.width

    async def _rows(self, connection: Connection, widths: dict[Place, int], head: Head | None) -> dict[Place, bytes]:
        """The first hashes of each tile: of the full ones in one statement, of the others from what lies below."""
        found = await connection.fetch(_TILES, [level for level, _ in widths], [n for _, n in widths])
        rows = {(row["level"], row["n"]): bytes(row["bytes"]) for row in found}
        for (level, n), width in widths.items():
            if (level, n) not in rows:
                if level == 0 and head is not None and head.size // WIDTH == n:
                    rows[level, n] = b"".join(await self._last(connection, head))
                else:
                    rows[level, n] = b"".join(await self._below(connection, level, n, width))
        return rows

    async def _below(self, connection: Connection, level: int, index: int, width: int) -> list[bytes]:
        """The first hashes of a tile that is not full, from the entries or the full tiles below."""
        first = index * WIDTH
        if level:
            return await self._tile_roots(connection, level - 1, first, first + width)
        return [leaf_hash(entry) for entry in await store.entries(connection, first, first + width)]

    async def _last(self, connection: Connection, head: Head) -> list[bytes]:
        """The leaf hashes of the bundle that is not full under a head; under its root they cannot change."""
        if self._edge[0] != head.root:
            entries = await store.entries(connection, head.size - head.size % WIDTH, head.size)
            self._edge = (head.root, [leaf_hash(entry) for entry in entries])
        return self._edge[1]

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
