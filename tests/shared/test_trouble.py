"""What of PostgreSQL's trouble is a 503 that keeps the key free, and what is a mistake of ours."""

import asyncpg
import pytest

from shared.trouble import problem_of

MISTAKES = [
    asyncpg.UniqueViolationError(), asyncpg.UndefinedTableError(), ValueError(), asyncpg.DataError("$1 is no integer"),
    asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.DiskFullError(), "database-away"),
        (asyncpg.OutOfMemoryError(), "database-away"),
        (asyncpg.PostgresIOError(), "database-away"),
        (asyncpg.InternalServerError(), "database-away"),
        (asyncpg.CrashShutdownError(), "database-away"),
        (ConnectionResetError(), "database-away"),
        (asyncpg.InterfaceError("connection is closed"), "database-away"),
        (asyncpg.InternalClientError("got result for unknown protocol state 3"), "database-away"),
        (asyncpg.TooManyConnectionsError(), "busy"),
        (asyncpg.LockNotAvailableError(), "busy"),
    ],
)
def test_a_server_that_cannot_is_a_503(error: Exception, code: str) -> None:
    problem = problem_of(error)
    assert problem is not None
    assert (problem.status, problem.code) == (503, code)
    assert "Retry-After" in problem.headers


@pytest.mark.parametrize("error", MISTAKES)
def test_a_mistake_of_ours_is_none(error: Exception) -> None:
    assert problem_of(error) is None
