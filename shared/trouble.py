"""PostgreSQL when it cannot: who lost a race tries again, the rest is a 503 that keeps the key free."""

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.problems import Problem

LOST_A_RACE = {"40001", "40P01", "23505"}
"""Serialisation failure, deadlock, and a label, folio or account that another transaction took first."""
TOO_BUSY = {"40001", "40P01", "55P03", "57014", "53300"}
"""A race lost again and again; a lock, a statement or the server's connections not within the time allowed."""
GONE = {"57P01", "57P02", "57P03", "25P03"}
"""The server is shutting down, starting up, or has ended the session."""
CANNOT = ("53", "58", "XX")
"""Classes: no room on disk or in memory, an error of the operating system, a failure within the server itself."""

TROUBLE = (
    DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError,
    TimeoutError,
)  # fmt: skip
"""Everything that a database raises at one who uses it rightly; the driver's own InternalClientError comes when a
session is ended in the middle of its answer.
"""


def lost_a_race(error: BaseException) -> bool:
    """Whether the same transaction, begun anew, may well succeed."""
    return _state(error) in LOST_A_RACE


def problem_of(error: BaseException) -> Problem | None:
    """The 503 for a database that is busy or away; None for what is a mistake of ours."""
    state = _state(error)
    if state in TOO_BUSY or isinstance(error, PoolTimeout):
        return busy()
    if _lost(error) or state in GONE or state.startswith(("08", *CANNOT)) or isinstance(error, OSError | TimeoutError):
        return Problem(
            503, "database-away", "The database does not answer",
            "Send the same request again, with the same key if it had one: if it was recorded, you get its answer.",
            headers={"Retry-After": "5"},
        )  # fmt: skip
    return None


def _lost(error: BaseException) -> bool:
    """Whether the connection ended: as SQLAlchemy tells it, or as the driver does where it is asked directly.

    The driver says so by words alone, if a session ended between two statements.
    """
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError)
    closed = isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
    return closed or isinstance(error, asyncpg.InternalClientError)


def busy() -> Problem:
    """The answer to who waited too long for others."""
    return Problem(
        503, "busy", "Others are changing the same things", "Send the same request again with the same key.",
        headers={"Retry-After": "1"},
    )  # fmt: skip


def _state(error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(original, "sqlstate", None) or "")
