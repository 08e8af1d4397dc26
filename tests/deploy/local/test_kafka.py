"""The broker: survives a crash, makes no topic by accident, and comes back empty after a lost disk."""

from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from deploy.local.kafka import Kafka


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    one = Kafka(tmp_path_factory.mktemp("a broker, kept in a folder"))
    one.start()
    assert (one.data / "meta.properties").is_file()
    yield one
    one.stop()
    assert one.process.pid is None


async def make_topic(broker: Kafka, name: str) -> None:
    admin = AIOKafkaAdminClient(**broker.operator.arguments())
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, 1, 1)])
        assert answer.topic_errors[0][1] == 0, answer
    finally:
        await admin.close()


async def send(broker: Kafka, topic: str, value: bytes) -> int:
    async with AIOKafkaProducer(**broker.operator.arguments(), enable_idempotence=True) as producer:
        return int((await producer.send_and_wait(topic, value)).offset)


async def read_first(broker: Kafka, topic: str) -> bytes:
    async with AIOKafkaConsumer(**broker.operator.arguments()) as consumer:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        return bytes((await consumer.getone()).value)


async def test_a_message_survives_a_killed_broker_and_a_lost_disk_starts_an_empty_cluster(broker: Kafka) -> None:
    address = broker.bootstrap_servers
    await make_topic(broker, "facts")
    assert await send(broker, "facts", b"kept") == 0

    broker.kill()
    broker.start()
    assert broker.bootstrap_servers == address
    assert await read_first(broker, "facts") == b"kept"
    assert await send(broker, "facts", b"more") == 1

    broker.kill()
    broker.lose_data()
    broker.start()
    assert broker.bootstrap_servers == address
    await make_topic(broker, "facts")
    assert await send(broker, "facts", b"new") == 0


async def test_an_unknown_topic_is_not_made(broker: Kafka) -> None:
    async with AIOKafkaProducer(**broker.operator.arguments() | {"request_timeout_ms": 2000}) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("nobody.made.this", b"x")
