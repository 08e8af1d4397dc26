"""The checked reader against real Kafka and real PostgreSQL: what it takes, what it fills, and what stops it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Column, LargeBinary, Table, insert, select

from deploy.local.databases import Urls
from shared.kafka import KafkaConfig, Message, Producer, ensure_topics
from shared.published_log import PublishedLog
from shared.reader_position import PositionMoved, load_position, save_position
from shared.sealed_batch import Head, Position, SealedBatch
from shared.sealed_log import NotReading, SealedLog
from tests.shared.outboxes import Outbox, delete_topic, eventually
from tests.shared.sealed_topics import TOKEN, Log


@dataclass
class Service:
    """A service whose only effect is to keep the entries."""

    outbox: Outbox
    kafka: KafkaConfig
    topic: str
    folder: Path
    log: Log = field(default_factory=Log)
    batches: list[SealedBatch] = field(default_factory=list)
    fail_after: int | None = None

    def __post_init__(self) -> None:
        self.taken = Table(
            "taken", self.outbox.metadata,
            Column("idx", BigInteger), Column("bytes", LargeBinary),  # nothing here keeps an effect from happening twice
        )  # fmt: skip
        self.state, self.token = self.folder / "state", self.folder / "token"
        self.token.write_text(TOKEN + "\n")

    async def send(self, *messages: Message) -> None:
        producer = await Producer.open(self.kafka)
        try:
            await producer.send_many(self.topic, messages)
        finally:
            await producer.close()

    async def load(self, kept: Head | None = None) -> Position:
        async with self.outbox.engine.connect() as connection:
            return await load_position(connection, self.outbox.position)

    async def take(self, batch: SealedBatch) -> None:
        if self.fail_after is not None and batch.head.size > self.fail_after:
            raise OSError("the database went away")
        async with self.outbox.engine.begin() as connection:
            rows = [{"idx": batch.first + at, "bytes": entry} for at, entry in enumerate(batch.entries)]
            if rows:
                await connection.execute(insert(self.taken), rows)
            await save_position(connection, self.outbox.position, batch)
        self.batches.append(batch)

    async def entries(self) -> list[bytes]:
        async with self.outbox.engine.connect() as connection:
            return list((await connection.execute(select(self.taken.c.bytes).order_by(self.taken.c.idx))).scalars())

    async def at(self, size: int) -> None:
        """Wait until the position is `size`, then demand that exactly the log's entries had their effect."""

        async def there() -> bool:
            return (await self.load()).size >= size

        await eventually(there)
        assert await self.entries() == self.log.entries[:size]
        assert (await self.load()).edge == self.log.edge(size)

    def evidence(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted((self.state / "evidence").glob("*.json"))]

    @asynccontextmanager
    async def reading(self, vkey: str | None = None, silence: float = 15.0) -> AsyncIterator[SealedLog]:
        stop = asyncio.Event()
        async with PublishedLog("http://log.example", self.token, self.log.transport()) as published:
            reader = SealedLog(
                self.kafka, self.topic, vkey or self.log.vkey, published, self.state, silence_seconds=silence
            )
            running = asyncio.create_task(reader.follow(self.load, self.take, stop))
            try:
                yield reader
            finally:
                stop.set()
                async with asyncio.timeout(30):
                    await running

    async def stopped(self, reader: SealedLog) -> str:
        """Wait until the reader refuses to go on; why."""

        async def refuses() -> bool:
            return "stopped" in await _state(reader)

        await eventually(refuses)
        return await _state(reader)


async def _state(reader: SealedLog) -> str:
    try:
        await reader.demand_reading()
    except NotReading as error:
        return str(error)
    return ""


@pytest.fixture
async def service(
    empty_databases: Urls, kafka_broker: KafkaConfig, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Service]:
    outbox = Outbox(empty_databases["notify"]["owner"])
    made = Service(outbox, kafka_broker, f"{topic_prefix}{uuid4().hex[:8]}", tmp_path)
    await outbox.create()
    await ensure_topics(made.kafka, {made.topic: {}})
    yield made
    await outbox.close()


async def test_batches_arrive_checked_and_in_order(service: Service) -> None:
    service.log.grow(1, 5, 300)
    await service.send(*service.log.messages(places={"facts": 7}))
    async with service.reading() as reader:
        await service.at(306)
        await reader.demand_reading()
    assert [(batch.first, batch.head.size) for batch in service.batches] == [(0, 1), (1, 6), (6, 306)]
    assert [batch.kafka_offset for batch in service.batches] == [0, 1, 2]
    assert service.batches[-1].next_offsets == {"facts": 7}
    assert service.log.asked == []


async def test_reading_goes_on_where_it_stopped(service: Service) -> None:
    service.log.grow(3)
    await service.send(*service.log.messages())
    async with service.reading():
        await service.at(3)
    service.log.grow(4)
    await service.send(service.log.message(3, 7))
    async with service.reading():
        await service.at(7)
    assert [batch.kafka_offset for batch in service.batches] == [0, 1]


async def test_a_message_without_entries_tells_of_generation_and_offsets(service: Service) -> None:
    service.log.grow(3)
    await service.send(*service.log.messages(), service.log.message(3, 3, generation=2, places={"facts": 9}))

    async def told() -> bool:
        return len(service.batches) == 2

    async with service.reading():
        await eventually(told)
    last = service.batches[-1]
    assert (last.entries, last.generation, last.next_offsets) == ([], 2, {"facts": 9})
    assert (await service.load()).generation == 2


async def test_a_gap_is_filled_from_the_published_log_in_chunks_that_end_at_heads(service: Service) -> None:
    service.log.grow(3, 500, 4000, 5000, 2)
    await service.send(service.log.message(0, 3), service.log.message(9503, 9505))
    async with service.reading():
        await service.at(9505)
    assert [batch.head.size for batch in service.batches] == [3, 503, 4503, 9503, 9505]
    assert "/tile/entries/000" in service.log.asked
    assert "/tile/entries/001.p/247" in service.log.asked


async def test_a_gap_waits_for_a_log_that_is_down(service: Service) -> None:
    service.log.grow(3, 4, 5)
    service.log.up = False
    await service.send(service.log.message(0, 3), service.log.message(7, 12))
    async with service.reading() as reader:
        await service.at(3)

        async def waits() -> bool:
            return "LogUnavailable" in await _state(reader)

        await eventually(waits)
        service.log.up = True
        await service.at(12)


async def test_an_overlap_is_taken_once(service: Service) -> None:
    service.log.grow(3, 4)
    both = service.log.messages()
    await service.send(both[0], both[0], both[1], both[0], service.log.message(1, 7), both[1])
    service.log.grow(2)
    await service.send(service.log.message(5, 9))
    async with service.reading():
        await service.at(9)


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(service: Service) -> None:
    service.log.grow(3, 4, 2)
    await service.send(*service.log.messages()[:2])
    async with service.reading():
        await service.at(7)
    await delete_topic(service.kafka, service.topic)
    await ensure_topics(service.kafka, {service.topic: {}})
    await service.send(service.log.message(7, 7, generation=1), service.log.message(7, 9, generation=1))
    async with service.reading():
        await service.at(9)
    assert (await service.load()).kafka_offset == 1


async def test_an_empty_topic_is_no_hindrance(service: Service) -> None:
    service.log.grow(3, 300)
    async with service.reading():
        await service.at(303)


async def test_silence_is_filled_from_the_published_log(service: Service) -> None:
    service.log.grow(3)
    await service.send(*service.log.messages())
    async with service.reading(silence=0.2):
        await service.at(3)
        service.log.grow(5)
        await service.at(8)


async def test_a_topic_that_is_gone_while_reading_is_no_hindrance(service: Service) -> None:
    service.log.grow(3)
    await service.send(*service.log.messages())
    async with service.reading():
        await service.at(3)
        await delete_topic(service.kafka, service.topic)
        service.log.grow(5)
        await service.at(8)


async def test_an_effect_that_fails_is_done_again_and_once(service: Service) -> None:
    service.log.grow(3, 4)
    service.fail_after = 3
    await service.send(*service.log.messages())
    async with service.reading() as reader:
        await service.at(3)

        async def begins_anew() -> bool:
            return "OSError" in await _state(reader)

        await eventually(begins_anew)
        service.fail_after = None
        await service.at(7)


async def test_of_two_processes_one_has_the_effect(service: Service) -> None:
    service.log.grow(*[2] * 30)
    await service.send(*service.log.messages())
    async with service.reading(), service.reading():
        await service.at(60)


async def test_a_position_moves_on_from_where_it_stands_and_from_nowhere_else(service: Service) -> None:
    service.log.grow(3, 4)
    start = Position()
    first = SealedBatch(start, service.log.entries[:3], Head(3, service.log.root(3), service.log.note(3)), 0, {}, 0)
    second = SealedBatch(first.after, [], first.head, 1, {}, 1)
    await service.take(first)
    await service.take(second)
    for again in (first, second):
        with pytest.raises(PositionMoved):
            await service.take(again)
    assert await service.load() == second.after
    assert await service.entries() == service.log.entries[:3]


async def test_a_strangers_message_is_passed_over(service: Service) -> None:
    service.log.grow(3, 4)
    first, second = service.log.messages()
    stranger = Log(seed=2)
    stranger.grow(7)
    await service.send(
        Message(b"garbage"), first, stranger.messages()[0], Message(b"", (("cadena-head", b"\xff"),)), second
    )
    async with service.reading():
        await service.at(7)
    assert service.evidence() == []


@pytest.mark.parametrize("what", ["changed", "removed", "inserted", "swapped"])
async def test_g7_entries_that_do_not_lead_to_the_root_stop_the_reader(service: Service, what: str) -> None:
    service.log.grow(3, 4)
    told = {
        "changed": [b'{"n":3}', b'{"n":4}', b'{"n":5}', b'{"n":7}'],
        "removed": service.log.entries[3:6],
        "inserted": [*service.log.entries[3:7], b"{}"],
        "swapped": [service.log.entries[at] for at in (4, 3, 5, 6)],
    }[what]
    await service.send(service.log.message(0, 3), service.log.message(3, 7, entries=told))
    async with service.reading() as reader:
        await service.stopped(reader)
        assert len(await service.entries()) == 3
    assert service.log.note(7) in service.evidence()[0]["notes"]


@pytest.mark.parametrize("entries", [0, 3])
async def test_g8_two_heads_of_one_size_stop_the_reader_and_both_are_kept(service: Service, entries: int) -> None:
    service.log.grow(3, 4)
    other = service.log.note(3, root=bytes(32))
    fork = service.log.message(3 - entries, 3, note=other)
    await service.send(service.log.message(0, 3), fork, service.log.message(3, 7))
    async with service.reading() as reader:
        assert "two heads of one size" in await service.stopped(reader)
    (kept,) = service.evidence()
    assert kept["notes"] == [service.log.note(3), other]
    assert len(await service.entries()) == 3


async def test_g8_a_root_that_does_not_continue_ours_stops_the_reader_in_a_gap_too(service: Service) -> None:
    service.log.grow(3, 4, 2)
    await service.send(service.log.message(0, 3))
    async with service.reading():
        await service.at(3)
    service.log.entries[1] = b'{"n":"rewritten"}'
    await service.send(service.log.message(7, 9))
    async with service.reading() as reader:
        assert "do not lead to the root" in await service.stopped(reader)
    assert len(await service.entries()) == 3


async def test_a_false_signature_of_the_log_stops_the_reader(service: Service) -> None:
    service.log.grow(3)
    note = service.log.note(3)
    await service.send(service.log.message(0, 3, note=note.replace("\n3\n", "\n4\n")))
    async with service.reading() as reader:
        await service.stopped(reader)
    assert await service.entries() == []


async def test_a_reader_that_stopped_stays_stopped_until_a_person_removed_the_evidence(service: Service) -> None:
    service.log.grow(3, 4)
    await service.send(service.log.message(0, 3), service.log.message(3, 7, entries=service.log.entries[2:6]))
    async with service.reading() as reader:
        await service.stopped(reader)
    await delete_topic(service.kafka, service.topic)
    await ensure_topics(service.kafka, {service.topic: {}})
    async with service.reading() as reader:
        assert "awaits a person" in await service.stopped(reader)
        assert len(await service.entries()) == 3
    for path in (service.state / "evidence").glob("*.json"):
        path.unlink()
    async with service.reading():
        await service.at(7)


async def test_a_position_that_was_tampered_with_is_found(service: Service) -> None:
    service.log.grow(3)
    await service.send(*service.log.messages())
    async with service.reading():
        await service.at(3)
    async with service.outbox.engine.begin() as connection:
        await connection.execute(service.outbox.position.update().values(edge=[bytes(32), bytes(32)]))
    async with service.reading() as reader:
        assert "does not lead to its head" in await service.stopped(reader)


async def test_g8_a_database_that_was_set_back_reads_on_and_who_loads_it_is_told_what_the_folder_remembers(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.log.grow(3, 4)
    await service.send(*service.log.messages())
    async with service.reading():
        await service.at(7)
    await service.outbox.create()
    told: list[int] = []
    load = service.load

    async def listening(kept: Head | None = None) -> Position:
        told.append(kept.size if kept else -1)
        return await load()

    monkeypatch.setattr(service, "load", listening)
    async with service.reading():
        await service.at(7)
    assert 7 in told


async def test_g8_a_database_set_back_follows_no_other_history_than_the_folder_remembers(service: Service) -> None:
    service.log.grow(3, 4)
    await service.send(*service.log.messages())
    async with service.reading():
        await service.at(7)
    await service.outbox.create()
    await delete_topic(service.kafka, service.topic)
    await ensure_topics(service.kafka, {service.topic: {}})
    fork = Log()
    fork.entries = [*service.log.entries[:5], b"another", b"history", b"is told"]
    await service.send(fork.message(0, 3), fork.message(3, 8))
    async with service.reading() as reader:
        assert "two heads of one size" in await service.stopped(reader)
    assert await service.entries() == service.log.entries[:3]
