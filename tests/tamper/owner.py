"""What the owner of audit's database can do without the log's key: anything to any row."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

import orjson

from shared.canonical import canonical
from shared.merkle import HASH_BYTES, leaf_hash
from shared.tiles import WIDTH, frame, hash_range, unframe


def forged(raw: bytes) -> bytes:
    """A sound event in an entry's place: another folio, another story."""
    made = orjson.loads(raw)
    return canonical(made | {"data": made["data"] | {"folio": "CI-0/1999"}})


class Owner:
    """A login that may do everything, and holds no key."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, statement: str, *arguments: Any) -> None:
        """A statement that must touch a row, if it is one that can say so."""
        said = await self._connection.execute(statement, *arguments)
        assert said.split()[-1] != "0", f"nothing was changed: {statement}"

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        return [tuple(row) for row in await self._connection.fetch(query, *arguments)]

    async def entry(self, index: int) -> bytes:
        """The bytes that are served as this entry."""
        _, key, held = await self._holder(index)
        return held[index - key]

    async def replace(self, index: int, raw: bytes | None = None) -> bytes:
        """Other bytes in the place of an entry, in its bundle or, while that is open, in its fragment."""
        new = raw or forged(await self.entry(index))
        await self._alter(index, lambda held, at: [*held[:at], new, *held[at + 1 :]])
        return new

    async def remove(self, index: int) -> None:
        await self._alter(index, lambda held, at: [*held[:at], *held[at + 1 :]])

    async def insert(self, index: int) -> None:
        new = forged(await self.entry(index))
        await self._alter(index, lambda held, at: [*held[:at], new, *held[at:]])

    async def swap(self, one: int, other: int) -> None:
        first, second = await self.entry(one), await self.entry(other)
        await self.replace(one, second)
        await self.replace(other, first)

    async def put_hash(self, index: int, digest: bytes) -> None:
        """Another leaf hash in the tile of level 0."""
        place = index % WIDTH * HASH_BYTES
        await self.execute(
            "UPDATE tile SET bytes = overlay(bytes PLACING $2::bytea FROM $3::int) WHERE level = 0 AND n = $1",
            index // WIDTH, digest, place + 1,
        )  # fmt: skip

    async def everywhere(self, index: int, raw: bytes | None = None) -> None:
        """An entry changed together with all that is derived from it and stored: fragment, bundle, tile, seen."""
        old = await self.entry(index)
        new = await self.replace(index, raw)
        for first, raw in await self.fetch("SELECT first, bytes FROM fragment WHERE first <= $1", index):
            held = unframe(raw)
            if old in held:
                framed = frame([new if entry == old else entry for entry in held])
                await self.execute("UPDATE fragment SET bytes = $2 WHERE first = $1", first, framed)
        await self.execute("UPDATE seen SET sha256 = sha256($2) WHERE idx = $1", index, new)
        if await self.fetch("SELECT FROM bundle WHERE n = $1", index // WIDTH):
            await self.put_hash(index, leaf_hash(new))

    async def root_of_bundle(self, n: int) -> bytes:
        """What the tile of level 1 says of a full tile of level 0."""
        [(raw,)] = await self.fetch("SELECT bytes FROM tile WHERE level = 0 AND n = $1", n)
        return hash_range(raw, 0, WIDTH)

    async def leaves(self, size: int) -> list[bytes]:
        """The leaf hashes of the entries as they are stored now."""
        rows = await self.fetch(
            "SELECT n * 256 AS first, bytes FROM bundle UNION ALL SELECT first, bytes FROM fragment"
            " WHERE NOT EXISTS (SELECT FROM bundle WHERE n = first / 256) ORDER BY first"
        )
        return [leaf_hash(entry) for _, raw in rows for entry in unframe(raw)][:size]

    async def put_root(self, size: int, root: bytes) -> None:
        """Another root in a head's row and in the text of its note, which its signature then does not fit."""
        await self.execute(
            "UPDATE head SET root = $2, note = replace(note, encode(root, 'base64'), encode($2, 'base64'))"
            " WHERE size = $1", size, root,
        )  # fmt: skip

    async def exchange(self, table: str, key: str, columns: Sequence[str], one: int, other: int) -> None:
        """Swap what two rows hold in these columns."""
        names = ", ".join(columns)
        query = f"SELECT {names} FROM {table} WHERE {key} = $1"
        [first], [second] = await self.fetch(query, one), await self.fetch(query, other)
        values = ", ".join(f"{column} = ${at}" for at, column in enumerate(columns, 2))
        for where, what in ((one, second), (other, first)):
            await self.execute(f"UPDATE {table} SET {values} WHERE {key} = $1", where, *what)

    async def drop_check(self, table: str, name: str) -> None:
        """A rule of the schema taken away."""
        query = "SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c' AND conname ~ $2"
        [(rule,)] = await self.fetch(query, table, name)
        await self._connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {rule}")

    def uuid(self, chance: Random) -> UUID:
        """An id that nobody has."""
        return UUID(bytes=chance.randbytes(16), version=4)

    async def cut(self, size: int) -> None:
        """The ledger as it was at a head's size, every later row gone."""
        [(last, held)] = await self.fetch(
            "SELECT first, bytes FROM fragment WHERE first < $1 ORDER BY 1 DESC LIMIT 1", size
        )
        kept = frame(unframe(held)[: size - last])
        await self.execute("UPDATE fragment SET bytes = $2 WHERE first = $1", last, kept)
        for table, column, end in (
            ("fragment", "first", size), ("seen", "idx", size), ("head", "size", size + 1), ('"offset"', "size", size + 1),
        ):  # fmt: skip
            await self.execute(f"DELETE FROM {table} WHERE {column} >= $1", end)
        for row in ("bundle WHERE n >= $1 / 256", "tile WHERE n >= $1 / 256", '"foreign" WHERE idx >= $1'):
            await self._connection.execute(f"DELETE FROM {row}", size)

    async def append(self, *entries: bytes, raising: bool) -> None:
        """Entries of the owner's own behind the newest head, with all that is kept of them; the newest place is said to
        have come after them, or a place is made up for them.
        """
        [(size,)] = await self.fetch("SELECT max(size) FROM head")
        end = size + len(entries)
        await self.execute("INSERT INTO fragment VALUES ($1, $2)", size, frame(entries))
        for index, entry in enumerate(entries, size):
            said = orjson.loads(entry)
            await self.execute(
                "INSERT INTO seen VALUES ($1, $2, sha256($3), $4)",
                said["id"], said["source"].rpartition(":")[2], entry, index,
            )  # fmt: skip
        if raising:
            await self.execute('UPDATE "offset" SET size = $1 WHERE size = $2', end, size)
        else:
            await self.execute(
                'INSERT INTO "offset" SELECT generation, topic, kafka_offset + $1, sha256($2), $3 FROM "offset"'
                " WHERE size = $4", len(entries), entries[-1], end, size,
            )  # fmt: skip

    async def put_head(self, size: int, root: bytes, note: str, cosignature: str) -> None:
        """A head of the owner's own."""
        await self.execute(
            "INSERT INTO head (size, epoch, root, note, cosignature, cosigned_at) VALUES ($1, 1, $2, $3, $4, now())",
            size, root, note, cosignature,
        )  # fmt: skip

    async def _holder(self, index: int) -> tuple[str, int, list[bytes]]:
        """The row that an entry is served from: table, index of its first entry, entries."""
        rows = await self.fetch("SELECT n * 256, bytes FROM bundle WHERE n = $1", index // WIDTH)
        table = "bundle" if rows else "fragment"
        if not rows:
            query = "SELECT first, bytes FROM fragment WHERE first <= $1 ORDER BY first DESC LIMIT 1"
            rows = await self.fetch(query, index)
        [(first, raw)] = rows
        return table, first, unframe(raw)

    async def _alter(self, index: int, change: Callable[[list[bytes], int], Sequence[bytes]]) -> None:
        table, first, held = await self._holder(index)
        key, value = ("n", first // WIDTH) if table == "bundle" else ("first", first)
        framed = frame(change(held, index - first))
        await self.execute(f"UPDATE {table} SET bytes = $2 WHERE {key} = $1", value, framed)
