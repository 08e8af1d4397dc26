"""Stage one: what is new of a batch goes into the ledger, with the offsets consumed, in one transaction."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.audit import metrics
from services.audit.envelope import Key
from services.audit.fence import Fence
from services.audit.intake import Foreign, Fresh, Known, Sorted, Taken, fresh, last_of, sort
from services.audit.layout import SEEN_COLUMNS, Rows, lay, seen_rows
from services.audit.store import Connection
from shared.failpoint import reach
from shared.text import write_instant


@dataclass(slots=True)
class Ledger:
    """What this writer has appended: how many entries, the framed ones of the bundle that is not full, and the largest
    id of all: an id beyond it is known to be unknown, and events come nearly in the order of their ids.
    """

    size: int
    tail: bytes
    highest: str


class Appender:
    """Appends batches; owns the append transaction. After any error the process must end: memory may lag the rows."""

    def __init__(self, fence: Fence, ledger: Ledger, sources: Mapping[str, str], source: str) -> None:
        """`sources` is topic → source of its events; `source` is audit's own, for markers."""
        self._fence, self.ledger = fence, ledger
        self._sources, self._source = sources, source

    def sort(self, taken: Taken) -> Sorted:
        """What the writer reads of a topic's messages, before anything is asked of the database."""
        return sort(taken, self._sources[taken.topic])

    async def append(self, parts: Sequence[Sorted], generation: int, *, place: bool = True) -> Fresh:
        """Append what is new. `place` False keeps no offsets: the messages will be read again, and be known."""
        connection = self._fence.connection
        async with connection.transaction():
            await self._fence.demand(self.ledger.size)
            new = await self._new(connection, parts)
            rows = lay(self.ledger.size, self.ledger.tail, new.entries)
            if new.entries:
                await self._copy(connection, new, rows)
            if place:
                await self._keep_place(connection, parts, generation, self.ledger.size + len(new.entries))
            reach("before-append")
        reach("after-append")
        highest = max(self.ledger.highest, max(new.ids, default=""))
        self.ledger = Ledger(self.ledger.size + len(new.entries), rows.tail, highest)
        _count(new)
        return new

    async def raise_generation(self, reason: str) -> int:
        """Say that Kafka is not the one that was read so far; returns the new generation."""
        connection = self._fence.connection
        async with connection.transaction():
            await self._fence.demand_epoch()
            raised = await connection.fetchval(
                "INSERT INTO generation (generation, reason) SELECT max(generation) + 1, $1 FROM generation"
                " RETURNING generation", reason,
            )  # fmt: skip
        metrics.alarm("kafka-generation", reason, generation=raised)
        return int(raised)

    async def _new(self, connection: Connection, parts: Sequence[Sorted]) -> Fresh:
        highest = self.ledger.highest
        ids = [one for part in parts for one in part.ids if one is not None and one <= highest]
        rows = (
            await connection.fetch("SELECT id, source, sha256 FROM seen WHERE id = ANY($1::uuid[])", ids) if ids else ()
        )
        keys = [Key(str(row["id"]), row["source"], row["sha256"]) for row in rows]
        strangers = [
            offset for part in parts for offset, one in zip(part.taken.offsets, part.ids, strict=True) if one is None
        ]
        foreign = await _known_foreign(connection, strangers) if strangers else []
        now = await connection.fetchval("SELECT clock_timestamp()") if strangers else None
        return fresh(parts, Known(keys, foreign), source=self._source, time=write_instant(now) if now else "")

    async def _copy(self, connection: Connection, new: Fresh, rows: Rows) -> None:
        first = self.ledger.size
        await connection.copy_records_to_table("fragment", records=rows.fragments, columns=("first", "bytes"))
        if rows.bundles:
            await connection.copy_records_to_table("bundle", records=rows.bundles, columns=("n", "bytes"))
        seen = _whole(seen_rows(first, new.ids, new.sources, new.digests))
        await connection.copy_to_table("seen", source=seen, columns=SEEN_COLUMNS, format="binary")
        if new.foreign:
            await connection.copy_records_to_table(
                "foreign",
                records=[(*which, first + at, value) for which, at, value in new.foreign],
                columns=("topic", "kafka_offset", "sha256", "idx", "bytes"),
            )

    async def _keep_place(self, connection: Connection, parts: Sequence[Sorted], generation: int, size: int) -> None:
        await connection.executemany(
            'INSERT INTO "offset" (generation, topic, kafka_offset, sha256, size) VALUES ($1, $2, $3, $4, $5)',
            [(generation, topic, offset, digest, size) for topic, (offset, digest) in last_of(parts).items()],
        )


async def _whole(rows: bytes) -> AsyncIterator[bytes]:
    yield rows


async def _known_foreign(connection: Connection, offsets: Iterable[int]) -> list[Foreign]:
    rows = await connection.fetch(
        'SELECT topic, kafka_offset, sha256 FROM "foreign" WHERE kafka_offset = ANY($1::bigint[])', list(offsets)
    )
    return [Foreign(row["topic"], row["kafka_offset"], row["sha256"]) for row in rows]


def _count(new: Fresh) -> None:
    metrics.APPENDED.inc(len(new.entries))
    metrics.DUPLICATES.inc(new.duplicates)
    for key in new.conflicts:
        metrics.alarm("conflict", "an event came again with other bytes; the lower index counts", event_id=key.id)
    for which, _, _ in new.foreign:
        metrics.FOREIGN.inc()
        metrics.alarm("foreign", "a message is no event of its topic's source", topic=which.topic, offset=which.offset)
