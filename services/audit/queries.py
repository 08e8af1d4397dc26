"""What the API reads, all of it bounded by one head: rows beyond are not there. No rules."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from services.audit import store
from services.audit.store import Connection, Head
from shared.merkle import HASH_BYTES, Node, leaf_hash, resolve
from shared.tiles import WIDTH, Tile, frame, hash_range, home, width_at

MAX_ROOTS = 100_000


class Log:
    """The published log in one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._roots: dict[tuple[int, int], bytes] = {}

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the driver's own kind from the pool; one that the server has closed is replaced."""
        async with self._engine.connect() as pooled:
            raw = (await pooled.get_raw_connection()).driver_connection
            if raw is None or raw.is_closed():
                await pooled.invalidate()
                raw = (await pooled.get_raw_connection()).driver_connection
            yield raw

    async def size(self) -> int:
        """The size of the newest head, 0 before leaf 0."""
        async with self.connection() as connection:
            return int(await connection.fetchval("SELECT coalesce(max(size), 0) FROM head"))

    async def head(self, size: int | None = None) -> Head | None:
        """The newest head, or the one of exactly this size."""
        async with self.connection() as connection:
            if size is None:
                return await store.newest_head(connection)
            return await store.head_at(connection, size)

    async def heads_after(self, size: int, limit: int) -> list[Head]:
        """The next heads, by size."""
        async with self.connection() as connection:
            return await store.heads_after(connection, size, limit)

    async def tile(self, tile: Tile) -> bytes | None:
        """The bytes of a tile or bundle, None if the newest head does not imply it at that width."""
        if width_at(tile, await self.size()) < tile.width:
            return None
        async with self.connection() as connection:
            if tile.level is None:
                return await self._bundle(connection, tile)
            return b"".join(await self._hashes(connection, tile.level, tile.index, tile.width))

    async def index_of(self, event_id: str) -> int | None:
        """The lowest index of an event, sealed or not: of several leaves under one id that one has effect."""
        async with self.connection() as connection:
            index = await connection.fetchval("SELECT min(idx) FROM seen WHERE id = $1", event_id)
            return None if index is None else int(index)

    async def proof(self, parts: Sequence[tuple[Node, ...]]) -> list[bytes]:
        """The hashes of a proof, from the tiles that its nodes are cut from."""
        widths: dict[tuple[int, int], int] = {}
        homes = {node: home(node) for nodes in parts for node in nodes}
        for tile, _, end in homes.values():
            at = (tile.level or 0, tile.index)
            widths[at] = max(widths.get(at, 0), end)
        async with self.connection() as connection:
            rows = {at: await self._hashes(connection, *at, width) for at, width in widths.items()}

        def read(node: Node) -> bytes:
            tile, start, end = homes[node]
            return hash_range(b"".join(rows[tile.level or 0, tile.index]), start, end)

        return resolve(parts, read)

    async def entries_with(self, start: int, end: int, words: Iterable[str]) -> list[bytes]:
        """Those of the entries [start, end) that hold one of the words, in order; the server skips whole bundles."""
        wanted = [word.encode() for word in words]
        found: list[tuple[int, bytes]] = []
        async with self.connection() as connection:
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

    async def _bundle(self, connection: Connection, tile: Tile) -> bytes:
        if tile.width == WIDTH:
            raw = await connection.fetchval("SELECT bytes FROM bundle WHERE n = $1", tile.index)
            if raw is not None:
                return bytes(raw)
        return frame(await store.entries(connection, tile.first, tile.first + tile.width))

    async def _hashes(self, connection: Connection, level: int, index: int, width: int) -> list[bytes]:
        """The first hashes of a tile: from the full one, else from the entries or the full tiles below."""
        raw = await connection.fetchval("SELECT bytes FROM tile WHERE level = $1 AND n = $2", level, index)
        if raw is not None:
            return [raw[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(width)]
        first = index * WIDTH
        if level == 0:
            return [leaf_hash(entry) for entry in await store.entries(connection, first, first + width)]
        return await self._tile_roots(connection, level - 1, first, first + width)

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
