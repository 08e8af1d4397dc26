"""The checked reader of the sealed log: every service that acts on sealed facts is a witness of the log.

Trust begins with the log's vkey. Each message's head must bear the log's signature, its entries must begin where the
reader stands, and the root recomputed from the reader's own edge must be the head's. What the topic did not bring is
filled from the published log, in chunks that end at heads and are checked in the same way.

A bad root, a second head of one size or a false signature of the log stops the reader, until a person has removed the
evidence from the state folder; the rest of the process goes on. A message that the log did not sign says nothing and is
passed over with an alarm.

What the reader does not do, since it needs the service's tables: of two leaves with one (source, id), or with one
(source, command, ordinal), only the lowest index has an effect, which a service enforces by unique constraints, taking
entries in order; and an effect that depends on its subject's predecessor waits for it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from shared.kafka import KafkaConfig, KafkaProblem, Reader, Record, reading
from shared.merkle import Range, leaf_hash
from shared.notes import VerifierKey
from shared.outside import Evidence, SealedIndexFile
from shared.pause import pause
from shared.published_log import LogUnavailable, PublishedHead, PublishedLog
from shared.reader_position import PositionMoved
from shared.sealed_batch import Head, Position, SealedBatch
from shared.sealed_message import Forged, SealedMessage, Stranger, parse_message, verified_head
from shared.trouble import TROUBLE

SILENCE_SECONDS = 15.0
POLL_SECONDS = 1.0
RETRY_SECONDS = 0.5
CHUNK = 4096
RECORDS = 200

SIZE = Gauge("cadena_sealed_log_size", "Entries of the ledger that have had their effect here", ["topic"])
LAG = Gauge("cadena_sealed_log_lag_messages", "Sealed messages not yet read", ["topic"])
STOPPED = Gauge("cadena_sealed_log_stopped", "ALARM: 1 while the reader refuses to go on; see the evidence", ["topic"])
STRANGERS = Counter("cadena_sealed_log_strangers_total", "ALARM: messages that the log has not signed", ["topic"])
FILLED = Counter(
    "cadena_sealed_log_filled_total", "Entries read from the published log instead of the topic", ["topic"]
)

Load = Callable[[Head | None], Awaitable[Position]]
"""Given the newest head that the state folder remembers, the position that the database holds."""
Take = Callable[[SealedBatch], Awaitable[None]]

log = structlog.get_logger()


class Distrusted(Exception):
    """The log, or someone in its name, said what cannot be true. `notes` contradict each other."""

    def __init__(self, reason: str, *notes: str) -> None:
        super().__init__(reason)
        self.notes = [note for note in notes if note]


class NotReading(RuntimeError):
    """For `readyz`: why sealed entries do not arrive."""


class SealedLog:
    """Reads the sealed entries of one installation for one service."""

    def __init__(
        self,
        kafka: KafkaConfig,
        topic: str,
        vkey: str,
        published: PublishedLog,
        state: Path,
        *,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._kafka, self._topic, self._published = kafka, topic, published
        self._key = VerifierKey.parse(vkey)
        self._index, self._evidence = SealedIndexFile(state, self._key), Evidence(state)
        self._silence = silence_seconds
        self._position = Position()
        self._kept: Head | None = None
        self._take: Take
        self._state = "has not begun"
        STOPPED.labels(topic).set(0)

    async def demand_reading(self) -> None:
        """For `readyz`: raises NotReading."""
        if self._state:
            raise NotReading(f"the reader of {self._topic} {self._state}")

    async def follow(self, load: Load, take: Take, stop: asyncio.Event) -> None:
        """Hand every batch to `take`, in order, until told to stop, through outages of Kafka, log and database.

        `take` saves `batch.after` in the transaction of the effects (shared.reader_position.save_position); where it
        fails for want of a database, or since another process moved the position, reading begins anew from `load()`.
        A database that was set back reads on from where it stands, and the head that the folder remembers must lie on
        the way. Raises SealedIndexUnreadable before any effect, and whatever else `load` and `take` raise.
        """
        self._take = take
        if kept := self._evidence.found():
            await self._stand_still(f"stopped: {kept[0]} awaits a person", stop)
        while not stop.is_set():
            try:
                await self._loaded(load)
                await self._read(stop)
            except Distrusted as error:
                await self._stand_still(f"stopped: {error}", stop)
            except (KafkaProblem, LogUnavailable, PositionMoved, *TROUBLE) as error:
                self._state = f"begins anew after {type(error).__name__}"  # what a driver said is for the log
                log.warning("the reader begins anew", topic=self._topic, reason=str(error)[:500])
                await pause(stop, RETRY_SECONDS)

    async def _stand_still(self, state: str, stop: asyncio.Event) -> None:
        self._state = state
        STOPPED.labels(self._topic).set(1)
        log.error("the reader stops", topic=self._topic, reason=state)
        await stop.wait()

    async def _loaded(self, load: Load) -> None:
        """Begin at the stored position, which must lead to the head it was under, and not to a second one."""
        self._kept = self._index.read()
        self._position = position = await load(self._kept)
        SIZE.labels(self._topic).set(position.size)
        if position.note:
            head = self._head(position.note, "the stored position")
            if Range(position.size, position.edge).root() != head.root or head.size != position.size:
                raise self._distrust("the stored position does not lead to its head", "position", None, head.note)
        self._demand_remembered(Range(position.size, position.edge), [], position.note)

    def _demand_remembered(self, edge: Range, entries: list[bytes], note: str) -> None:
        """The head that the folder remembers lies on the way from `edge` over `entries`, or is not reached yet."""
        kept = self._kept
        if kept is None or not kept.size or not edge.size <= kept.size <= edge.size + len(entries):
            return
        edge.append([leaf_hash(entry) for entry in entries[: kept.size - edge.size]])
        if edge.root() != kept.root:
            raise self._distrust("two heads of one size", str(self._index.path), None, kept.note, note)
        self._kept = None

    async def _read(self, stop: asyncio.Event) -> None:
        """One session with Kafka. While there is none, or it is silent, the published log is asked."""
        try:
            async with reading(self._kafka, [self._topic]) as reader:
                start, end = await self._place(reader)
                reader.read_from({self._topic: start})
                if start == end:
                    await self._catch_up()
                self._state = ""
                await self._listen(reader, stop)
        except KafkaProblem:
            await self._catch_up()
            raise

    async def _listen(self, reader: Reader, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        heard = clock()
        while not stop.is_set():
            records = (await reader.batch(RECORDS, POLL_SECONDS)).get(self._topic, [])
            for record in records:
                if stop.is_set():
                    return
                await self._record(record)
                heard = clock()
            if clock() - heard > self._silence:
                await self._catch_up()
                heard = clock()
            if not records or len(records) == RECORDS:
                LAG.labels(self._topic).set((await reader.end_offsets())[self._topic] - 1 - self._position.kafka_offset)

    async def _place(self, reader: Reader) -> tuple[int, int]:
        """Where to read on: after the message taken last if it is still there, else from the earliest; and the end."""
        begin, end = (await reader.beginning_offsets())[self._topic], (await reader.end_offsets())[self._topic]
        hint = self._position.kafka_offset
        record = await reader.record_at(self._topic, hint) if hint >= 0 else None
        if record is None:
            return begin, end
        with contextlib.suppress(Stranger):
            message = self._parsed(record)
            if message.head.size <= self._position.size:
                self._demand_same_head(message.head, record)
                return hint + 1, end
        return begin, end

    async def _record(self, record: Record) -> None:
        try:
            message = self._parsed(record)
        except Stranger as error:
            STRANGERS.labels(self._topic).inc()
            log.error("a stranger's message", topic=self._topic, offset=record.offset, reason=str(error))
            return
        if message.first > self._position.size:
            await self._fill(message.first)
        position = self._position
        if message.head.size < position.size:
            return
        self._demand_same_head(message.head, record)
        batch = SealedBatch(
            position, message.entries[max(0, position.size - message.first) :], message.head, message.generation,
            message.next_offsets, record.offset,
        )  # fmt: skip
        await self._checked(batch, record)

    def _parsed(self, record: Record) -> SealedMessage:
        try:
            return parse_message(record.headers, record.value, self._key)
        except Forged as error:
            note = dict(record.headers).get("cadena-head", b"").decode(errors="replace")
            raise self._distrust(str(error), _name(record), record.value, self._position.note, note) from error

    def _demand_same_head(self, head: Head, record: Record) -> None:
        if head.size == self._position.size and head.root != Range(head.size, self._position.edge).root():
            raise self._distrust("two heads of one size", _name(record), record.value, self._position.note, head.note)

    async def _checked(self, batch: SealedBatch, record: Record | None = None) -> None:
        if batch.root != batch.head.root:
            place, value = (_name(record), record.value) if record else ("the published log", None)
            raise self._distrust(
                f"the entries [{batch.first}, {batch.head.size}) do not lead to the root that was signed",
                place, value, batch.before.note, batch.head.note,
            )  # fmt: skip
        self._demand_remembered(Range(batch.first, batch.before.edge), batch.entries, batch.head.note)
        await self._take(batch)
        self._position = batch.after
        await asyncio.to_thread(self._index.move_up, batch.head)  # waits for the disk
        SIZE.labels(self._topic).set(batch.head.size)

    async def _catch_up(self) -> None:
        """Read what the published log has beyond us; where it has no answer, the topic will be heard again."""
        with contextlib.suppress(LogUnavailable):
            while heads := await self._published.heads_after(self._position.size):
                await self._fill_to(_farthest(heads, self._position.size, heads[-1].size))

    async def _fill(self, target: int) -> None:
        """Fill a gap up to `target`, which a signed head said there is. Raises LogUnavailable."""
        log.info("filling a gap", topic=self._topic, first=self._position.size, end=target)
        while self._position.size < target:
            heads = await self._published.heads_after(self._position.size)
            if not heads:
                raise LogUnavailable(f"the published log ends at {self._position.size}, before {target}")
            await self._fill_to(_farthest(heads, self._position.size, target))

    async def _fill_to(self, published: PublishedHead) -> None:
        position = self._position
        head = self._head(published.whole_note, "the published log")
        if head.size != published.size or head.size <= position.size:
            raise LogUnavailable(f"the published log lists a head of {head.size} as {published.size}")
        entries = await self._published.entries(position.size, head.size)
        FILLED.labels(self._topic).inc(len(entries))
        await self._checked(SealedBatch(position, entries, head, position.generation, {}, position.kafka_offset))

    def _head(self, note: str, place: str) -> Head:
        try:
            return verified_head(note, self._key)
        except (Stranger, Forged) as error:
            raise self._distrust(str(error), place, None, self._position.note, note) from error

    def _distrust(self, reason: str, place: str, value: bytes | None, *notes: str) -> Distrusted:
        kept = self._evidence.keep(reason, [note for note in notes if note], place, value)
        return Distrusted(f"{reason}; kept in {kept}", *notes)


def _farthest(heads: list[PublishedHead], size: int, target: int) -> PublishedHead:
    """The farthest head up to `target` that is no more than a chunk away; the next one, if that is farther."""
    near = [head for head in heads if head.size <= min(target, size + CHUNK)]
    return near[-1] if near else heads[0]


def _name(record: Record) -> str:
    return f"{record.topic} at offset {record.offset}"
