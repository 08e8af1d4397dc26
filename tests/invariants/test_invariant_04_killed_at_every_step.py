"""4: the writer dies at every step, and PostgreSQL beneath it: what 1 to 3 say holds after each."""

import asyncio
from pathlib import Path

import pytest

from shared.kafka import KafkaConfig
from tests.invariants.faults import POINTS, dies
from tests.invariants.smalldisk import SmallDisk
from tests.services.audit.rig import Rig, event, first, until
from tests.services.audit.test_writer import follow
from tests.tamper.ledger import Ledger, opened, places

BATCH = 30
"""Facts before each death, so that bundles are completed on the way."""


async def test_invariant_04_a_writer_that_died_at_each_step_leaves_one_sound_log(ledger: Ledger) -> None:
    rig = ledger.rig
    await ledger.found()
    values, kept = [rig.founding], 1
    await rig.seal(size=1)
    for point in (*POINTS, *reversed(POINTS)):
        new = [opened(len(values) + number).to_bytes() for number in range(BATCH)]
        values += new
        await rig.send(*new)
        await dies(rig, point)
        entries = await rig.entries()
        assert kept <= len(entries), point
        assert entries == values[: len(entries)], point
        kept = len(entries)
    async with rig.writing() as task:
        await first(rig.until_signed(len(values)), task)
        await first(rig.sealed_messages(lambda found: follow(rig, found) == len(values)), task)
    assert await rig.demand_whole() == values
    report = await ledger.verified(cosigner=True)
    assert (places(report), report.facts["rebuilt"]) == (set(), len(values))


@pytest.fixture
def disk(tmp_path: Path) -> SmallDisk:
    return SmallDisk(tmp_path / "postgres")


def test_invariant_04_postgresql_killed_beneath_the_writer_keeps_what_was_signed(
    disk: SmallDisk, kafka_broker: KafkaConfig, topic_prefix: str, tmp_path: Path
) -> None:
    try:
        rig = Rig(disk.open("audit"), kafka_broker, topic_prefix, tmp_path)
        kept = [rig.founding, *(event() for _ in range(300))]
        asyncio.run(rig.seal(*kept, size=len(kept)))
        more = [event() for _ in range(2000)]
        asyncio.run(killed_meanwhile(rig, disk, more))
        disk.recover()
        assert asyncio.run(rig.entries())[: len(kept)] == kept
        last = event()
        asyncio.run(rig.seal(last, size=len(kept) + len(more) + 1))
        assert asyncio.run(rig.demand_whole()) == [*kept, *more, last]
    finally:
        disk.close()


async def killed_meanwhile(rig: Rig, disk: SmallDisk, values: list[bytes]) -> None:
    """The server dies while the writer appends these."""
    rig.options = {"batch_events": 50}
    await rig.send(*values)
    signed = await rig.signed()

    async def kill() -> None:
        await until(rig.signed, lambda found: found > signed)
        disk.kill()

    writer = asyncio.create_task(rig.writer().run(asyncio.Event()))
    await first(kill(), writer)
    await asyncio.wait({writer}, timeout=30)
    assert writer.done()
    assert writer.exception() is not None
