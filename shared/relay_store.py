"""What the relay asks of its database: which events are to be published, what was published where, what is sealed.

How an event stands is its latest `publication` row; rows are only ever added. One connection, one caller.
"""
# ruff: noqa: S608  statements are put together from constants of this module

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import asyncpg

Reason = Literal["new", "found", "lost", "generation", "passed"]

SPAN = 50_000
COUNTED = 10_000
_STANDS = "(SELECT p.kafka_offset FROM publication p WHERE p.event_seq = e.seq ORDER BY p.attempt DESC LIMIT 1)"
_UNSEALED = "(SELECT s.idx FROM sealed s WHERE s.event_id = e.id) IS NULL"
_PLACED = (
    """
    event e CROSS JOIN LATERAL (
        SELECT p.kafka_offset, p.generation FROM publication p WHERE p.event_seq = e.seq ORDER BY p.attempt DESC LIMIT 1
    ) p WHERE e.seq > $1 AND p.kafka_offset >= 0 AND """
    + _UNSEALED
)
# Scalar subqueries, so that no plan ever reads the whole of `sealed` or `publication` for a handful of events.
_UNPUBLISHED = f"event e WHERE e.seq > $1 AND coalesce({_STANDS}, -1) < 0 AND {_UNSEALED}"

TOP = "SELECT max(seq) FROM event WHERE seq > $1"
UNPUBLISHED = f"""
    SELECT e.seq, e.bytes, coalesce((
        SELECT p.reason FROM publication p WHERE p.event_seq = e.seq ORDER BY p.attempt DESC LIMIT 1
    ), 'new') AS reason FROM {_UNPUBLISHED} AND e.seq <= $2 ORDER BY e.seq LIMIT $3"""
LAST = """
    SELECT p.event_seq AS seq, p.kafka_offset, e.sha256 FROM publication p JOIN event e ON e.seq = p.event_seq
    WHERE p.kafka_offset >= 0 ORDER BY p.attempt DESC LIMIT 1"""
FORGET = f"""
    INSERT INTO publication (event_seq, generation, kafka_offset, reason)
    SELECT e.seq, $2, -1, $3 FROM {_PLACED} ORDER BY e.seq"""
PLACED_BEFORE = f"SELECT e.seq, p.kafka_offset, e.sha256 FROM {_PLACED} AND p.generation < $2 ORDER BY e.seq"
PASSED = f"""
    SELECT e.seq, p.kafka_offset, EXISTS (
        SELECT FROM publication q WHERE q.event_seq = e.seq AND q.generation = $2 AND q.reason = 'passed'
    ) AS again FROM {_PLACED} AND p.generation = $2 AND p.kafka_offset < $3 ORDER BY e.seq"""
FIRST_UNSEALED = f"SELECT e.seq FROM event e WHERE e.seq > $1 AND e.seq <= $2 AND {_UNSEALED} ORDER BY e.seq LIMIT 1"
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE relation = 'event'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
MEASURE = f"""
    SELECT (SELECT count(*) FROM (SELECT FROM {_UNPUBLISHED} LIMIT {COUNTED}) u) AS unpublished,
           extract(epoch FROM clock_timestamp() - (SELECT e.time FROM {_UNPUBLISHED} ORDER BY e.seq LIMIT 1)) AS oldest,
           extract(epoch FROM clock_timestamp() - (
               SELECT e.time FROM event e WHERE e.seq > $2 AND {_UNSEALED} ORDER BY e.seq LIMIT 1
           )) AS unsealed"""


class Due(NamedTuple):
    """An event to be published, and why."""

    seq: int
    raw: bytes
    reason: Reason


class Placed(NamedTuple):
    """An event that is said to stand in the topic at an offset."""

    seq: int
    offset: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Measures:
    """How far behind the topic and the ledger are. `unpublished` stops counting at 10,000; ages in seconds."""

    unpublished: int
    oldest_unpublished: float
    oldest_unsealed: float


class RelayStore:
    """The relay's view of one database. It remembers below which event everything is published, or sealed."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._published = 0
        self._sealed = 0
        self._decided = 0
        self._deciding: tuple[int, set[str]] | None = None

    async def generation(self) -> int:
        """The newest generation that the service's reader has seen."""
        return int(await self._connection.fetchval("SELECT coalesce(max(generation), 0) FROM reader_position"))

    async def due(self, limit: int) -> list[Due]:
        """Events to publish, in order: neither sealed nor known to be in the topic.

        Never "greater than the last one": an event whose transaction took its number early and committed late is
        found, since the point below which nothing is looked for passes only numbers that no transaction holds any more.
        """
        top = await self._connection.fetchval(TOP, self._published)
        if top is None:
            return []
        decided = await self._decide(top)
        end = self._published + SPAN
        rows = await self._connection.fetch(UNPUBLISHED, self._published, end, limit)
        if not rows:
            self._published = max(self._published, min(decided, end))
        return [Due(row["seq"], row["bytes"], row["reason"]) for row in rows]

    async def record(self, rows: Iterable[tuple[int, int, int, Reason]]) -> None:
        """Write down (event's seq, generation, offset, reason), in one statement."""
        await self._connection.copy_records_to_table(
            "publication", records=rows, columns=["event_seq", "generation", "kafka_offset", "reason"]
        )

    async def last(self) -> Placed | None:
        """The event published last, and where."""
        row = await self._connection.fetchrow(LAST)
        return Placed(row["seq"], row["kafka_offset"], row["sha256"]) if row else None

    async def forget_places(self, generation: int, reason: Reason) -> int:
        """Have all unsealed events published again, before any later one; returns how many."""
        done = await self._connection.execute(FORGET, self._sealed, generation, reason)
        self._published = min(self._published, self._sealed)
        return int(done.rpartition(" ")[2])

    async def placed_before(self, generation: int) -> list[Placed]:
        """Unsealed events whose place in the topic was last known in an earlier generation."""
        rows = await self._connection.fetch(PLACED_BEFORE, self._sealed, generation)
        return [Placed(row["seq"], row["kafka_offset"], row["sha256"]) for row in rows]

    async def passed(self, generation: int, next_offset: int) -> tuple[list[int], list[int]]:
        """Unsealed events whose place audit has passed in this generation: for the first time, and once more."""
        rows = await self._connection.fetch(PASSED, self._sealed, generation, next_offset)
        return [row["seq"] for row in rows if not row["again"]], [row["seq"] for row in rows if row["again"]]

    async def publish_again(self, seqs: Sequence[int], generation: int, reason: Reason) -> None:
        """Have these events published again."""
        if seqs:
            await self.record((seq, generation, -1, reason) for seq in seqs)
            self._published = min(self._published, seqs[0] - 1)

    async def settle(self, generation: int, found: Sequence[Placed], missing: Sequence[Placed]) -> None:
        """One statement: these stand in the topic of this generation, those are to be published again."""
        rows: list[tuple[int, int, int, Reason]] = [(each.seq, generation, each.offset, "found") for each in found]
        rows += [(each.seq, generation, -1, "generation") for each in missing]
        await self.record(rows)
        if missing:
            self._published = min(self._published, missing[0].seq - 1)

    async def measure(self) -> Measures:
        """Count and time what waits; moves up the point below which everything is sealed."""
        end = min(self._decided, self._sealed + SPAN)
        first = await self._connection.fetchval(FIRST_UNSEALED, self._sealed, end)
        self._sealed = max(self._sealed, end if first is None else first - 1)
        row = await self._connection.fetchrow(MEASURE, self._published, self._sealed)
        return Measures(row["unpublished"], float(row["oldest"] or 0), float(row["unsealed"] or 0))

    async def _decide(self, top: int) -> int:
        """The number up to which every event is visible or will never be.

        Whoever inserts holds a RowExclusiveLock on the table from before it takes a number to the end of its
        transaction. So once all who held one after `top` was seen are gone, no number below it is still open.
        """
        if top > self._decided:
            writers = {row["virtualtransaction"] for row in await self._connection.fetch(WRITERS)}
            seen, open_then = self._deciding or (top, writers)
            still_open = open_then & writers
            self._deciding = (seen, still_open) if still_open else None
            if not still_open:
                self._decided = max(self._decided, seen)
        return self._decided
