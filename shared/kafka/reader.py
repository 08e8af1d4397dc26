"""Reading: from places that the owner keeps, over one connection, without consumer groups."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.client import (
    CALL_SECONDS,
    KafkaConfig,
    KafkaUnavailable,
    Record,
    Session,
    deadline,
    end,
)
from shared.kafka.rights import READ, demand_rights
from shared.kafka.stream import Stream

FETCH_BYTES = 16 * 1024 * 1024
"""The most that one answer carries of a topic."""


class Reader:
    """Reads topics from places that its owner names, over one connection: `KafkaUnavailable` when that is lost.

    The owner then opens another one and checks that its last message is where it was, by `record_at`, before going on.
    """

    def __init__(self, client: Any, topics: Sequence[str], linger_ms: int, fetch_bytes: int) -> None:
        self._client = client
        self._linger_ms, self._fetch_bytes = linger_ms, fetch_bytes
        self._topics = tuple(topics)
        self._session = Session(client._client, self._topics)

    @classmethod
    async def open(
        cls, config: KafkaConfig, topics: Sequence[str], *, linger_ms: int = 0, fetch_bytes: int = FETCH_BYTES
    ) -> Self:
        """Connect to the leaders of the topics; raises KafkaUnavailable, TopicMissing, NotAllowed.

        `linger_ms` lets the broker collect up to a mebibyte for so long before it answers: larger batches for latency.
        """
        await demand_rights(config, {topic: {READ} for topic in topics})
        client = AIOKafkaConsumer(
            group_id=None, enable_auto_commit=False, auto_offset_reset="none",
            max_partition_fetch_bytes=fetch_bytes, fetch_max_bytes=2 * fetch_bytes,
            fetch_min_bytes=1024 * 1024 if linger_ms else 1, fetch_max_wait_ms=linger_ms or 500,
            **config.arguments(),
        )  # fmt: skip
        reader = cls(client, topics, linger_ms, fetch_bytes)
        try:
            async with deadline(CALL_SECONDS, "connecting a reader"):
                await client.start()
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
        # All topics stay assigned: of one that is not, the library forgets the leader, as if the connection were lost.
        self.read_from(ends | {topic: offset})
        async with deadline(CALL_SECONDS, f"reading {topic} at {offset}"):
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
        async with deadline(seconds + CALL_SECONDS, f"reading {', '.join(self._topics)}"):
            found = await self._client.getmany(timeout_ms=int(seconds * 1000), max_records=max_records)
        self._demand_session()
        return {partition.topic: records for partition, records in found.items()}

    def stream(self, positions: Mapping[str, int]) -> Stream:
        """Read on from these offsets in columns, for all topics of the reader; then nothing else may be read by it."""
        self.read_from(positions)
        self._client.pause(*self._client.assignment())
        return Stream(
            self._client._client, self._session, positions, linger_ms=self._linger_ms, fetch_bytes=self._fetch_bytes
        )

    async def close(self) -> None:
        """Close within five seconds."""
        await end(self._client.stop(), self._client._client.close())

    async def _offsets(self, ask: Any, doing: str) -> dict[str, int]:
        partitions = [TopicPartition(topic, 0) for topic in self._topics]
        async with deadline(CALL_SECONDS, f"{doing} {', '.join(self._topics)}"):
            found = await ask(partitions)
        self._demand_session()
        return {partition.topic: offset for partition, offset in found.items()}

    def _demand_session(self) -> None:
        if not self._session.holds():
            raise KafkaUnavailable(f"the connection to {', '.join(self._topics)} was lost")


@contextlib.asynccontextmanager
async def reading(
    config: KafkaConfig, topics: Sequence[str], *, linger_ms: int = 0, fetch_bytes: int = FETCH_BYTES
) -> AsyncIterator[Reader]:
    """A reader that is closed at the end of the block."""
    reader = await Reader.open(config, topics, linger_ms=linger_ms, fetch_bytes=fetch_bytes)
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
