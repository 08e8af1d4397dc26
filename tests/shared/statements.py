"""What a piece of code asks of PostgreSQL, heard at the driver: SQLAlchemy's statements, and those that go past it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine


@contextmanager
def heard(engine: AsyncEngine) -> Iterator[list[str]]:
    """The texts of the statements that run on the engine's connections meanwhile, in order."""
    asked: list[str] = []

    def by_driver(query: Any) -> None:
        asked.append(f"driver: {query.query}")

    def by_alchemy(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(f"alchemy: {statement}")

    def out(connection: Any, *_rest: Any) -> None:
        connection.driver_connection.add_query_logger(by_driver)

    def back(connection: Any, *_rest: Any) -> None:
        if connection is not None:
            connection.driver_connection.remove_query_logger(by_driver)

    sync = engine.sync_engine
    listeners: list[tuple[Any, str, Callable[..., Any]]] = [
        (sync, "before_cursor_execute", by_alchemy),
        (sync.pool, "checkout", out),
        (sync.pool, "checkin", back),
    ]
    for target, name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield asked
    finally:
        for target, name, listener in listeners:
            event.remove(target, name, listener)
