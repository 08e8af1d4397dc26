"""What was appended and never signed is signed only as Kafka tells it: an owner of the database can append, too.

A batch is appended in one transaction and signed in the next. A writer that dies between the two leaves entries beyond
the newest head, and no signature says yet where they came from. So the messages of that batch are read again: each one
that was news has its entry, each entry its message, topic by topic in the topic's order. Where Kafka is another one by
now, all of it is read: sources publish again what is not sealed, in its order, and what comes between is read later.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256

import orjson

from services.audit import store
from services.audit.consume import missed
from services.audit.envelope import Key, founding_keys, marker
from services.audit.errors import LedgerDamaged, NotTold
from services.audit.intake import Foreign, Known, Sorted, Taken, power, sort
from services.audit.store import Connection
from shared.canonical import canonical
from shared.events import Event, NotAnEvent
from shared.kafka import Reader
from shared.text import write_instant

AT_ONCE = 1_000
SILENCE_SECONDS = 5.0
"""How long Kafka may keep back a message that it says it has."""
Queues = Mapping[str, deque[tuple[int, bytes]]]
"""Topic → index and bytes of the unsigned entries that must have come from it, in order."""


class Told:
    """Compares what Kafka tells with the unsigned entries of a ledger, whose newest head has size `first`."""

    def __init__(self, connection: Connection, reader: Reader, sources: Mapping[str, str], source: str) -> None:
        """`sources` is topic → source of its events, `source` audit's own."""
        self._connection, self._reader = connection, reader
        self._sources, self._source = sources, source

    async def demand_founding(self, ours: tuple[str, str, str], end: int) -> list[bytes]:
        """The entries [0, end): leaf 0 alone, told by a topic, naming our origin and keys; NotTold if not."""
        (entry, *further) = await store.entries(self._connection, 0, end)
        if further:
            raise _not_told(1, "no head covers leaf 0")
        async for part in self._messages(await self._reader.beginning_offsets(), await self._reader.end_offsets()):
            if entry in part.taken.values and founding_keys(entry, self._sources[part.taken.topic]) == ours:
                return [entry]
        raise _not_told(0, "no topic has it")

    async def demand(self, first: int, end: int) -> list[bytes]:
        """The entries [first, end), each told by Kafka in its place; NotTold or LedgerDamaged if not."""
        entries = await store.entries(self._connection, first, end)
        waiting = apart(first, entries, self._sources, power(self._source))
        generation = await store.generation(self._connection)
        read, begun = await self._places(generation, None), await self._places(generation, first)
        same = await self._is_same(generation)
        origins = await self._reader.beginning_offsets()
        ends = {topic: read.get(topic, 0) for topic in origins} if same else await self._reader.end_offsets()
        known = Known((), ())
        async for part in self._messages(origins | begun if same else origins, ends):
            await self._learn(known, part, first)
            for offset, value, fits in news(part, known, self._source):
                queue = waiting[part.taken.topic]
                if queue and fits(queue[0][1]):
                    queue.popleft()
                elif same and queue:
                    raise _not_told(queue[0][0], f"at offset {offset} of {part.taken.topic} stands another message")
                elif same:
                    raise LedgerDamaged(
                        f"`offset` says that {part.taken.topic} was read further than {offset}, the message there has"
                        f" no entry: {sha256(value).hexdigest()}"
                    )
            if not same and not any(waiting.values()):
                break
        left = [(queue[0][0], topic) for topic, queue in waiting.items() if queue]
        if left:
            index, topic = min(left)
            raise _not_told(index, f"{topic} does not have it")
        return entries

    async def _places(self, generation: int, size: int | None) -> dict[str, int]:
        """Topic → where to read on, as `offset` says, now or when the ledger had at most `size` entries."""
        found = await store.consumed(self._connection, generation, size)
        return {topic: last.offset + 1 for topic, last in found.items() if topic in self._sources}

    async def _is_same(self, generation: int) -> bool:
        """Whether the last message taken from each topic is where it was."""
        for topic, last in (await store.consumed(self._connection, generation)).items():
            if topic in self._sources and await missed(self._reader, topic, last):
                return False
        return True

    async def _messages(self, begin: Mapping[str, int], end: Mapping[str, int]) -> AsyncIterator[Sorted]:
        """The messages of each topic from `begin` up to `end`, or to where Kafka falls silent."""
        at = dict(begin)
        self._reader.read_from(at)
        while any(at[topic] < end[topic] for topic in at):
            batch = await self._reader.batch(AT_ONCE, SILENCE_SECONDS)
            if not batch:
                return
            for topic, records in batch.items():
                at[topic] = records[-1].offset + 1
                wanted = [record for record in records if record.offset < end[topic]]
                values = [record.value or b"" for record in wanted]
                yield sort(Taken(topic, [record.offset for record in wanted], values), self._sources[topic])

    async def _learn(self, known: Known, part: Sorted, first: int) -> None:
        """What the signed part of the ledger knows of these messages."""
        ids = [one for one in part.ids if one is not None]
        for row in await self._connection.fetch(
            "SELECT id, source, sha256 FROM seen WHERE id = ANY($1::uuid[]) AND idx < $2", ids, first
        ):
            known.learn(Key(str(row["id"]), row["source"], row["sha256"]))
        for row in await self._connection.fetch(
            'SELECT topic, kafka_offset, sha256 FROM "foreign" WHERE kafka_offset = ANY($1::bigint[]) AND idx < $2',
            part.taken.offsets, first,
        ):  # fmt: skip
            known.foreign.add(Foreign(*row))


def apart(first: int, entries: Sequence[bytes], sources: Mapping[str, str], audit: str) -> Queues:
    """The entries from index `first` on by the topic that each claims to come from; NotTold if it names none. PURE."""
    topics = {power(source): topic for topic, source in sources.items()}
    queues: dict[str, deque[tuple[int, bytes]]] = {topic: deque() for topic in sources}
    for index, entry in enumerate(entries, first):
        try:
            event = orjson.loads(entry)
            source = power(event["source"])
            topic = event["data"]["topic"] if source == audit else topics[source]
            queues[topic].append((index, entry))
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise _not_told(index, "it names none of its sources") from error
    return queues


def news(part: Sorted, known: Known, source: str) -> Iterator[tuple[int, bytes, Callable[[bytes], bool]]]:
    """The messages that become leaves after what is known, each with its offset and a test for its entry. PURE.

    `source` is audit's own. By the same rule as `intake.fresh`, but that id and time of a marker are the writer's.
    """
    for offset, value, digest, identity in zip(*part.taken[1:], part.digests, part.ids, strict=True):
        if identity is None:
            which = Foreign(part.taken.topic, offset, digest)
            if which not in known.foreign:
                known.foreign.add(which)
                yield offset, value, partial(marks, part.taken.topic, offset, value, source)
            continue
        key = Key(identity, part.source, digest)
        if not known.knows(key):
            known.learn(key)
            yield offset, value, value.__eq__


def marks(topic: str, offset: int, value: bytes, source: str, entry: bytes) -> bool:
    """Whether an entry is the marker that stands for this message."""
    try:
        found = Event.from_bytes(entry)
    except NotAnEvent:
        return False
    wanted = marker(topic, offset, value, source=source, time=write_instant(found.time))
    return canonical(orjson.loads(wanted.to_bytes()) | {"id": found.id}) == entry


def _not_told(index: int, why: str) -> NotTold:
    return NotTold(
        f"entry {index} was appended and never signed, and Kafka does not tell it: {why}. Either somebody wrote it into"
        " the database, or Kafka lost messages since. Keep a dump; restart the workers of custody and notify, which"
        " publish again what is not sealed; if that does not help, take it out: `python -m services.audit cut FILE`"
    )
