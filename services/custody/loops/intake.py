"""Intake: a sealed batch → which of our facts the ledger now holds. One transaction with the reader's position.

1. The position moves first, so of two workers that read side by side only one has an effect.
2. An entry in custody's name marks its event as sealed if the bytes are our very bytes, at its lowest index.
3. One in custody's name that we never recorded, or with other bytes, is an alarm: someone speaks with our voice, or our
   database was set back. It has no effect here.

Nothing in an entry can stop the reading.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import ARRAY, BigInteger, LargeBinary, Select, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.custody.tables import EVENTS, POSITION
from shared.reader_position import save_position
from shared.sealed_batch import SealedBatch
from shared.text import canonical_uuid

SEALED = Counter("cadena_custody_sealed_events", "Own events that the ledger was seen to hold")
FOREIGN = Counter("cadena_custody_foreign_seals", "ALARM: entries in custody's name whose bytes are not ours")
SIZE = Gauge("cadena_custody_sealed_size", "Entries of the ledger that have been read")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry in custody's name: its id, the SHA-256 of its bytes, its ledger index."""

    id: str
    sha256: bytes
    index: int


class Intake:
    """Takes sealed batches into custody's database as `custody_worker`. `source` is the `source` of our events."""

    def __init__(self, engine: AsyncEngine, source: str) -> None:
        self._engine = engine
        self._source = source

    async def take(self, batch: SealedBatch) -> None:
        """All effects of a batch and the position after it, or nothing. Raises PositionMoved and the database's own."""
        own = own_entries(batch, self._source)
        async with self._engine.begin() as connection:
            await save_position(connection, POSITION, batch)
            marked = await _mark(connection, own, batch.head.size) if own else 0
            foreign = await _not_ours(connection, own) if own else []
        SIZE.set(batch.head.size)
        SEALED.inc(marked)
        if foreign:
            FOREIGN.inc(len(foreign))
            log.error("entries in custody's name are not custody's", indexes=foreign[:20], count=len(foreign))


def own_entries(batch: SealedBatch, source: str) -> list[Entry]:
    """The entries of a batch that name `source`, whatever else they say."""
    own = []
    for number, raw in enumerate(batch.entries):
        try:
            said = orjson.loads(raw)
            if said["source"] == source:
                own.append(Entry(canonical_uuid(said["id"]), hashlib.sha256(raw).digest(), batch.first + number))
        except (ValueError, KeyError, TypeError):
            continue  # audit's marker leaves and whatever it let through: not an event of ours
    return own


_ENTRIES = (
    func.unnest(
        bindparam("ids", type_=ARRAY(Uuid(as_uuid=False))),
        bindparam("hashes", type_=ARRAY(LargeBinary)),
        bindparam("indexes", type_=ARRAY(BigInteger)),
    )
    .table_valued("id", "sha256", "idx")
    .render_derived(name="entry")
)
_OURS = (EVENTS.event.c.id == _ENTRIES.c.id) & (EVENTS.event.c.sha256 == _ENTRIES.c.sha256)


async def _mark(connection: AsyncConnection, own: Sequence[Entry], size: int) -> int:
    """One statement for the whole batch; what is marked already stays at its lower index."""
    ours: Select[tuple[str, int, int]] = (
        select(EVENTS.event.c.id, func.min(_ENTRIES.c.idx), bindparam("size", type_=BigInteger))
        .join_from(_ENTRIES, EVENTS.event, _OURS)
        .group_by(EVENTS.event.c.id)
    )
    marking = insert(EVENTS.sealed).from_select(["event_id", "idx", "size"], ours).on_conflict_do_nothing()
    return (await connection.execute(marking, _columns(own) | {"size": size})).rowcount


async def _not_ours(connection: AsyncConnection, own: Sequence[Entry]) -> list[int]:
    unknown = select(_ENTRIES.c.idx).where(~select(EVENTS.event.c.seq).where(_OURS).exists()).order_by(_ENTRIES.c.idx)
    return list((await connection.execute(unknown, _columns(own))).scalars())


def _columns(own: Sequence[Entry]) -> dict[str, list[object]]:
    return {
        "ids": [entry.id for entry in own],
        "hashes": [entry.sha256 for entry in own],
        "indexes": [entry.index for entry in own],
    }
