"""The position of a service in the sealed log: one row, moved in the transaction of the effects it stands for."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.sealed_batch import Position, SealedBatch


class PositionMoved(RuntimeError):
    """The stored position is not where the batch begins: another process read on. Roll back and load it again."""


def reader_position_table(metadata: MetaData) -> Table:
    """Attach the table to a service's metadata."""
    return Table(
        "reader_position", metadata,
        Column("one", Integer, primary_key=True, autoincrement=False, server_default="1"),
        Column("size", BigInteger, nullable=False),
        Column("edge", ARRAY(LargeBinary), nullable=False),
        Column("note", Text, nullable=False),
        Column("generation", BigInteger, nullable=False),
        Column("kafka_offset", BigInteger, nullable=False),
        CheckConstraint("one = 1", name="one_row"),
    )  # fmt: skip


async def load_position(connection: AsyncConnection, table: Table) -> Position:
    """Where the service stands; before everything if it never read."""
    row = (await connection.execute(select(table))).mappings().first()
    if row is None:
        return Position()
    edge = tuple(bytes(value) for value in row["edge"])
    return Position(row["size"], edge, row["note"], row["generation"], row["kafka_offset"])


async def save_position(connection: AsyncConnection, table: Table, batch: SealedBatch) -> None:
    """Move on from `batch.before` to `batch.after`, in the caller's transaction; raises PositionMoved.

    So of two processes that read side by side only one has an effect.
    """
    after = batch.after
    values = {
        "size": after.size,
        "edge": list(after.edge),
        "note": after.note,
        "generation": after.generation,
        "kafka_offset": after.kafka_offset,
    }
    was = (table.c.size == batch.first) & (table.c.kafka_offset == batch.before.kafka_offset)
    moved = await connection.execute(
        insert(table).values(one=1, **values).on_conflict_do_nothing()
        if batch.before == Position()
        else update(table).where(was).values(**values)
    )
    if moved.rowcount != 1:
        raise PositionMoved(f"the stored position is no longer {batch.first}")
