"""A database that was set back: how a service knows, and when it has taken back what it lacks (design of G8).

The worker keeps the newest sealed index outside the database. While that says more than the database, or is gone while
the database has spoken, the service stands *behind the log*: a restoration is open. It ends when audit says, in a
message sent after the restoration began, that it has consumed the service's topic up to where that ended at the
beginning: then every fact that was ever published stands in the log, and has been read from there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.behind import RestorationTables, standing, stands
from shared.kafka import KafkaConfig, KafkaProblem, TopicMissing, reading
from shared.outside import SealedIndexFile
from shared.reader_position import load_position
from shared.sealed_batch import Head, Position, SealedBatch

BEHIND = Gauge("cadena_behind_the_log", "ALARM: 1 while the database lacks what the log holds", ["topic"])

log = structlog.get_logger()


class BehindTheLog(RuntimeError):
    """For `readyz`: the database lacks what the log holds."""


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where the service's topic and the audit topic ended when that was noted, and in which generation."""

    own: int
    sealed: int
    generation: int


class Restoration:
    """The worker's side: opens a restoration where one is due, and ends it. `finish` runs in the ending transaction."""

    def __init__(
        self,
        engine: AsyncEngine,
        tables: RestorationTables,
        index: SealedIndexFile,
        kafka: KafkaConfig,
        own_topic: str,
        audit_topic: str,
        finish: Callable[[AsyncConnection], Awaitable[None]],
    ) -> None:
        self._engine, self._tables, self._index = engine, tables, index
        self._kafka, self._own, self._audit, self._finish = kafka, own_topic, audit_topic, finish
        self._ends: _Ends | None = None
        self._remembered = 0
        self.open = False
        BEHIND.labels(own_topic).set(0)

    async def demand_level(self) -> None:
        """For `readyz`: raises BehindTheLog while a restoration is open."""
        if self.open:
            raise BehindTheLog("the database was set back, and is taking back what the log holds")

    async def load(self, kept: Head | None) -> Position:
        """The stored position; opens a restoration if the database stands before `kept`, or cannot tell where it stood.

        To be called before anything is published: a database that never spoke gets its file here.
        """
        tables = self._tables
        async with self._engine.begin() as connection:
            position = await load_position(connection, tables.position)
            now = stands((await connection.execute(select(*standing(tables)))).one())
            if kept is None and not now.spoken and not now.restoring:
                self._index.start()
                return position
            self._remembered = kept.size if kept else 0
            self.open = now.restoring or kept is None or kept.size > position.size
            if self.open and not now.restoring:
                row = {"held": position.size, "remembered": kept.size if kept else None}
                await connection.execute(insert(tables.restoration).values(row))
        BEHIND.labels(self._own).set(self.open)
        if self.open:
            log.error("the database was set back: what the log holds is taken back", held=position.size,
                      remembered=kept and kept.size, topic=self._own)  # fmt: skip
            self._ends = await self._note_ends(position.generation)
        return position

    async def look(self, batch: SealedBatch) -> None:
        """After the effects of a batch are committed: whether it was the last one that had to be waited for."""
        if not self.open:
            return
        ends = self._ends
        if ends is None or batch.after.generation > ends.generation:
            self._ends = await self._note_ends(batch.after.generation)
            return
        consumed = batch.next_offsets.get(self._own, -1)
        if batch.kafka_offset < ends.sealed or consumed < ends.own or batch.head.size < self._remembered:
            return
        now = await self._note_ends(ends.generation)
        if now is not None and consumed <= now.own:  # else what audit consumed was another topic of that name
            await self._end()

    async def _end(self) -> None:
        restoration = self._tables.restoration
        async with self._engine.begin() as connection:
            await self._finish(connection)
            ending = update(restoration).where(restoration.c.ended_at.is_(None)).values(ended_at=func.clock_timestamp())
            await connection.execute(ending)
        self.open = False
        BEHIND.labels(self._own).set(0)
        log.warning("what the log holds was taken back", topic=self._own)

    async def _note_ends(self, generation: int) -> _Ends | None:
        """Where the topics end now; None without an answer, to be asked again."""
        try:
            async with reading(self._kafka, [self._own, self._audit]) as reader:
                ends = await reader.end_offsets()
        except TopicMissing:
            return _Ends(0, 0, generation)
        except KafkaProblem:
            return None
        return _Ends(ends[self._own], ends[self._audit], generation)
