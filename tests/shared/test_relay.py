"""The relay against real PostgreSQL and real Kafka: order, late commits, outages, lost topics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from deploy.local.databases import Urls
from deploy.local.kafka import Kafka
from shared.events import Event
from shared.kafka import KafkaConfig, KafkaUnavailable, Message, Producer, TopicMissing, ensure_topics, fact_topic
from shared.outbox import Recorded, stage
from shared.relay import Relay, SendsInOrder
from tests.shared.outboxes import Failing, Outbox, delete_topic, event, eventually, messages

Setup = tuple[Outbox, KafkaConfig, str]


@pytest.fixture
async def setup(empty_databases: Urls, kafka_broker: KafkaConfig, topic_prefix: str) -> AsyncIterator[Setup]:
    outbox = Outbox(empty_databases["custody"]["owner"])
    await outbox.create()
    kafka, topic = kafka_broker, f"{topic_prefix}{uuid4().hex[:8]}.v1"
    await ensure_topics(kafka, {topic: fact_topic()})
    yield outbox, kafka, topic
    await outbox.close()


@asynccontextmanager
async def relaying(
    setup: Setup, open_producer: Callable[[], Awaitable[SendsInOrder]] | None = None
) -> AsyncIterator[Relay]:
    outbox, kafka, topic = setup
    relay, stop = Relay(outbox.url, kafka, topic, open_producer=open_producer), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    try:
        yield relay
    finally:
        stop.set()
        async with asyncio.timeout(30):
            await running


def failing(
    setup: Setup, failures: dict[int, Callable[[list[int]], list[int]]]
) -> Callable[[], Awaitable[SendsInOrder]]:
    calls = [0]

    async def open_producer() -> SendsInOrder:
        return Failing(await Producer.open(setup[1]), failures, calls)

    return open_producer


def fail(_: list[int]) -> NoReturn:
    raise KafkaUnavailable("the answer was lost")


def raws(events: list[Event]) -> list[bytes]:
    return [each.to_bytes() for each in events]


async def published(setup: Setup, count: int) -> list[bytes]:
    """The topic's messages once there are `count` and every event stands at a place."""
    outbox, kafka, topic = setup

    async def there() -> bool:
        places = {seq: offset for seq, offset, _ in await outbox.publications()}
        return bool(places) and min(places.values()) >= 0 and await _count(kafka, topic) >= count

    await eventually(there)
    return await messages(kafka, topic)


async def _count(kafka: KafkaConfig, topic: str) -> int:
    try:
        return len(await messages(kafka, topic))
    except KafkaUnavailable:
        return 0


async def test_events_arrive_in_the_order_of_recording(setup: Setup) -> None:
    events = await setup[0].record(700)
    async with relaying(setup):
        assert await published(setup, 700) == raws(events)
        later = await setup[0].record(3)
        assert await published(setup, 703) == raws(events + later)
    assert [row[1] for row in await setup[0].publications()] == list(range(703))


async def test_g1_an_event_that_commits_after_a_later_one_is_not_left_behind(setup: Setup) -> None:
    outbox = setup[0]
    slow = await outbox.open()
    early = event(1)
    await stage(slow, outbox.tables, [Recorded.of(early)])
    async with relaying(setup):
        late = await outbox.record(2)
        assert await published(setup, 2) == raws(late)
        # Time enough to walk past the number that is still open.
        more = await outbox.record(1)
        assert await published(setup, 3) == raws(late + more)
        await slow.commit()
        await slow.close()
        assert await published(setup, 4) == raws([*late, *more, early])


async def test_a_number_that_was_rolled_back_holds_nothing_up(setup: Setup) -> None:
    outbox = setup[0]
    gone = await outbox.open()
    await stage(gone, outbox.tables, [Recorded.of(event(1))])
    async with relaying(setup):
        first = await outbox.record(1)
        await gone.rollback()
        await gone.close()
        second = await outbox.record(1)
        assert await published(setup, 2) == raws(first + second)


async def test_a_send_whose_answer_is_lost_is_repeated_in_order(setup: Setup) -> None:
    events = await setup[0].record(3)
    async with relaying(setup, failing(setup, {1: fail})):
        assert await published(setup, 6) == raws(events + events)


async def test_offset_minus_one_counts_as_unpublished(setup: Setup) -> None:
    events = await setup[0].record(3)
    async with relaying(setup, failing(setup, {1: lambda offsets: [*offsets[:1], -1, -1]})):
        assert await published(setup, 5) == raws(events + events[1:])
    assert [(seq, offset) for seq, offset, _ in await setup[0].publications()][:3] == [(1, 0), (2, -1), (3, -1)]


async def test_after_a_restart_nothing_is_sent_again(setup: Setup) -> None:
    events = await setup[0].record(5)
    async with relaying(setup):
        await published(setup, 5)
    async with relaying(setup):
        more = await setup[0].record(1)
        assert await published(setup, 6) == raws(events + more)


async def test_a_topic_that_lost_everything_gets_all_unsealed_events_again_before_new_ones(setup: Setup) -> None:
    outbox, kafka, topic = setup
    events = await outbox.record(6)
    async with relaying(setup):
        await published(setup, 6)
    await outbox.seal(events[:2])
    await delete_topic(kafka, topic)
    more = await outbox.record(1)
    async with relaying(setup):
        failures = REGISTRY.get_sample_value("cadena_relay_failures_total", {"topic": topic}) or 0

        async def waits() -> bool:
            return (REGISTRY.get_sample_value("cadena_relay_failures_total", {"topic": topic}) or 0) > failures

        await eventually(waits)
        with pytest.raises(TopicMissing):  # it is the operator's to make
            await messages(kafka, topic)
        await ensure_topics(kafka, {topic: fact_topic()})
        assert await published(setup, 5) == raws(events[2:] + more)


async def test_a_topic_that_was_replaced_meanwhile_gets_all_unsealed_events_again(setup: Setup) -> None:
    outbox, kafka, topic = setup
    events = await outbox.record(3)
    async with relaying(setup):
        await published(setup, 3)
    await delete_topic(kafka, topic)
    await ensure_topics(kafka, {topic: fact_topic()})
    strangers = [b"one", b"two", b"three"]
    producer = await Producer.open(kafka)
    await producer.send_many(topic, [Message(value) for value in strangers])
    await producer.close()
    await outbox.seal(events[:1])
    async with relaying(setup):
        assert await published(setup, 5) == strangers + raws(events[1:])


async def test_a_replaced_topic_is_noticed_by_a_relay_that_only_sends(setup: Setup) -> None:
    outbox, kafka, topic = setup
    events = await outbox.record(4)
    async with relaying(setup):
        await published(setup, 4)
        await delete_topic(kafka, topic)
        await ensure_topics(kafka, {topic: fact_topic()})
        more = await outbox.record(1)

        async def all_there() -> bool:
            return set(raws(events + more)) <= set(await messages(kafka, topic))

        await eventually(all_there)
    assert len(await messages(kafka, topic)) <= 2 * 5


async def test_a_new_generation_repeats_only_what_is_not_in_the_topic(setup: Setup) -> None:
    outbox = setup[0]
    events = await outbox.record(4)
    async with relaying(setup) as relay:
        await published(setup, 4)
        relay.sealed(1, {})
        await eventually(lambda: _reasons(outbox, "found", 4))
        relay.sealed(1, {})
        more = await outbox.record(1)
        assert await published(setup, 5) == raws(events + more)


async def _reasons(outbox: Outbox, reason: str, count: int) -> bool:
    return [row[2] for row in await outbox.publications()].count(reason) == count


async def test_a_new_generation_after_an_unnoticed_loss_repeats_once(setup: Setup) -> None:
    outbox, kafka, topic = setup
    events = await outbox.record(4)
    async with relaying(setup) as relay:
        await published(setup, 4)
        await delete_topic(kafka, topic)
        await ensure_topics(kafka, {topic: fact_topic()})
        relay.sealed(1, {})
        assert await published(setup, 4) == raws(events)
        relay.sealed(1, {})
        relay.sealed(2, {})
        await eventually(lambda: _reasons(outbox, "found", 4))
        assert await messages(kafka, topic) == raws(events)


async def test_an_event_passed_without_an_entry_is_repeated_once_and_then_is_an_alarm(setup: Setup) -> None:
    outbox, kafka, topic = setup
    events = await outbox.record(3)
    async with relaying(setup) as relay:
        await published(setup, 3)
        await outbox.seal([events[0], events[2]])
        relay.sealed(0, {topic: 3})
        assert await published(setup, 4) == raws([*events, events[1]])
        relay.sealed(0, {topic: 3})
        assert relay.unsealable == 0

        async def alarm() -> bool:
            relay.sealed(0, {topic: 4})
            return relay.unsealable == 1

        await eventually(alarm)
        assert len(await messages(kafka, topic)) == 4
        await outbox.seal([events[1]])

        async def over() -> bool:
            relay.sealed(0, {topic: 4})
            return relay.unsealable == 0

        await eventually(over)


async def test_places_of_another_generation_are_not_judged(setup: Setup) -> None:
    outbox, _, topic = setup
    await outbox.record(2)
    async with relaying(setup) as relay:
        await published(setup, 2)
        relay.sealed(1, {topic: 2})
        await eventually(lambda: _reasons(outbox, "passed", 4))  # two decisions, two executions
        relay.sealed(0, {topic: 4})
        await outbox.record(1)
        await published(setup, 5)
        assert relay.unsealable == 0


async def test_of_two_relays_one_waits(setup: Setup) -> None:
    events = await setup[0].record(20)
    async with relaying(setup), relaying(setup):
        assert await published(setup, 20) == raws(events)
        more = await setup[0].record(20)
        assert await published(setup, 40) == raws(events + more)


async def test_the_database_restarting_the_connection_is_survived(setup: Setup) -> None:
    outbox = setup[0]
    async with relaying(setup):
        events = await outbox.record(2)
        await published(setup, 2)
        connection = await outbox.open()
        await connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'relay %'"
        )
        await connection.close()
        more = await outbox.record(2)
        assert await published(setup, 4) == raws(events + more)


async def test_g1_a_broker_that_comes_back_empty_gets_everything_unsealed_and_at_most_twice_as_much(
    setup: Setup, tmp_path: Path
) -> None:
    outbox, _, topic = setup
    broker = Kafka(tmp_path)
    broker.start()
    kafka = broker.operator
    await ensure_topics(kafka, {topic: fact_topic()})
    try:
        events = await outbox.record(300)
        async with relaying((outbox, kafka, topic)) as relay:
            await published((outbox, kafka, topic), 300)
            await outbox.seal(events[:100])
            broker.kill()
            broker.lose_data()
            broker.start()
            await ensure_topics(kafka, {topic: fact_topic()})
            relay.sealed(1, {})  # as audit's writer would say when it finds its last message gone
            more = await outbox.record(10)
            expected = raws(events[100:] + more)
            await eventually(lambda: _holds(kafka, topic, expected), 60)
            relay.sealed(1, {topic: 0})
            await published((outbox, kafka, topic), 210)
        assert len(await messages(kafka, topic)) <= 2 * 210
    finally:
        broker.stop()


async def _holds(kafka: KafkaConfig, topic: str, expected: list[bytes]) -> bool:
    try:
        return set(expected) <= set(await messages(kafka, topic))
    except KafkaUnavailable:
        return False
