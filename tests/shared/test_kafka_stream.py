"""Reading in columns against a real broker: order, places, what is held back, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from deploy.local.kafka import Kafka
from shared.kafka import (
    Columns,
    KafkaConfig,
    KafkaUnavailable,
    Message,
    OffsetOutOfRange,
    Producer,
    Stream,
    ensure_topics,
    fact_topic,
    reading,
)
from shared.kafka.stream import _columns

SECONDS = 10.0


@pytest.fixture
async def topics(kafka_broker: KafkaConfig, topic_prefix: str) -> list[str]:
    names = sorted(f"{topic_prefix}{uuid4().hex[:8]}" for _ in range(2))
    await ensure_topics(kafka_broker, {name: fact_topic() for name in names})
    return names


async def send(kafka: KafkaConfig, topic: str, *values: bytes) -> None:
    producer = await Producer.open(kafka)
    try:
        await producer.send_many(topic, [Message(value) for value in values])
    finally:
        await producer.close()


@asynccontextmanager
async def streaming(kafka: KafkaConfig, positions: dict[str, int], fetch_bytes: int = 1 << 20) -> AsyncIterator[Stream]:
    async with reading(kafka, list(positions), linger_ms=5, fetch_bytes=fetch_bytes) as reader:
        stream = reader.stream(positions)
        try:
            yield stream
        finally:
            await stream.close()


async def take(stream: Stream, wanted: int, most: int) -> list[Columns]:
    """Batches until so many messages have come."""
    found: list[Columns] = []
    while sum(len(columns.offsets) for columns in found) < wanted:
        batch = await stream.batch(most, SECONDS)
        assert batch, "nothing came"
        assert sum(len(columns.offsets) for columns in batch) <= most
        found += batch
    return found


@pytest.mark.parametrize("fetch_bytes", [2_000, 1 << 20])
async def test_every_message_comes_once_in_order_however_it_is_cut(
    kafka_broker: KafkaConfig, topics: list[str], fetch_bytes: int
) -> None:
    sent = {topic: [b"%s %d " % (topic.encode(), at) * (at % 40) for at in range(500)] for topic in topics}
    for at in range(0, 500, 100):
        for topic in topics:
            await send(kafka_broker, topic, *sent[topic][at : at + 100])
    async with streaming(kafka_broker, {topics[0]: 0, topics[1]: 37}, fetch_bytes) as stream:
        found = await take(stream, 963, 64)
    for topic, begin in zip(topics, (0, 37), strict=True):
        offsets = [offset for columns in found if columns.topic == topic for offset in columns.offsets]
        assert offsets == list(range(begin, 500))
        assert [value for columns in found if columns.topic == topic for value in columns.values] == sent[topic][begin:]


async def test_what_comes_later_is_read_on(kafka_broker: KafkaConfig, topics: list[str]) -> None:
    async with streaming(kafka_broker, dict.fromkeys(topics, 0)) as stream:
        assert await stream.batch(10, 0.05) == []
        await send(kafka_broker, topics[1], b"1")
        assert await take(stream, 1, 10) == [Columns(topics[1], [0], [b"1"])]
        await send(kafka_broker, topics[0], b"0", b"")
        assert await take(stream, 2, 10) == [Columns(topics[0], [0, 1], [b"0", b""])]


async def test_a_batch_larger_than_what_is_asked_for_comes_whole(kafka_broker: KafkaConfig, topics: list[str]) -> None:
    await send(kafka_broker, topics[0], b"x" * 60_000)
    async with streaming(kafka_broker, {topics[0]: 0}, fetch_bytes=1_000) as stream:
        assert await take(stream, 1, 10) == [Columns(topics[0], [0], [b"x" * 60_000])]


async def test_a_place_that_is_not_there_is_an_error(kafka_broker: KafkaConfig, topics: list[str]) -> None:
    async with streaming(kafka_broker, {topics[0]: 50}) as stream:
        with pytest.raises(OffsetOutOfRange):
            await stream.batch(10, SECONDS)


async def read_on(stream: Stream) -> None:
    while True:
        await stream.batch(10, SECONDS)


async def test_a_lost_connection_ends_it_even_if_the_broker_is_back(tmp_path: Path) -> None:
    broker = Kafka(tmp_path)
    broker.start()
    try:
        kafka = broker.operator
        await ensure_topics(kafka, {"stream": fact_topic()})
        await send(kafka, "stream", b"0")
        async with streaming(kafka, {"stream": 0}) as stream:
            assert await take(stream, 1, 10)
            broker.kill()
            broker.start()
            await send(kafka, "stream", b"1")
            with pytest.raises(KafkaUnavailable):
                await asyncio.wait_for(read_on(stream), 30)
    finally:
        broker.stop()


async def test_a_byte_changed_on_the_way_is_found() -> None:
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=10_000,
    )  # fmt: skip
    for at in range(3):
        builder.append(at, timestamp=None, key=None, value=b"%d" % at, headers=[])
    raw = bytes(builder.build())
    assert await _columns("t", 1, raw) == (Columns("t", [1, 2], [b"1", b"2"]), 3)
    with pytest.raises(CorruptRecordException):
        await _columns("t", 1, raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:])
