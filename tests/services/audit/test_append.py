"""The append transaction against PostgreSQL: what goes in by COPY, and what is asked for before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from uuid import UUID

from services.audit import store
from services.audit.append import Appender, Ledger
from services.audit.fence import Fence
from services.audit.intake import Fresh, Taken, sort
from shared.events import new_id
from tests.services.audit.rig import AUDIT, CUSTODY, NOTIFY, Rig, event

SOURCES = {"custody": CUSTODY, "notify": NOTIFY}
OFFSETS = count()
LOW, HIGH = "00000000-0000-7000-8000-000000000001", "ffffffff-ffff-7fff-bfff-ffffffffffff"


@asynccontextmanager
async def appending(rig: Rig) -> AsyncIterator[Appender]:
    """An appender that goes on from what is stored."""
    async with rig.database("writer") as connection:
        await connection.execute("INSERT INTO epoch (epoch) SELECT coalesce(max(epoch), 0) + 1 FROM epoch")
        epoch = await connection.fetchval("SELECT max(epoch) FROM epoch")
        size = await store.size(connection)
        tail = await store.open_framed(connection, size // 256)
        ledger = Ledger(size, tail, await store.highest_id(connection))
        yield Appender(Fence(connection, epoch), ledger, SOURCES, AUDIT)


async def put(appender: Appender, *values: bytes, topic: str = "custody") -> Fresh:
    taken = Taken(topic, [next(OFFSETS) for _ in values], list(values))
    return await appender.append([sort(taken, SOURCES[topic])], 1)


async def test_rows_of_seen_say_what_was_appended(rig: Rig) -> None:
    ours, theirs = [event() for _ in range(300)], [event(NOTIFY) for _ in range(3)]
    async with appending(rig) as appender:
        await put(appender, *ours)
        await put(appender, *theirs, topic="notify")
        await put(appender, b"noise")
    async with rig.database() as connection:
        rows = await connection.fetch("SELECT id, source, sha256, idx FROM seen ORDER BY idx")
    entries = await rig.entries()
    assert entries[:303] == [*ours, *theirs]
    assert [row["idx"] for row in rows] == list(range(304))
    assert [row["sha256"] for row in rows] == [sha256(entry).digest() for entry in entries]
    assert [row["source"] for row in rows] == ["custody"] * 300 + ["notify"] * 3 + ["audit"]
    for row, entry in zip(rows, entries, strict=True):
        assert f'"id":"{row["id"]}"'.encode() in entry


async def test_g1_ids_below_and_at_the_largest_one_are_asked_for(rig: Rig) -> None:
    lowest, middle, highest = event(event_id=LOW), event(), event(event_id=HIGH)
    async with appending(rig) as appender:
        assert (await put(appender, middle, highest)).entries == [middle, highest]
        assert (await put(appender, highest)).duplicates == 1
        assert (await put(appender, middle, lowest)).entries == [lowest]
        assert (await put(appender, event(event_id=HIGH, pad=1))).conflicts
        assert appender.ledger.highest == HIGH
    async with appending(rig) as next_one:
        assert next_one.ledger.highest == HIGH
        assert (await put(next_one, lowest, middle, highest)).duplicates == 3
        assert (await put(next_one, late := event())).entries == [late]
    assert await rig.entries() == [middle, highest, lowest, event(event_id=HIGH, pad=1), late]


async def test_what_is_beyond_the_largest_id_is_not_asked_for(rig: Rig) -> None:
    async with appending(rig) as appender:
        await put(appender, event())
        asked: list[str] = []
        with appender._fence.connection.query_logger(lambda query: asked.append(query.query)):
            await put(appender, event(), event())
        assert not [query for query in asked if "FROM seen" in query]


async def test_the_largest_id_is_that_of_the_database_s_own_order(rig: Rig) -> None:
    ids = [new_id() for _ in range(20)] + [LOW, HIGH.replace("f", "e")]
    async with appending(rig) as appender:
        await put(appender, *(event(event_id=one) for one in ids))
        highest = appender.ledger.highest
    assert highest == max(ids)
    assert await rig.fetchval("SELECT id FROM seen ORDER BY id DESC LIMIT 1") == UUID(highest)
