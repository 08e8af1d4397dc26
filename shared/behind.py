"""Whether a database was set back: where it stands by its own word, beside what the file outside it remembers.

A worker keeps the newest sealed index in a file (shared.outside). While that says more than the database, or is gone
while the database has spoken to anyone, or a restoration is open, the service stands *behind the log*.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Label,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
    select,
)

from shared.outside import Remembered
from shared.problems import Problem

HEADER = "Cadena-Behind-The-Log"
"""Stands in answers that were read from a database behind the log."""


@dataclass(frozen=True, slots=True)
class RestorationTables:
    """What a service keeps about having been set back; `position` and `publication` are its tables of those names."""

    restoration: Table
    taken_back: Table
    waiting: Table
    position: Table
    publication: Table


def restoration_tables(metadata: MetaData, position: Table, publication: Table) -> RestorationTables:
    """Attach the tables to a service's metadata."""
    restoration = Table(
        "restoration", metadata,
        Column("number", BigInteger, Identity(always=True, cache=1), primary_key=True),
        Column("began_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("held", BigInteger, nullable=False),
        Column("remembered", BigInteger),
        Column("ended_at", DateTime(timezone=True)),
    )  # fmt: skip
    taken_back = Table("taken_back", metadata, Column("event_id", Uuid(as_uuid=False), primary_key=True))
    waiting = Table(
        "waiting", metadata,
        Column("idx", BigInteger, primary_key=True, autoincrement=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("bytes", LargeBinary, nullable=False),
    )  # fmt: skip
    return RestorationTables(restoration, taken_back, waiting, position, publication)


@dataclass(frozen=True, slots=True)
class Stands:
    """Where a database stands, by its own word: entries that had their effect, whether anything was ever published or
    read, whether a restoration is open, and whether there ever was one.
    """

    size: int
    spoken: bool
    restoring: bool
    restored: bool

    def is_behind(self, remembered: Remembered) -> bool:
        """Whether it lacks what the log holds, or cannot tell. `remembered` was read before."""
        if remembered.unreadable or self.restoring:
            return True
        return self.spoken if remembered.size is None else remembered.size > self.size


NEW = Stands(0, False, False, False)


def standing(tables: RestorationTables) -> tuple[Label[Any], ...]:
    """Columns for a statement that is sent anyhow, read by `stands`."""
    restoration, size = tables.restoration, func.coalesce(func.max(tables.position.c.size), literal_column("0"))
    return (
        select(size).scalar_subquery().label("stands_size"),
        (select(tables.position.c.one).exists() | select(tables.publication.c.attempt).exists()).label("stands_spoken"),
        select(restoration.c.number).where(restoration.c.ended_at.is_(None)).exists().label("stands_restoring"),
        select(restoration.c.number).exists().label("stands_restored"),
    )


def stands(row: Any) -> Stands:
    """The row of a statement that asked for `standing`."""
    names = ("size", "spoken", "restoring", "restored")
    return Stands(*(getattr(row, f"stands_{name}") for name in names))


def behind_the_log() -> Problem:
    """The answer to who asks for what a database set back cannot decide."""
    return Problem(
        503, "behind-the-log", "The database was set back and is taking back what it lacks",
        "Send the same request again with the same key, after a while. Holds are taken all the time.",
        headers={"Retry-After": "10", HEADER: "true"},
    )  # fmt: skip
