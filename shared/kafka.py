"""Kafka as this project uses it: raw bytes, one partition a topic, positions kept by the reader, no consumer groups.

The only module that knows the client library. Every call ends: by an answer, or by a KafkaProblem at its deadline.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.helpers import create_ssl_context

from shared.settings import KafkaSettings

CALL_SECONDS = 10.0
SEND_SECONDS = 10.0
CLOSE_SECONDS = 5.0
RETRY_MILLISECONDS = 200
FOREVER = "-1"

Headers = Sequence[tuple[str, bytes]]


class KafkaProblem(Exception):
    """Kafka did not do what was asked; the message says what, and may be shown to an operator."""


class KafkaUnavailable(KafkaProblem):
    """No broker answered in time, the connection was lost, or the topic is not there: worth another try."""


class TopicMissing(KafkaUnavailable):
    """The brokers answer, and know no topic of that name: it was never made, or went with a lost disk."""


class OffsetOutOfRange(KafkaProblem):
    """The topic does not reach back, or does not reach on, to the offset asked for: it is not the topic we knew."""


class Record(Protocol):
    """One message as it was read."""

    topic: str
    offset: int
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send. No key: a topic has one partition."""

    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Where the brokers are and who we are to them."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_username: str | None = None
    sasl_password: str | None = None
    sasl_mechanism: str = "SCRAM-SHA-256"

    @classmethod
    def of(cls, settings: KafkaSettings) -> Self:
        """What a process's settings say."""
        password = settings.sasl_password.get_secret_value() if settings.sasl_password else None
        return cls(settings.bootstrap_servers, settings.security_protocol, settings.sasl_username, password)

    def arguments(self) -> dict[str, Any]:
        """Arguments that all clients of the library take."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "request_timeout_ms": int(CALL_SECONDS * 1000),
            "retry_backoff_ms": RETRY_MILLISECONDS,
            "connections_max_idle_ms": None,
        }
        if self.security_protocol == "SASL_SSL":
            given["ssl_context"] = create_ssl_context()
        if self.security_protocol != "PLAINTEXT":
            given["sasl_mechanism"] = self.sasl_mechanism
            given["sasl_plain_username"] = self.sasl_username
            given["sasl_plain_password"] = self.sasl_password
        return given


@contextlib.asynccontextmanager
async def _deadline(seconds: float, doing: str) -> AsyncIterator[None]:
    """Turn whatever goes wrong within into a KafkaProblem, and too long a silence into KafkaUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except OffsetOutOfRangeError as error:
        raise OffsetOutOfRange(f"{doing}: {error}") from error
    except UnknownTopicOrPartitionError as error:
        raise TopicMissing(f"{doing}: {error}") from error
    except TimeoutError as error:
        raise KafkaUnavailable(f"{doing}: no answer within {seconds:g} s") from error
    except (KafkaError, OSError) as error:
        raise KafkaUnavailable(f"{doing}: {type(error).__name__}: {error}") from error


class _Session:
    """The connections to the leaders of some topics, as they were when first seen: a new one is another session.

    A broker that comes back may come back empty, and the library connects again without a word; so whoever must check
    its place after each reconnect asks here whether there was one.
    """

    def __init__(self, client: Any, topics: Sequence[str]) -> None:
        self._client = client
        self._partitions = [TopicPartition(topic, 0) for topic in topics]
        self._seen: dict[str, Any] = {}

    def holds(self) -> bool:
        """Whether every connection seen so far is still the one in use and open."""
        for partition in self._partitions:
            leader = self._client.cluster.leader_for_partition(partition)
            current = next((link for key, link in self._client._conns.items() if key[0] == leader), None)
            if current is not None and current.connected():
                current = self._seen.setdefault(partition.topic, current) is current
            else:
                current = partition.topic not in self._seen
            if not current:
                return False
        return True


class Producer:
    """An idempotent producer, `acks=all`. One that failed is closed and another opened: it may never recover."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sessions: dict[str, _Session] = {}

    @classmethod
    async def open(cls, config: KafkaConfig) -> Self:
        """Connect; raises KafkaUnavailable."""
        client = AIOKafkaProducer(
            enable_idempotence=True, acks="all", max_batch_size=512 * 1024, max_request_size=1_048_576,
            **config.arguments(),
        )  # fmt: skip
        producer = cls(client)
        try:
            async with _deadline(CALL_SECONDS, "connecting a producer"):
                await client.start()
        except BaseException:
            await producer.close()
            raise
        return producer

    async def send_many(self, topic: str, messages: Sequence[Message]) -> list[int]:
        """Send in order; the offset of each message, -1 for one that the broker took without saying where.

        Raises KafkaUnavailable if any was not acknowledged within ten seconds: then any of them may be in the topic or
        not, and this producer is done for.
        """
        async with _deadline(SEND_SECONDS, f"sending {len(messages)} messages to {topic}"):
            futures = []
            try:
                for message in messages:
                    futures.append(
                        await self._client.send(topic, message.value, partition=0, headers=list(message.headers))
                    )
                placed = await asyncio.gather(*futures, return_exceptions=True)
            finally:
                for future in futures:
                    future.cancel()
            offsets = []
            for place in placed:
                if isinstance(place, BaseException):
                    raise place
                offsets.append(int(place.offset))
        self._sessions.setdefault(topic, _Session(self._client.client, [topic]))
        return offsets

    def connected(self) -> bool:
        """Whether the connections of the messages sent so far have held; if not, what is there now must be checked."""
        return all(session.holds() for session in self._sessions.values())

    async def close(self) -> None:
        """Close within five seconds; what was not acknowledged is given up rather than waited for."""
        self._client._closed = True
        self._client._message_accumulator._closed = True
        await _end(self._client._sender.close(), self._client.client.close())


class Reader:
    """Reads topics from places that its owner names, over one connection: `KafkaUnavailable` when that is lost.

    The owner then opens another one and checks that its last message is where it was, by `record_at`, before going on.
    """

    def __init__(self, client: Any, topics: Sequence[str]) -> None:
        self._client = client
        self._topics = tuple(topics)
        self._session = _Session(client._client, self._topics)

    @classmethod
    async def open(
        cls, config: KafkaConfig, topics: Sequence[str], *, linger_ms: int = 0, fetch_bytes: int = 16 * 1024 * 1024
    ) -> Self:
        """Connect to the leaders of the topics; raises KafkaUnavailable, TopicMissing.

        `linger_ms` lets the broker collect up to a mebibyte for so long before it answers: larger batches for latency.
        """
        client = AIOKafkaConsumer(
            group_id=None, enable_auto_commit=False, auto_offset_reset="none",
            max_partition_fetch_bytes=fetch_bytes, fetch_max_bytes=2 * fetch_bytes,
            fetch_min_bytes=1024 * 1024 if linger_ms else 1, fetch_max_wait_ms=linger_ms or 500,
            **config.arguments(),
        )  # fmt: skip
        reader = cls(client, topics)
        try:
            async with _deadline(CALL_SECONDS, "connecting a reader"):
                await client.start()
                missing = set(topics) - await client.topics()
            if missing:
                raise TopicMissing(f"there is no topic {', '.join(sorted(missing))}")
            await reader.end_offsets()
        except BaseException:
            await reader.close()
            raise
        return reader

    async def beginning_offsets(self) -> dict[str, int]:
        """The offset of the oldest message of each topic."""
        return await self._offsets(self._client.beginning_offsets, "asking for the beginning of")

    async def end_offsets(self) -> dict[str, int]:
        """The offset after the newest message of each topic."""
        return await self._offsets(self._client.end_offsets, "asking for the end of")

    async def record_at(self, topic: str, offset: int) -> Record | None:
        """The message at exactly this offset, None if there is none. Call before `read_from`, or read from anew."""
        partition = TopicPartition(topic, 0)
        begins, ends = await self.beginning_offsets(), await self.end_offsets()
        if not begins[topic] <= offset < ends[topic]:
            return None
        async with _deadline(CALL_SECONDS, f"reading {topic} at {offset}"):
            self._client.assign([partition])
            self._client.seek(partition, offset)
            record: Record = await self._client.getone(partition)
        self._demand_session()
        return record if record.offset == offset else None

    def read_from(self, positions: Mapping[str, int]) -> None:
        """Read on from these offsets, topic → offset of the next message wanted, for all topics of the reader."""
        partitions = {TopicPartition(topic, 0): offset for topic, offset in positions.items()}
        self._client.assign(list(partitions))
        for partition, offset in partitions.items():
            self._client.seek(partition, offset)

    async def batch(self, max_records: int, seconds: float) -> dict[str, list[Record]]:
        """What has arrived, in order for each topic, at most `max_records`; empty after `seconds` without any.

        Raises OffsetOutOfRange, and KafkaUnavailable as soon as the connection is not the one that was opened.
        """
        async with _deadline(seconds + CALL_SECONDS, f"reading {', '.join(self._topics)}"):
            found = await self._client.getmany(timeout_ms=int(seconds * 1000), max_records=max_records)
        self._demand_session()
        return {partition.topic: records for partition, records in found.items()}

    async def close(self) -> None:
        """Close within five seconds."""
        await _end(self._client.stop(), self._client._client.close())

    async def _offsets(self, ask: Any, doing: str) -> dict[str, int]:
        partitions = [TopicPartition(topic, 0) for topic in self._topics]
        async with _deadline(CALL_SECONDS, f"{doing} {', '.join(self._topics)}"):
            found = await ask(partitions)
        self._demand_session()
        return {partition.topic: offset for partition, offset in found.items()}

    def _demand_session(self) -> None:
        if not self._session.holds():
            raise KafkaUnavailable(f"the connection to {', '.join(self._topics)} was lost")


async def _end(*closings: Coroutine[Any, Any, None]) -> None:
    """Let the parts of a client close one after the other, each for five seconds, whatever they raise."""
    for closing in closings:
        # In a task of its own, for the library lets the cancellation of its own tasks through.
        task = asyncio.ensure_future(closing)
        await asyncio.wait({task}, timeout=CLOSE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def reading(config: KafkaConfig, topics: Sequence[str], *, linger_ms: int = 0) -> AsyncIterator[Reader]:
    """A reader that is closed at the end of the block."""
    reader = await Reader.open(config, topics, linger_ms=linger_ms)
    try:
        yield reader
    finally:
        await reader.close()


async def last_record(config: KafkaConfig, topic: str) -> Record | None:
    """The newest message of a topic, None if it is empty."""
    async with reading(config, [topic]) as reader:
        begin, end = (await reader.beginning_offsets())[topic], (await reader.end_offsets())[topic]
        return await reader.record_at(topic, end - 1) if begin < end else None


async def record_at(config: KafkaConfig, topic: str, offset: int) -> Record | None:
    """The message at exactly this offset, None if there is none."""
    async with reading(config, [topic]) as reader:
        return await reader.record_at(topic, offset)


@contextlib.asynccontextmanager
async def _administration(config: KafkaConfig, doing: str) -> AsyncIterator[Any]:
    client = AIOKafkaAdminClient(**config.arguments())
    try:
        async with _deadline(CALL_SECONDS, doing):
            await client.start()
            yield client
    finally:
        await _end(client.close())


async def ensure_topics(config: KafkaConfig, topics: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Make those topics that are not there, name → configuration, with one partition; returns the names made.

    One replica for each broker, three at most. Raises KafkaUnavailable with the broker's own word for a refusal.
    """
    async with _administration(config, f"making {', '.join(topics)}") as client:
        brokers = len((await client.describe_cluster())["brokers"])
        wanted = [NewTopic(name, 1, min(3, brokers), topic_configs=dict(given)) for name, given in topics.items()]
        # The client does not raise what the broker says of a single topic.
        made = []
        for name, code, *message in (await client.create_topics(wanted)).topic_errors:
            error = for_code(code)
            if code == 0:
                made.append(name)
            elif error is not TopicAlreadyExistsError:
                raise KafkaUnavailable(f"making {name}: {error.__name__}: {message}")
        return made


def fact_topic() -> dict[str, str]:
    """The configuration of a topic of facts: nothing in it is ever deleted."""
    return {"retention.ms": FOREVER, "retention.bytes": FOREVER, "cleanup.policy": "delete"}


async def check_fact_topic(config: KafkaConfig, topic: str) -> None:
    """For `readyz`: raises KafkaProblem unless the topic has one partition and keeps its messages for ever."""
    async with _administration(config, f"asking for the configuration of {topic}") as client:
        partitions = (await client.describe_topics([topic]))[0]["partitions"]
        answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    values = {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
    if len(partitions) != 1:
        raise KafkaProblem(f"{topic} has {len(partitions)} partitions, not one")
    for name, wanted in fact_topic().items():
        if values.get(name) != wanted:
            raise KafkaProblem(f"{topic} has {name}={values.get(name)}, not {wanted}")
