"""One writer at a time: who waits, who is ended, and what a writer that was passed over may still do (nothing)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.audit import fence
from services.audit.append import Appender, Ledger
from services.audit.errors import Fenced
from services.audit.fence import Fence, Heart
from services.audit.headfile import HeadFile
from services.audit.intake import Sorted, Taken, sort
from services.audit.sign import Sealer
from shared.advisory import holders
from shared.tiles import TileEdge
from tests.services.audit.rig import AUDIT, CUSTODY, Rig, event, first, until

OLD_SECONDS = 10.0
NO_STOP = asyncio.Event


@asynccontextmanager
async def claim(rig: Rig, old_seconds: float = OLD_SECONDS) -> AsyncIterator[Fence]:
    async with rig.database("writer") as connection:
        held = await fence.take(connection, old_seconds, asyncio.Event())
        assert held is not None
        yield held


def appender(held: Fence, size: int = 0) -> Appender:
    return Appender(held, Ledger(size, b"", ""), {"custody": CUSTODY}, AUDIT)


def batch(first: int, count: int = 1) -> list[Sorted]:
    """So many new events of custody, from this offset on."""
    taken = Taken("custody", list(range(first, first + count)), [event() for _ in range(count)])
    return [sort(taken, CUSTODY)]


def sealer(rig: Rig, held: Fence) -> Sealer:
    kept = HeadFile(rig.folder / "state", rig.keys.log.key)
    return Sealer(held, rig.keys, kept, TileEdge(), message_bytes=900_000)


async def test_a_newcomer_waits_while_the_holder_beats(rig: Rig) -> None:
    async with claim(rig) as held, rig.database("writer") as other, rig.database("writer") as pulse:
        stop = asyncio.Event()
        beating = asyncio.create_task(Heart(pulse, held, 0.1).run(stop))
        waiting = asyncio.create_task(fence.take(other, 0.5, stop))
        done, _ = await asyncio.wait({waiting, beating}, timeout=2.5)
        assert not done
        stop.set()
        await beating
        assert await waiting is None, "told to stop, it goes without the lock"


async def test_a_newcomer_takes_over_from_the_dead_at_once(rig: Rig) -> None:
    async with claim(rig) as held:
        pass
    async with claim(rig) as next_one:
        assert next_one.epoch == held.epoch + 1


async def test_a_silent_holder_is_ended_and_can_do_nothing_more(rig: Rig) -> None:
    async with rig.database("writer") as connection:
        silent = await fence.take(connection, OLD_SECONDS, asyncio.Event())
        assert silent is not None
        async with claim(rig, old_seconds=0.3) as newcomer:
            assert newcomer.epoch == silent.epoch + 1
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await appender(silent).append(batch(0), 1)


@pytest.mark.parametrize("role", ["api", "owner"])
async def test_a_role_that_is_no_writer_s_holds_the_lock_and_is_named(rig: Rig, role: str) -> None:
    before = alarms()
    async with rig.database("writer") as connection, rig.database(role) as stranger:
        assert await stranger.fetchval("SELECT pg_try_advisory_lock($1, $2)", *fence.LOCK)
        with capture_logs() as lines:
            waiting = asyncio.create_task(fence.take(connection, 0.0, asyncio.Event()))
            await until(alarm_counted, lambda found: found > before or waiting.done())
            done, _ = await asyncio.wait({waiting}, timeout=2 * fence.PATIENCE_SECONDS)
        assert not done, "it waits on, and nobody is ended"
        assert await stranger.fetchval("SELECT pg_advisory_unlock($1, $2)", *fence.LOCK)
        held = await waiting
    assert held is not None
    assert [line["role"] for line in lines if line["log_level"] == "error"] == [f"audit_{role}"], "once"
    assert alarms() == before + 1


def alarms() -> float:
    return REGISTRY.get_sample_value("cadena_audit_alarms_total", {"alarm": "lock-held-by-stranger"}) or 0.0


async def alarm_counted() -> float:
    return alarms()


async def test_a_lock_of_64_bits_with_the_same_bits_is_another_lock(rig: Rig) -> None:
    async with rig.database("writer") as twin, rig.database("writer") as connection, rig.database("api") as stranger:
        await stranger.execute("SELECT pg_advisory_lock($1)", fence.LOCK[0] << 32 | fence.LOCK[1])
        await twin.execute("SELECT pg_advisory_lock($1, $2)", *fence.LOCK)
        (only,) = await holders(connection, fence.LOCK)
        assert (only.role, only.ours) == ("audit_writer", True)


@pytest.mark.parametrize("step", ["append", "seal", "generation", "beat"])
async def test_g8_a_writer_of_an_older_epoch_commits_nothing(rig: Rig, step: str) -> None:
    async with claim(rig) as zombie:
        await appender(zombie).append(batch(0), 1)
        await rig.execute("INSERT INTO epoch (epoch) SELECT max(epoch) + 1 FROM epoch")
        await rig.execute("UPDATE heartbeat SET epoch = epoch + 1")
        with pytest.raises(Fenced):
            await one(step, rig, zombie)
    assert await rig.signed() == 0
    assert await rig.fetchval("SELECT max(generation) FROM generation") == 1
    assert len(await rig.entries()) == 1


async def one(step: str, rig: Rig, zombie: Fence) -> Any:
    if step == "append":
        return await appender(zombie, 1).append(batch(1), 1)
    if step == "seal":
        return await sealer(rig, zombie).seal(await rig.entries())
    if step == "generation":
        return await appender(zombie, 1).raise_generation("why not")
    async with rig.database("writer") as pulse:
        return await Heart(pulse, zombie, 0.1).run(asyncio.Event())


@pytest.mark.parametrize(
    ("first_batch", "second_batch"), [(1, 1), (1, 256), (256, 1), (256, 256), (300, 10), (10, 300)]
)
async def test_g8_two_appends_at_one_size_meet_at_a_primary_key(rig: Rig, first_batch: int, second_batch: int) -> None:
    async with claim(rig) as held:
        for size in (first_batch, second_batch):
            parts = batch(0, size)
            twin = appender(held)
            twin._fence = Blind(held.connection, held.epoch)  # as if epoch and size had been read just before
            if size == first_batch and not await rig.entries():
                await twin.append(parts, 1)
            else:
                with pytest.raises(asyncpg.UniqueViolationError):
                    await twin.append(parts, 1)
    assert len(await rig.entries()) == first_batch


class Blind(Fence):
    """A fence that looks away."""

    async def demand(self, size: int) -> None:
        return None


async def test_g8_an_append_behind_the_rows_is_refused(rig: Rig) -> None:
    async with claim(rig) as held:
        await appender(held).append(batch(0, 256), 1)
        with pytest.raises(Fenced):
            await appender(held, 0).append(batch(256), 1)
        with pytest.raises(Fenced):
            await appender(held, 255).append(batch(256), 1)


async def test_a_writer_whose_connection_died_ends(rig: Rig) -> None:
    await rig.send(rig.founding)

    async def end_backend() -> None:
        await rig.until_signed(1)
        async with rig.database("writer") as connection:
            ended = await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'cadena audit writer'"
            )
        assert ended == 1

    writer = asyncio.create_task(rig.writer().run(asyncio.Event()))
    await first(end_backend(), writer)
    await asyncio.wait({writer}, timeout=20)
    assert writer.done()
    assert writer.exception() is not None


async def test_a_second_writer_takes_over_when_the_first_ends(rig: Rig) -> None:
    await rig.send(rig.founding)
    stop = asyncio.Event()
    leading = asyncio.create_task(rig.writer().run(stop))
    await first(rig.until_signed(1), leading)
    following = rig.writer()
    stop_following = asyncio.Event()
    task = asyncio.create_task(following.run(stop_following))
    with pytest.raises(RuntimeError, match="waiting for the lock"):
        await following.demand_session()
    stop.set()
    await leading
    await rig.send(event())
    await first(rig.until_signed(2), task)
    await first(until(following_ready(following), bool), task)
    stop_following.set()
    await task


def following_ready(writer: Any) -> Any:
    async def look() -> bool:
        try:
            await writer.demand_session()
        except RuntimeError:
            return False
        return True

    return look
