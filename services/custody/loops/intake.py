"""Intake: a sealed batch → which of our facts the ledger now holds. One transaction with the reader's position.

1. The position moves first, so of two workers that read side by side only one has an effect.
2. An entry in custody's name marks its event as sealed if the bytes are our very bytes, at its lowest index.
3. One in custody's name that we never recorded, or with other bytes, is an alarm: someone speaks with our voice. It has
   no effect here.
4. While a restoration is open, what we lack is recorded again instead (taking_back).

Nothing in an entry can stop the reading.
"""

from collections.abc import Callable

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.taking_back import TAKING_BACK
from services.custody.tables import EVENTS, POSITION
from shared.failpoint import reach
from shared.reader_position import save_position
from shared.sealed_batch import SealedBatch
from shared.sealing import mark_sealed, own_entries
from shared.taking_back import TakenBack

SEALED = Counter("cadena_custody_sealed_events", "Own events that the ledger was seen to hold")
FOREIGN = Counter("cadena_custody_foreign_seals", "ALARM: entries in custody's name whose bytes are not ours")
TAKEN_BACK = Counter("cadena_custody_taken_back", "Own events that a database set back got again from the log")
SIZE = Gauge("cadena_custody_sealed_size", "Entries of the ledger that have been read")

log = structlog.get_logger()


class Intake:
    """Takes sealed batches into custody's database as `custody_worker`. `source` is the `source` of our events."""

    def __init__(self, engine: AsyncEngine, source: str, restoring: Callable[[], bool] = lambda: False) -> None:
        self._engine, self._source, self._restoring = engine, source, restoring

    async def take(self, batch: SealedBatch) -> None:
        """All effects of a batch and the position after it, or nothing. Raises PositionMoved and the database's own."""
        own = own_entries(batch, self._source)
        async with self._engine.begin() as connection:
            await save_position(connection, POSITION, batch)
            taken = TakenBack()
            if self._restoring():
                raws = [batch.entries[one.index - batch.first] for one in own]
                taken = await TAKING_BACK.take(connection, own, raws)
            marked, unknown = await mark_sealed(connection, EVENTS, [*own, *taken.released], batch.head.size)
            reach("before-intake")
        reach("after-intake")
        SIZE.set(batch.head.size)
        SEALED.inc(marked)
        TAKEN_BACK.inc(taken.recorded)
        foreign = [index for index in unknown if index not in taken.known]
        if foreign:
            FOREIGN.inc(len(foreign))
            log.error("entries in custody's name are not custody's", indexes=foreign[:20], count=len(foreign))
