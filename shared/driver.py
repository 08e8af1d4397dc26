"""The driver's own connection under SQLAlchemy's: for statements with a fixed text, on paths that every call takes.

SQLAlchemy begins a transaction with its first statement; what goes through the driver stands in that one.
"""

from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import Dialect, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ClauseElement

_BEGIN = select(1)


@cache
def _dialect() -> Dialect:
    return PGDialect_asyncpg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def text_of(statement: ClauseElement) -> str:
    """A statement as the driver takes it, its parameters as $1, $2 … in the order in which they stand in it."""
    return str(statement.compile(dialect=_dialect()))


async def driver(connection: AsyncConnection) -> "asyncpg.Connection[Any]":
    """The driver's connection, within a transaction. ConnectionError if it was lost."""
    sync = connection.sync_connection
    raw: asyncpg.Connection[Any] | None = None if sync is None else sync.connection.driver_connection
    if raw is None:
        raise ConnectionError("the connection was lost within the transaction")
    if not raw.is_in_transaction():
        await connection.execute(_BEGIN)
    return raw
