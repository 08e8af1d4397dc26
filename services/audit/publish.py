"""Stage three: sealed entries go out on the audit topic, one head per message, each where the last one ended."""

from collections.abc import Mapping, Sequence
from time import monotonic

import orjson

from services.audit import metrics, store
from services.audit.errors import LedgerBehind
from services.audit.sign import Sealed
from services.audit.store import Connection, Head
from shared.failpoint import reach
from shared.kafka import KafkaConfig, Message, Producer, Record, reading
from shared.notes import Checkpoint, NoteError, VerifierKey, open_checkpoint
from shared.tiles import frame

LOOK_BACK = 100
CATCH_UP = 50

Places = Mapping[str, int]
"""Topic → offset of the next message to read."""


def message(first: int, framed: bytes, head: Head, generation: int, places: Places) -> Message:
    """The sealed message (docs/wire.md, Kafka): entries from `first` up to the head, which may be none."""
    return Message(
        framed,
        (
            ("cadena-first", b"%d" % first),
            ("cadena-head", head.signed.encode()),
            ("cadena-generation", b"%d" % generation),
            ("cadena-next", orjson.dumps(dict(places), option=orjson.OPT_SORT_KEYS)),
        ),
    )


class Publisher:
    """Publishes heads in order over one producer; a new session begins with `resume`."""

    def __init__(self, connection: Connection, producer: Producer, topic: str, generation: int) -> None:
        self._connection, self._producer, self._topic = connection, producer, topic
        self._generation = generation
        self._newest: Head | None = None
        self.sent_at = monotonic()

    async def resume(self, last: Checkpoint | None, origins: Places) -> None:
        """Publish every head after the last message's, each with what had been consumed at its size; then an empty one.

        Without a last message the topic is new: it begins with the newest head, and readers fill the gap from tiles.
        """
        self._newest = await store.newest_head(self._connection)
        at = last.size if last is not None else await store.size_before(self._connection, self._newest)
        while heads := await store.heads_after(self._connection, at, CATCH_UP):
            for head in heads:
                await self._send([await self._rebuild(at, head, origins)])
                at = head.size
        await self.say_nothing_new(await self._places(origins, None))

    async def publish(self, sealed: Sequence[Sealed], before: Places, after: Places) -> None:
        """Publish new heads. Only the last one covers all that was consumed; the others tell of `before`."""
        messages = [
            message(part.first, part.framed, part.head, self._generation, after if part is sealed[-1] else before)
            for part in sealed
        ]
        self._newest = sealed[-1].head
        await self._send(messages)

    async def say_nothing_new(self, places: Places) -> None:
        """A message without entries: the same head, and how far was read. Nothing before leaf 0."""
        if self._newest is not None:
            await self._send([message(self._newest.size, b"", self._newest, self._generation, places)])

    async def _rebuild(self, first: int, head: Head, origins: Places) -> Message:
        entries = await store.entries(self._connection, first, head.size)
        return message(first, frame(entries), head, self._generation, await self._places(origins, head.size))

    async def _places(self, origins: Places, size: int | None) -> dict[str, int]:
        consumed = await store.consumed(self._connection, self._generation, size)
        return dict(origins) | {topic: place.offset + 1 for topic, place in consumed.items()}

    async def _send(self, messages: Sequence[Message]) -> None:
        reach("before-publish")
        await self._producer.send_many(self._topic, messages)
        reach("after-publish")
        metrics.PUBLISHED.inc(len(messages))
        self.sent_at = monotonic()


async def last_published(config: KafkaConfig, topic: str, log: VerifierKey) -> Checkpoint | None:
    """The head of the newest message of the audit topic that this log has signed, None if there is none.

    What others may have written behind it is skipped with an alarm.
    """
    async with reading(config, [topic]) as reader:
        begin, end = (await reader.beginning_offsets())[topic], (await reader.end_offsets())[topic]
        for offset in range(end - 1, max(begin, end - LOOK_BACK) - 1, -1):
            record = await reader.record_at(topic, offset)
            head = _head_of(record, log) if record is not None else None
            if head is not None:
                return head
            metrics.alarm("stranger-on-audit-topic", "a message is not this log's", topic=topic, offset=offset)
    return None


def _head_of(record: Record, log: VerifierKey) -> Checkpoint | None:
    for name, value in record.headers:
        if name == "cadena-head":
            try:
                return open_checkpoint(value, log)
            except NoteError:
                return None
    return None


async def demand_known(connection: Connection, last: Checkpoint | None) -> None:
    """LedgerBehind if the last message carries a head that the database does not: it was set back (G8)."""
    if last is None:
        return
    known = await store.head_at(connection, last.size)
    if known is None or known.root != last.root:
        raise LedgerBehind(
            f"a head of size {last.size} was published that the database does not hold: it was set back,"
            " and going on would publish another history"
        )
