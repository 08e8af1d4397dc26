"""What the ledger holds of custody's facts: marked only where the bytes are custody's own (G1)."""

from collections.abc import AsyncIterator, Callable

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.intake import Intake
from services.custody.tables import POSITION
from shared.database import engine
from shared.reader_position import PositionMoved, load_position
from shared.sealed_batch import Head, Position, SealedBatch
from tests.services.custody.scene import SOURCE, Scene


class Ledger:
    """Batches as the checked reader hands them on, one after the other."""

    def __init__(self, pool: AsyncEngine) -> None:
        self.pool = pool
        self.intake = Intake(pool, SOURCE)

    async def position(self) -> Position:
        async with self.pool.connect() as connection:
            return await load_position(connection, POSITION)

    async def batch(self, *entries: bytes) -> SealedBatch:
        before = await self.position()
        return SealedBatch(
            before=before, entries=list(entries), head=Head(before.size + len(entries), b"", "note"), generation=0,
            next_offsets={}, kafka_offset=before.kafka_offset + 1,
        )  # fmt: skip

    async def take(self, *entries: bytes) -> SealedBatch:
        batch = await self.batch(*entries)
        await self.intake.take(batch)
        return batch

    async def sealed(self, event: str) -> tuple[int, int] | None:
        async with self.pool.connect() as connection:
            row = (
                await connection.execute(
                    text("SELECT idx, size FROM sealed WHERE event_id = CAST(:id AS uuid)"), {"id": event}
                )
            ).first()
        return None if row is None else (row.idx, row.size)


@pytest.fixture
async def ledger(founded: Scene, custody_database: dict[str, str]) -> AsyncIterator[Ledger]:
    pool = engine(custody_database["worker"])
    yield Ledger(pool)
    await pool.dispose()


@pytest.fixture
def alarms() -> Callable[[], float]:
    def read() -> float:
        return REGISTRY.get_sample_value("cadena_custody_foreign_seals_total") or 0.0

    return read


async def test_g1_own_events_are_marked_at_their_index_under_the_head_that_sealed_them(
    scene: Scene, ledger: Ledger, alarms: Callable[[], float]
) -> None:
    alarmed = alarms()
    events = (await scene.events())[:5]
    first = await ledger.take(*(event.to_bytes() for event in events[:3]))
    second = await ledger.take(*(event.to_bytes() for event in events[3:]))
    assert [await ledger.sealed(event.id) for event in events[:3]] == [
        (first.first + n, first.head.size) for n in range(3)
    ]
    assert await ledger.sealed(events[4].id) == (second.first + 1, second.head.size)
    assert (await ledger.position()).size == second.head.size
    assert alarms() == alarmed


async def test_the_lowest_index_of_an_event_counts(scene: Scene, ledger: Ledger) -> None:
    await scene.registered()
    event = (await scene.events())[-1]
    first = await ledger.take(event.to_bytes(), event.to_bytes())
    await ledger.take(event.to_bytes())
    assert await ledger.sealed(event.id) == (first.first, first.head.size)


async def test_g1_other_bytes_under_our_name_mark_nothing_and_alarm(
    scene: Scene, ledger: Ledger, alarms: Callable[[], float]
) -> None:
    await scene.registered()
    event = (await scene.events())[-1]
    forged = event.model_copy(update={"data": event.data | {"seal": "S-FORGED"}})
    unknown = event.model_copy(update={"id": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"})
    before = alarms()
    await ledger.take(forged.to_bytes(), unknown.to_bytes())
    assert (await ledger.sealed(event.id), await ledger.sealed(unknown.id)) == (None, None)
    assert alarms() == before + 2
    await ledger.take(event.to_bytes())
    assert await ledger.sealed(event.id) is not None


@pytest.mark.parametrize(
    "entry",
    [b"", b"no json", b"[]", b"null", b"{}", b'{"source": 1}', b'{"source":"urn:cadena:demo:custody"}',
     b'{"source":"urn:cadena:demo:custody","id":"x"}', b'{"source":"urn:cadena:demo:notify","id":"x"}', b"\xff" * 99],
)  # fmt: skip
async def test_no_entry_stops_the_reading(ledger: Ledger, entry: bytes) -> None:
    before = await ledger.position()
    await ledger.take(entry)
    assert (await ledger.position()).size == before.size + 1


async def test_a_batch_without_entries_moves_the_position(ledger: Ledger) -> None:
    before = await ledger.position()
    await ledger.take()
    assert (await ledger.position()).kafka_offset == before.kafka_offset + 1


async def test_of_two_workers_with_one_batch_only_one_has_an_effect(scene: Scene, ledger: Ledger) -> None:
    await scene.registered()
    event = (await scene.events())[-1]
    batch = await ledger.batch(event.to_bytes())
    await ledger.intake.take(batch)
    after = await ledger.position()
    with pytest.raises(PositionMoved):
        await ledger.intake.take(batch)
    assert await ledger.position() == after
    assert await ledger.sealed(event.id) == (batch.first, batch.head.size)
