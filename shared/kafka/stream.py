"""Reading in columns, for whoever takes more messages than it can make objects of: lists of offsets and of values.

While one answer of a broker is worked on, the next is asked for. The library's consumer would make an object of eleven
members of each message, and ask again only when the last of them is taken.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, RecordTooLargeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from shared.kafka.client import CALL_SECONDS, KafkaUnavailable, Session, deadline

ENOUGH_BYTES = 1024 * 1024
READ_UNCOMMITTED = 0  # nobody of ours writes in transactions


class Columns(NamedTuple):
    """Messages of one topic in its order: two lists of one length. A message without a value has an empty one."""

    topic: str
    offsets: list[int]
    values: list[bytes]


class Stream:
    """Topics read on from given places, one answer ahead."""

    def __init__(
        self, client: Any, session: Session, positions: Mapping[str, int], *, linger_ms: int, fetch_bytes: int
    ) -> None:
        self._client, self._session = client, session
        self._next = dict(positions)
        self._linger_ms, self._fetch_bytes = linger_ms, fetch_bytes
        self._asking: dict[int, asyncio.Task[list[Columns]]] = {}
        self._held: list[Columns] = []

    async def batch(self, most: int, seconds: float) -> list[Columns]:
        """What has arrived, at most `most` messages, a topic at a time by name; empty after `seconds` without any.

        Raises OffsetOutOfRange, TopicMissing, and KafkaUnavailable as soon as the connection is not the one opened.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not self._held and (left := end - loop.time()) > 0:
            self._ask()
            done, _ = await asyncio.wait(self._asking.values(), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            for node in [node for node, task in self._asking.items() if task in done]:
                self._held += self._asking.pop(node).result()
            self._held.sort(key=lambda columns: columns.topic)
        if not self._session.holds():
            raise KafkaUnavailable(f"the connection to {', '.join(self._next)} was lost")
        self._ask()
        return self._take(most)

    async def close(self) -> None:
        """Ask no more."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ask(self) -> None:
        """One question to each leader that has none to answer; what it answered last may still be held."""
        leaders: dict[int | None, list[str]] = {}
        for topic in self._next:
            leaders.setdefault(self._client.cluster.leader_for_partition(TopicPartition(topic, 0)), []).append(topic)
        for node, topics in leaders.items():
            if node is None or node < 0:
                raise KafkaUnavailable(f"no broker leads {', '.join(topics)}")
            if node not in self._asking:
                self._asking[node] = asyncio.create_task(self._fetch(node, topics))

    async def _fetch(self, node: int, topics: Sequence[str]) -> list[Columns]:
        wanted = [(topic, [(0, self._next[topic], self._fetch_bytes)]) for topic in topics]
        request = FetchRequest(
            self._linger_ms or 500, ENOUGH_BYTES if self._linger_ms else 1, 2 * self._fetch_bytes, READ_UNCOMMITTED,
            wanted, rack_id="",
        )  # fmt: skip
        found = []
        async with deadline(CALL_SECONDS, f"reading {', '.join(topics)}"):
            answer = await self._client.send(node, request)
            for topic, partitions in answer.topics:
                for _, code, *_, raw in partitions:
                    if code:
                        raise for_code(code)(f"{topic} at {self._next[topic]}")
                    columns, self._next[topic] = await _columns(topic, self._next[topic], raw)
                    if columns.offsets:
                        found.append(columns)
        return found

    def _take(self, most: int) -> list[Columns]:
        taken = []
        while self._held and most > 0:
            topic, offsets, values = self._held.pop(0)
            if len(offsets) > most:
                self._held.insert(0, Columns(topic, offsets[most:], values[most:]))
                offsets, values = offsets[:most], values[:most]
            taken.append(Columns(topic, offsets, values))
            most -= len(offsets)
        return taken


async def _columns(topic: str, position: int, raw: bytes) -> tuple[Columns, int]:
    """The messages from `position` on, and where to read next. Between batches others have their turn."""
    records = MemoryRecords(raw)
    found = Columns(topic, [], [])
    if raw and not records.has_next():
        raise RecordTooLargeError(f"a batch of {topic} at {position} is larger than what was asked for")
    while records.has_next():
        batch = records.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"{topic} after {position}")
        if not batch.is_control_batch:
            # A batch comes whole, also if it begins before the place asked for.
            wanted = [record for record in batch if record.offset >= position]
            found.offsets.extend([record.offset for record in wanted])
            found.values.extend([record.value or b"" for record in wanted])
        position = max(position, batch.next_offset)
        await asyncio.sleep(0)
    return found, position
