"""A service's outbox for tests: its tables in a database of their own, events in it, and what a topic holds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import MetaData, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database import engine, metadata
from shared.events import Actor, Event
from shared.kafka import KafkaConfig, Message, Producer, reading
from shared.outbox import EventTables, Recorded, event_tables, stage
from shared.reader_position import reader_position_table

SOURCE = "urn:cadena:test:custody"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(number: int, *, command: str | None = None, ordinal: int = 0) -> Event:
    """An event that no rule made: version 1 of a subject of its own."""
    return Event(
        id=str(uuid4()),
        source=SOURCE,
        type="org.cadena.custody.sample.registered.v1",
        dataschema="urn:cadena:schema:custody.sample.registered.v1",
        subject=f"sample/{uuid4()}",
        sequence=1,
        time=NOON,
        occurred_at=NOON,
        actor=Actor(service="custody"),
        command=command or f"{uuid4().int:064x}"[-64:],
        ordinal=ordinal,
        outcome="accepted",
        data={"number": number},
    )


class Outbox:
    """The event tables of one service in an empty database."""

    def __init__(self, owner_url: str) -> None:
        self.url = owner_url
        self.metadata: MetaData = metadata()
        self.tables: EventTables = event_tables(self.metadata)
        self.position = reader_position_table(self.metadata)
        self.engine: AsyncEngine = engine(owner_url)

    async def create(self) -> None:
        async with self.engine.begin() as connection:
            await connection.run_sync(self.metadata.drop_all)
            await connection.run_sync(self.metadata.create_all)

    async def close(self) -> None:
        await self.engine.dispose()

    async def record(self, count: int) -> list[Event]:
        """Record events, all in one transaction."""
        events = [event(number) for number in range(count)]
        async with self.engine.begin() as connection:
            await stage(connection, self.tables, [Recorded.of(each) for each in events])
        return events

    async def open(self) -> AsyncConnection:
        """A connection with a transaction of the caller's own."""
        connection = await self.engine.connect()
        await connection.begin()
        return connection

    async def seal(self, events: Sequence[Event]) -> None:
        """Mark events as sealed, as a reader would."""
        async with self.engine.begin() as connection:
            first = (await connection.execute(select(func.count()).select_from(self.tables.sealed))).scalar_one()
            rows = [
                {"event_id": each.id, "idx": first + at, "size": first + len(events)} for at, each in enumerate(events)
            ]
            await connection.execute(insert(self.tables.sealed), rows)

    async def publications(self) -> list[tuple[int, int, str]]:
        """(event's seq, offset, reason), in the order of writing."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT event_seq, kafka_offset, reason FROM publication ORDER BY attempt")
            )
            return [tuple(row) for row in rows]


async def messages(kafka: KafkaConfig, topic: str) -> list[bytes]:
    """All values in a topic, in order."""
    async with reading(kafka, [topic]) as reader:
        begin, end = (await reader.beginning_offsets())[topic], (await reader.end_offsets())[topic]
        reader.read_from({topic: begin})
        found: list[bytes] = []
        while begin + len(found) < end:
            found += [record.value or b"" for record in (await reader.batch(1000, 5)).get(topic, [])]
        return found


async def delete_topic(kafka: KafkaConfig, topic: str) -> None:
    """Delete a topic and wait until it is gone."""
    client = AIOKafkaAdminClient(**kafka.arguments())
    await client.start()
    try:
        await client.delete_topics([topic])
        await eventually(lambda: _gone(client, topic))
    finally:
        await client.close()


async def _gone(client: AIOKafkaAdminClient, topic: str) -> bool:
    return topic not in await client.list_topics()


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 30) -> None:
    """Wait for a condition; TimeoutError at the deadline."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  what is waited for happens in a database or a broker
            await asyncio.sleep(0.02)


class Failing:
    """A producer whose n-th call fails, after sending all, some or nothing; later ones work."""

    def __init__(
        self, inner: Producer, failures: dict[int, Callable[[list[int]], list[int]]], calls: list[int]
    ) -> None:
        self._inner = inner
        self._failures = failures
        self._calls = calls

    async def send_many(self, topic: str, sent: Sequence[Message]) -> list[int]:
        self._calls[0] += 1
        failure = self._failures.get(self._calls[0])
        offsets = await self._inner.send_many(topic, sent)
        return failure(offsets) if failure else offsets

    def connected(self) -> bool:
        return self._inner.connected()

    async def close(self) -> None:
        await self._inner.close()
