"""One relay at a time, against real PostgreSQL and real Kafka: whom it waits for, whom it names, whom it ends."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from deploy.local.databases import Urls
from shared import relay_lock
from shared.advisory import Holder
from shared.kafka import KafkaConfig, ensure_topics, fact_topic
from shared.relay import Relay
from shared.relay_lock import RelayLock
from tests.shared.outboxes import Outbox, eventually, messages
from tests.shared.test_relay import Setup, published, raws, relaying, setup

__all__ = ["setup"]


@pytest.mark.parametrize("service", ["custody", "notify"])
async def test_an_api_s_login_that_holds_the_lock_is_named_and_outwaited(
    databases: Urls, kafka_broker: KafkaConfig, topic_prefix: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_lock, "STRANGER_SECONDS", 0.2)
    topic = f"{topic_prefix}{uuid4().hex[:8]}.v1"
    await ensure_topics(kafka_broker, {topic: fact_topic()})
    relay, stop = Relay(databases[service]["worker"], kafka_broker, topic), asyncio.Event()

    async def named() -> bool:
        return REGISTRY.get_sample_value("cadena_relay_lock_strangers", {"topic": topic}) == 1

    stranger, outbox = await asyncpg.connect(databases[service]["api"]), Outbox(databases[service]["owner"])
    try:
        await stranger.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"relay {topic}")
        (recorded,) = await outbox.record(1)
        with capture_logs() as lines:
            running = asyncio.create_task(relay.run(stop))
            await eventually(named)
    finally:
        await stranger.close()
    assert [line["role"] for line in lines if line["log_level"] == "error"] == [f"{service}_api"]
    await published((outbox, kafka_broker, topic), 1)
    assert await messages(kafka_broker, topic) == [recorded.to_bytes()]
    assert not await named()
    stop.set()
    await running
    await outbox.close()


async def test_a_twin_of_the_relay_s_own_role_is_waited_for_without_a_word(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_lock, "STRANGER_SECONDS", 0.0)
    looks, look = [], RelayLock.holders

    async def counted(lock: RelayLock, key: int) -> list[Holder]:
        looks.append(await look(lock, key))
        return looks[-1]

    async def looked_thrice() -> bool:
        return len(looks) >= 3

    monkeypatch.setattr(RelayLock, "holders", counted)
    (recorded,) = await setup[0].record(1)
    twin = await asyncpg.connect(setup[0].url)
    try:
        await twin.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"relay {setup[2]}")
        with capture_logs() as lines:
            async with relaying(setup):
                await eventually(looked_thrice)
                assert await messages(*setup[1:]) == []
                await twin.close()
                assert await published(setup, 1) == raws([recorded])
    finally:
        await twin.close()
    assert [line for line in lines if line["log_level"] == "error"] == []


async def test_a_twin_that_holds_the_lock_in_silence_is_ended_and_one_that_beats_is_not(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_lock, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(relay_lock, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(relay_lock, "BEAT_SECONDS", 0.2)
    (recorded,) = await setup[0].record(1)
    twin, stop = await asyncpg.connect(setup[0].url), asyncio.Event()
    lock = RelayLock(twin, setup[2])
    assert await lock.take(stop)
    beating = asyncio.create_task(lock.beat())
    async with relaying(setup):
        done, _ = await asyncio.wait({beating}, timeout=3.0)
        assert not done, "a healthy twin was ended"
        assert await messages(*setup[1:]) == []
        beating.cancel()
        assert await published(setup, 1) == raws([recorded])
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await twin.execute("SELECT 1")


async def test_a_relay_whose_lock_is_taken_from_it_stops_and_waits_for_its_turn(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_lock, "BEAT_SECONDS", 0.1)
    (first,) = await setup[0].record(1)
    other = await asyncpg.connect(setup[0].url)
    async with relaying(setup):
        await published(setup, 1)
        key = await other.fetchval("SELECT hashtextextended($1, 0)", f"relay {setup[2]}")
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND (classid::bigint << 32) | objid::bigint = $1", key,
        )  # fmt: skip
        await other.execute("SELECT pg_advisory_lock($1)", key)
        (second,) = await setup[0].record(1)
        assert await messages(*setup[1:]) in (raws([first]), raws([first, second]))
        await other.close()
        assert await published(setup, 2) == raws([first, second])
