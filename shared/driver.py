"""The driver's own connections out of SQLAlchemy's pool: for statements with a fixed text, on paths that every call
takes. A statement there costs its round trip and little more; through SQLAlchemy it costs as much again for itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import Dialect, PoolProxiedConnection, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.util.concurrency import greenlet_spawn

Driver: TypeAlias = "asyncpg.Connection[Any]"
Link: TypeAlias = "AsyncConnection | Driver"
"""A connection within a transaction: SQLAlchemy's, which begins one with its first statement, or the driver's."""
_BEGIN = select(1)


@cache
def _dialect() -> Dialect:
    return PGDialect_asyncpg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def text_of(statement: ClauseElement) -> str:
    """A statement as the driver takes it, its parameters as $1, $2 … in the order in which they stand in it."""
    return str(statement.compile(dialect=_dialect()))


class Statement:
    """A statement with a fixed text, compiled once. Values are the driver's own: have ids cast to text."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_dialect())
        self.text, said = str(compiled), compiled.params
        self._places = [(name, said[name]) for name in getattr(compiled, "positiontup", None) or ()]

    async def rows(self, link: Link, **given: Any) -> "list[asyncpg.Record]":
        """What it finds; `given` are the values of its parameters by name."""
        raw = await driver(link)
        found: list[asyncpg.Record] = await raw.fetch(
            self.text, *(given.get(name, said) for name, said in self._places)
        )
        return found


async def driver(link: Link) -> Driver:
    """The driver's connection, within a transaction. ConnectionError if it was lost."""
    if not isinstance(link, AsyncConnection):
        return link
    sync = link.sync_connection
    raw: Driver | None = None if sync is None else sync.connection.driver_connection
    if raw is None:
        raise ConnectionError("the connection was lost within the transaction")
    if not raw.is_in_transaction():
        await link.execute(_BEGIN)
    return raw


async def _leased(engine: AsyncEngine) -> PoolProxiedConnection:
    """A connection out of the pool, which only an engine would tell of trouble in errors of SQLAlchemy's own."""
    try:
        return await greenlet_spawn(engine.sync_engine.pool.connect)
    except engine.dialect.loaded_dbapi.Error as error:
        raise error.__cause__ or error from error


@asynccontextmanager
async def lent(engine: AsyncEngine) -> AsyncIterator[Driver]:
    """One of the engine's connections, in no transaction. Raises the driver's own error if none can be opened.

    One that has ended meanwhile is not lent, and one that is not as it was lent is not taken back.
    """
    while True:
        lease = await _leased(engine)
        raw: Driver = lease.driver_connection
        if not raw.is_closed():
            break
        await greenlet_spawn(lease.invalidate)
    try:
        yield raw
    finally:
        if raw.is_closed() or raw.is_in_transaction():
            raw.terminate()
            await greenlet_spawn(lease.invalidate)
        lease.close()
