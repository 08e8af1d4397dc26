"""The Kafka module against a real broker: places, configuration, deadlines, lost connections."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.kafka import Kafka
from shared.kafka import (
    KafkaConfig,
    KafkaProblem,
    KafkaUnavailable,
    Message,
    OffsetOutOfRange,
    Producer,
    TopicMissing,
    check_fact_topic,
    ensure_topics,
    fact_topic,
    last_record,
    reading,
    record_at,
)


@pytest.fixture
def kafka(kafka_broker: KafkaConfig) -> KafkaConfig:
    return kafka_broker


@pytest.fixture
async def topic(kafka: KafkaConfig, topic_prefix: str) -> str:
    name = f"{topic_prefix}{uuid4().hex[:8]}"
    assert await ensure_topics(kafka, {name: fact_topic()}) == [name]
    return name


async def send(kafka: KafkaConfig, topic: str, *values: bytes) -> list[int]:
    producer = await Producer.open(kafka)
    try:
        return await producer.send_many(topic, [Message(value, (("name", b"value"),)) for value in values])
    finally:
        await producer.close()


async def test_topics_are_made_once(kafka: KafkaConfig, topic: str) -> None:
    assert await ensure_topics(kafka, {topic: fact_topic()}) == []


async def test_what_the_broker_refuses_is_an_error(kafka: KafkaConfig) -> None:
    with pytest.raises(KafkaUnavailable, match="InvalidTopic"):
        await ensure_topics(kafka, {"not a name": {}})
    with pytest.raises(KafkaUnavailable, match="InvalidConfig"):
        await ensure_topics(kafka, {"x": {"retention.ms": "long"}})


async def test_a_fact_topic_keeps_for_ever_and_one_that_does_not_is_found(kafka: KafkaConfig, topic: str) -> None:
    await check_fact_topic(kafka, topic)
    await ensure_topics(kafka, {f"{topic}-short": fact_topic() | {"retention.ms": "86400000"}})
    with pytest.raises(KafkaProblem, match=r"retention.ms=86400000"):
        await check_fact_topic(kafka, f"{topic}-short")
    await ensure_topics(kafka, {f"{topic}-compact": fact_topic() | {"cleanup.policy": "compact"}})
    with pytest.raises(KafkaProblem, match=r"cleanup.policy=compact"):
        await check_fact_topic(kafka, f"{topic}-compact")


async def test_messages_have_places_in_order(kafka: KafkaConfig, topic: str) -> None:
    assert await last_record(kafka, topic) is None
    assert await send(kafka, topic, *(b"%d" % n for n in range(2000))) == list(range(2000))
    last, seventh = await last_record(kafka, topic), await record_at(kafka, topic, 7)
    assert last is not None
    assert (last.offset, last.value, list(last.headers)) == (1999, b"1999", [("name", b"value")])
    assert seventh is not None
    assert seventh.value == b"7"
    assert await record_at(kafka, topic, 2000) is None


async def test_a_reader_reads_from_where_it_is_told(kafka: KafkaConfig, topic: str) -> None:
    await send(kafka, topic, *(b"%d" % n for n in range(100)))
    async with reading(kafka, [topic]) as reader:
        reader.read_from({topic: 95})
        assert [record.value for record in (await reader.batch(3, 5))[topic]] == [b"95", b"96", b"97"]
        assert (await reader.record_at(topic, 3)) is not None
        reader.read_from({topic: 98})
        assert [record.offset for record in (await reader.batch(10, 5))[topic]] == [98, 99]
        assert await reader.batch(10, 0.1) == {}
        assert await reader.beginning_offsets() == {topic: 0}
        assert await reader.end_offsets() == {topic: 100}


async def test_looking_up_places_in_several_topics_does_not_look_like_a_lost_connection(
    kafka: KafkaConfig, topic: str
) -> None:
    other = f"{topic}-other"
    await ensure_topics(kafka, {other: fact_topic()})
    for name in (topic, other):
        await send(kafka, name, b"0", b"1")
    async with reading(kafka, [topic, other]) as reader:
        for name in (topic, other, topic):
            found = await reader.record_at(name, 1)
            assert found is not None
            assert found.value == b"1"
        reader.read_from({topic: 0, other: 1})
        read: list[bytes | None] = []
        while len(read) < 3:
            read += [record.value for records in (await reader.batch(10, 5)).values() for record in records]
        assert sorted(read, key=str) == [b"0", b"1", b"1"]


async def test_a_place_beyond_the_end_is_not_taken_for_another(kafka: KafkaConfig, topic: str) -> None:
    await send(kafka, topic, b"0")
    async with reading(kafka, [topic]) as reader:
        reader.read_from({topic: 50})
        with pytest.raises(OffsetOutOfRange):
            await reader.batch(10, 5)


async def test_a_topic_that_is_not_there_is_named(kafka: KafkaConfig) -> None:
    with pytest.raises(TopicMissing, match="nowhere"):
        await last_record(kafka, "nowhere")
    with pytest.raises(KafkaProblem):
        await check_fact_topic(kafka, "nowhere")


async def test_without_a_broker_every_call_ends() -> None:
    kafka = KafkaConfig("127.0.0.1:1")
    for call in (
        Producer.open(kafka),
        last_record(kafka, "t"),
        ensure_topics(kafka, {"t": {}}),
        check_fact_topic(kafka, "t"),
    ):
        with pytest.raises(KafkaUnavailable):
            await asyncio.wait_for(call, 15)


async def test_a_lost_connection_is_seen_even_if_the_broker_is_back(tmp_path: Path) -> None:
    broker = Kafka(tmp_path)
    broker.start()
    try:
        kafka = broker.operator
        await ensure_topics(kafka, {"t": fact_topic()})
        producer = await Producer.open(kafka)
        await producer.send_many("t", [Message(b"0")])
        async with reading(kafka, ["t"]) as reader:
            reader.read_from({"t": 0})
            assert len((await reader.batch(10, 5))["t"]) == 1
            assert producer.connected()
            broker.kill()
            broker.start()
            with pytest.raises(KafkaUnavailable):
                await reader.batch(10, 5)
        with pytest.raises(KafkaUnavailable):
            await _until_lost(producer)
        await asyncio.wait_for(producer.close(), 12)
        assert await send(kafka, "t", b"1") == [1]
    finally:
        broker.stop()


async def _until_lost(producer: Producer) -> None:
    """The producer may ride over a short outage; that there was one it does not hide."""
    await producer.send_many("t", [])
    if not producer.connected():
        raise KafkaUnavailable("seen")


async def test_many_messages_of_all_sizes_have_their_places_in_order(kafka: KafkaConfig, topic: str) -> None:
    values = [b"%d" % n + b"." * size for n, size in enumerate([0, 900_000, 10, 300_000, 300_000, 300_000, *[50] * 9])]
    assert await send(kafka, topic, *values) == list(range(15))
    async with reading(kafka, [topic]) as reader:
        reader.read_from({topic: 0})
        found: list[bytes | None] = []
        while len(found) < 15:
            found += [record.value for record in (await reader.batch(100, 5)).get(topic, [])]
    assert found == values


async def test_a_message_that_the_broker_will_not_take_is_an_error(kafka: KafkaConfig, topic: str) -> None:
    with pytest.raises(KafkaUnavailable):
        await send(kafka, topic, b"." * 1_200_000)
    assert await send(kafka, topic) == []
