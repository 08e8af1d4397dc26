"""The event table, and what became of each event: published where, sealed at which index. All insert-only.

An event's bytes are made once, stored in the transaction that recorded it, and never changed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)

from shared.driver import Link
from shared.events import Event
from shared.sealed import SealedValue
from shared.writes import Shape, Writes


@dataclass(frozen=True, slots=True)
class EventTables:
    """The four tables of one service's database."""

    event: Table
    sealed_value: Table
    publication: Table
    sealed: Table


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event about to be stored, with its bytes and the texts that its digests stand for."""

    event: Event
    raw: bytes
    sealed: tuple[SealedValue, ...] = ()

    @classmethod
    def of(cls, event: Event, sealed: Sequence[SealedValue] = ()) -> "Recorded":
        """Serialise, once. Raises NotAnEvent beyond the size limit."""
        return cls(event, event.to_bytes(), tuple(sealed))


def event_tables(metadata: MetaData) -> EventTables:
    """Attach the tables to a service's metadata."""
    return EventTables(_event(metadata), _sealed_value(metadata), _publication(metadata), _sealed(metadata))


def _event(metadata: MetaData) -> Table:
    """`seq` is the order of recording as far as one transaction knows it; gaps are rolled-back commands.

    `sequence` is the subject's version; both unique constraints are the last wall against a fact recorded twice.
    """
    return Table(
        "event", metadata,
        Column("seq", BigInteger, Identity(always=True, cache=1), primary_key=True),
        Column("id", Uuid(as_uuid=False), nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("subject", Text),
        Column("sequence", BigInteger),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("command", String(64), nullable=False),
        Column("ordinal", Integer, nullable=False),
        Column("sha256", LargeBinary, nullable=False),
        Column("bytes", LargeBinary, nullable=False),
        UniqueConstraint("command", "ordinal"),
        UniqueConstraint("subject", "sequence"),
        CheckConstraint("(subject IS NULL) = (sequence IS NULL)", name="subject_has_version"),
    )  # fmt: skip


def _sealed_value(metadata: MetaData) -> Table:
    """The one table whose rows may be erased, by the owner: the ledger keeps the digest."""
    return Table(
        "sealed_value", metadata,
        Column("event_id", Uuid(as_uuid=False), primary_key=True),
        Column("field", Text, primary_key=True),
        Column("value", Text, nullable=False),
        Column("salt", LargeBinary, nullable=False),
    )  # fmt: skip


def _publication(metadata: MetaData) -> Table:
    """What the relay did about an event; the latest attempt is how it stands. Offset -1: not known to be in the topic.

    `reason`: `new`; `found` (read back at this place in this generation); `lost`, `generation`, `passed`: why it was
    to be published again. A row with offset -1 and one of these is that decision, a later one its execution.
    """
    table = Table(
        "publication", metadata,
        Column("attempt", BigInteger, Identity(always=True, cache=1), primary_key=True),
        Column("event_seq", BigInteger, nullable=False),
        Column("generation", BigInteger, nullable=False),
        Column("kafka_offset", BigInteger, nullable=False),
        Column("reason", Text, nullable=False),
        Column("published_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        CheckConstraint("reason IN ('new', 'found', 'lost', 'generation', 'passed')", name="reason"),
    )  # fmt: skip
    Index(None, table.c.event_seq, table.c.attempt)
    return table


def _sealed(metadata: MetaData) -> Table:
    """An event of ours that the log holds, with our very bytes: at `idx`, under the head of `size` entries."""
    return Table(
        "sealed", metadata,
        Column("event_id", Uuid(as_uuid=False), primary_key=True),
        Column("idx", BigInteger, nullable=False, unique=True),
        Column("size", BigInteger, nullable=False),
        Column("sealed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        CheckConstraint("0 <= idx AND idx < size", name="idx_below_size"),
    )  # fmt: skip


_EVENT = {
    "id": "uuid", "type": "text", "subject": "text", "sequence": "bigint", "time": "timestamptz", "command": "text",
    "ordinal": "integer", "sha256": "bytea", "bytes": "bytea",
}  # fmt: skip
_SEALED_VALUE = {"event_id": "uuid", "field": "text", "value": "text", "salt": "bytea"}


async def stage(link: Link, tables: EventTables, recorded: Sequence[Recorded]) -> None:
    """Store events, in order, with their sealed texts, in the caller's transaction: one round trip.

    Raises UniqueViolationError on `uq_event_command_ordinal` or `uq_event_subject_sequence` when a fact is recorded
    twice.
    """
    writes = Writes()
    add_events(writes, tables, recorded)
    await writes.run(link)


def add_events(writes: Writes, tables: EventTables, recorded: Sequence[Recorded]) -> None:
    """`stage` as a part of other writes."""
    writes.rows(Shape(tables.event.name, _EVENT), [_row(each) for each in recorded])
    texts = [(each.event.id, text.field, text.value, text.salt) for each in recorded for text in each.sealed]
    writes.rows(Shape(tables.sealed_value.name, _SEALED_VALUE), texts)


def _row(recorded: Recorded) -> tuple[Any, ...]:
    event, raw = recorded.event, recorded.raw
    return (
        event.id, event.type, event.subject, event.sequence, event.time, event.command, event.ordinal,
        hashlib.sha256(raw).digest(), raw,
    )  # fmt: skip
