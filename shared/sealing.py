"""Which of a service's own facts a sealed batch holds: marked where the bytes are our very bytes, an alarm else."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import ARRAY, BigInteger, LargeBinary, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.outbox import EventTables
from shared.sealed_batch import SealedBatch
from shared.text import canonical_uuid


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry in our name: its id, the SHA-256 of its bytes, its ledger index."""

    id: str
    sha256: bytes
    index: int


def own_entries(batch: SealedBatch, source: str) -> list[OwnEntry]:
    """The entries of a batch that name `source`, whatever else they say."""
    own = []
    for number, raw in enumerate(batch.entries):
        try:
            said = orjson.loads(raw)
            if said["source"] == source:
                own.append(OwnEntry(canonical_uuid(said["id"]), hashlib.sha256(raw).digest(), batch.first + number))
        except (ValueError, KeyError, TypeError):
            continue  # audit's marker leaves and whatever it let through: not an event of ours
    return own


async def mark_sealed(
    connection: AsyncConnection, tables: EventTables, own: Sequence[OwnEntry], size: int
) -> tuple[int, list[int]]:
    """Mark our facts as sealed under the head of `size`, each at its lowest index, in the caller's transaction.

    Returns how many were marked now, and the indexes of entries in our name that are not ours: someone speaks with our
    voice, or our database was set back.
    """
    if not own:
        return 0, []
    event = tables.event
    ours = (event.c.id == _ENTRIES.c.id) & (event.c.sha256 == _ENTRIES.c.sha256)
    found = (
        select(event.c.id, func.min(_ENTRIES.c.idx), bindparam("size", type_=BigInteger))
        .join_from(_ENTRIES, event, ours)
        .group_by(event.c.id)
    )
    given = {
        "ids": [entry.id for entry in own],
        "hashes": [entry.sha256 for entry in own],
        "indexes": [entry.index for entry in own],
    }
    marking = insert(tables.sealed).from_select(["event_id", "idx", "size"], found).on_conflict_do_nothing()
    marked = (await connection.execute(marking, given | {"size": size})).rowcount
    unknown = select(_ENTRIES.c.idx).where(~select(event.c.seq).where(ours).exists()).order_by(_ENTRIES.c.idx)
    return marked, list((await connection.execute(unknown, given)).scalars())


_ENTRIES = (
    func.unnest(
        bindparam("ids", type_=ARRAY(Uuid(as_uuid=False))),
        bindparam("hashes", type_=ARRAY(LargeBinary)),
        bindparam("indexes", type_=ARRAY(BigInteger)),
    )
    .table_valued("id", "sha256", "idx")
    .render_derived(name="entry")
)
