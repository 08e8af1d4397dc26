"""The relay: every recorded event goes to its topic, in order, again only by rule, and never is one left behind.

The topic may be lost, cut or replaced at any time; the event table is what counts. Rules for publishing again:
- *lost*: at start, after any failed send and after a lost connection the last published message is read back. Absent
  or different: all unsealed events go out again before any new one.
- *generation*: once per generation, each unsealed event is looked up at its place; what is not there goes out again.
- *passed*: audit has consumed past an event's place without an entry for it: it goes out again, once. A further miss is
  the alarm `unsealable`.
Each decision is a row before it is a message, so a relay that dies in between goes on where it was.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Gauge

from shared.database import connect
from shared.failpoint import reach
from shared.kafka import (
    READ,
    WRITE,
    KafkaConfig,
    KafkaProblem,
    KafkaUnavailable,
    Message,
    Producer,
    demand_rights,
    reading,
)
from shared.pause import either, pause
from shared.relay_lock import RelayLock
from shared.relay_store import Due, Placed, RelayStore
from shared.trouble import TROUBLE

BATCH = 1000
POLL_SECONDS = 0.04
HOUSEKEEPING_SECONDS = 1.0
LOCK_SECONDS = 10.0
RETRY_SECONDS = 0.5
STATEMENT_SECONDS = 120.0

UNPUBLISHED_AGE = Gauge("cadena_unpublished_age_seconds", "Age of the oldest event not yet in its topic", ["topic"])
UNPUBLISHED = Gauge("cadena_unpublished_events", "Events not yet in their topic, counted to 10,000", ["topic"])
UNSEALED_AGE = Gauge("cadena_unsealed_age_seconds", "Age of the oldest own event without an entry", ["topic"])
UNSEALABLE = Gauge("cadena_unsealable_events", "ALARM: events passed by audit twice without an entry", ["topic"])
PUBLISHED = Counter("cadena_relay_published_total", "Messages sent, by why", ["topic", "reason"])
FAILURES = Counter("cadena_relay_failures_total", "Times the relay had to begin anew", ["topic"])

log = structlog.get_logger()


class SendsInOrder(Protocol):
    """What the relay needs of a producer; see shared.kafka.Producer."""

    async def send_many(self, topic: str, messages: Sequence[Message]) -> list[int]:
        """Offsets in order, -1 for unknown; raises KafkaProblem if any failed."""

    def connected(self) -> bool:
        """False once a connection was lost."""

    async def close(self) -> None:
        """Close."""


class Relay:
    """Publishes one service's events to its topic. `run` it in the worker; tell it what the reader learns."""

    def __init__(
        self,
        database_url: str,
        kafka: KafkaConfig,
        topic: str,
        *,
        open_producer: Callable[[], Awaitable[SendsInOrder]] | None = None,
    ) -> None:
        self.topic = topic
        self._database_url = database_url
        self._kafka = kafka
        self._open_producer = open_producer or (lambda: Producer.open(kafka))
        self._generation = 0
        self._raised = 0
        self._consumed: tuple[int, int] | None = None
        self._last_offset = -1
        self._unsealable: set[int] = set()
        UNSEALABLE.labels(topic).set(0)

    @property
    def unsealable(self) -> int:
        """How many events audit passed twice without an entry: permits stop while there are any."""
        return len(self._unsealable)

    def sealed(self, generation: int, next_offsets: Mapping[str, int]) -> None:
        """Tell what a sealed batch said, after its effects (rows of `sealed` among them) are committed."""
        self._raised = max(self._raised, generation)
        if self.topic in next_offsets:
            self._consumed = (generation, next_offsets[self.topic])

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop, through outages of Kafka and of the database."""
        while not stop.is_set():
            try:
                await self._with_database(stop)
            except (KafkaProblem, *TROUBLE) as error:
                FAILURES.labels(self.topic).inc()
                log.warning("relay begins anew", topic=self.topic, reason=f"{type(error).__name__}: {error}")
                await pause(stop, RETRY_SECONDS)

    async def _with_database(self, stop: asyncio.Event) -> None:
        """Hold the lock, and publish while it is held."""
        name = f"relay {self.topic}"
        guard = await connect(self._database_url, statement_seconds=LOCK_SECONDS, application_name=f"{name} lock")
        try:
            lock = RelayLock(guard, self.topic)
            if await lock.take(stop):
                await either(self._work(stop, name), lock.beat())
        finally:
            with contextlib.suppress(*TROUBLE):
                await guard.close(timeout=5)

    async def _work(self, stop: asyncio.Event, name: str) -> None:
        connection = await connect(self._database_url, statement_seconds=STATEMENT_SECONDS, application_name=name)
        try:
            store = RelayStore(connection)
            self._raised = max(self._raised, await store.generation())
            while not stop.is_set():
                await self._measure(store)
                await self._with_kafka(store, stop)
        finally:
            with contextlib.suppress(*TROUBLE):
                await connection.close(timeout=5)

    async def _with_kafka(self, store: RelayStore, stop: asyncio.Event) -> None:
        """One session: check the topic, then publish; a failure ends it, and the next one checks again."""
        producer: SendsInOrder | None = None
        try:
            await demand_rights(self._kafka, {self.topic: {READ, WRITE}})
            await self._check_last(store)
            producer = await self._open_producer()
            await self._publish_until(store, producer, stop)
        except KafkaProblem as error:
            FAILURES.labels(self.topic).inc()
            log.warning("relay checks its topic", topic=self.topic, reason=str(error))
            await pause(stop, RETRY_SECONDS)
        finally:
            if producer is not None:
                await producer.close()

    async def _publish_until(self, store: RelayStore, producer: SendsInOrder, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        looked = clock()
        while not stop.is_set():
            if not producer.connected():
                raise KafkaUnavailable("the connection was lost; what came back may be empty")
            if self._raised > self._generation:
                await self._settle_generation(store)
            due = await store.due(BATCH)
            settled = await self._send(store, producer, due) if due else False
            if clock() - looked >= HOUSEKEEPING_SECONDS:
                await self._check_passed(store)
                await self._measure(store)
                looked = clock()
            if not settled:
                await pause(stop, POLL_SECONDS)

    async def _send(self, store: RelayStore, producer: SendsInOrder, due: Sequence[Due]) -> bool:
        """Publish and write down where; True if every place is known."""
        reach("before-produce")
        offsets = await producer.send_many(self.topic, [Message(event.raw) for event in due])
        reach("after-produce")
        places = [offset for offset in offsets if offset >= 0]
        if places and places[0] <= self._last_offset:
            raise KafkaProblem(f"{self.topic} went back from {self._last_offset} to {places[0]}: it is another topic")
        generation = self._generation
        reach("before-publication")
        await store.record(
            (event.seq, generation, offset, event.reason) for event, offset in zip(due, offsets, strict=True)
        )
        reach("after-publication")
        self._last_offset = max([self._last_offset, *places])
        for event in due:
            PUBLISHED.labels(self.topic, event.reason).inc()
        return len(places) == len(due)

    async def _check_last(self, store: RelayStore) -> None:
        """Rule *lost*. A topic that is not there is the operator's to make (TopicMissing); then it is an empty one."""
        last = await store.last()
        async with reading(self._kafka, [self.topic]) as reader:
            self._last_offset = (await reader.end_offsets())[self.topic] - 1
            there = await _stands(reader, self.topic, last) if last else True
        if not there:
            again = await store.forget_places(self._generation, "lost")
            log.error("the topic lost messages", topic=self.topic, last_offset=last and last.offset, again=again)
        await self._settle_generation(store)

    async def _settle_generation(self, store: RelayStore) -> None:
        """Rule *generation*: what stands in the topic will be read in this generation, the rest goes out again."""
        generation = self._raised
        placed = await store.placed_before(generation)
        if placed:
            present = await self._present(placed)
            found = [each for each in placed if each.seq in present]
            missing = [each for each in placed if each.seq not in present]
            await store.settle(generation, found, missing)
            log.warning(
                "a new generation", topic=self.topic, generation=generation, found=len(found), again=len(missing)
            )
        self._generation = generation

    async def _present(self, placed: Sequence[Placed]) -> set[int]:
        """Which of these events stand at their places, by one pass over the topic."""
        wanted = {each.offset: each for each in placed}
        present: set[int] = set()
        async with reading(self._kafka, [self.topic]) as reader:
            end = (await reader.end_offsets())[self.topic]
            self._last_offset, end = end - 1, min(end, max(wanted) + 1)
            at = max((await reader.beginning_offsets())[self.topic], min(wanted))
            reader.read_from({self.topic: at})
            while at < end:
                for record in (await reader.batch(5000, 5.0)).get(self.topic, []):
                    at = record.offset + 1
                    if record.offset in wanted and _same(record.value, wanted[record.offset]):
                        present.add(wanted[record.offset].seq)
        return present

    async def _check_passed(self, store: RelayStore) -> None:
        """Rule *passed*, and its alarm."""
        consumed, self._consumed = self._consumed, None
        if consumed is None or consumed[0] != self._generation:
            return
        once, again = await store.passed(*consumed)
        if once:
            await store.publish_again(once, self._generation, "passed")
            log.error("audit passed events without an entry", topic=self.topic, events=once[:20], count=len(once))
        if set(again) - self._unsealable:
            log.error("unsealable events", topic=self.topic, events=again[:20], count=len(again))
        self._unsealable = set(again)
        UNSEALABLE.labels(self.topic).set(len(again))

    async def _measure(self, store: RelayStore) -> None:
        measures = await store.measure()
        UNPUBLISHED.labels(self.topic).set(measures.unpublished)
        UNPUBLISHED_AGE.labels(self.topic).set(measures.oldest_unpublished)
        UNSEALED_AGE.labels(self.topic).set(measures.oldest_unsealed)


async def _stands(reader: Any, topic: str, placed: Placed) -> bool:
    record = await reader.record_at(topic, placed.offset)
    return record is not None and _same(record.value, placed)


def _same(value: bytes | None, placed: Placed) -> bool:
    return value is not None and hashlib.sha256(value).digest() == placed.sha256
