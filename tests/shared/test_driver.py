"""Connections of the driver's own, lent out of SQLAlchemy's pool, and statements with a fixed text."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import ARRAY, Integer, bindparam, column, func, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import engine
from shared.driver import Driver, Statement, lent
from shared.trouble import TROUBLE, problem_of

_NUMBERS = Statement(
    select(column("n"))
    .select_from(func.unnest(bindparam("numbers", type_=ARRAY(Integer))).alias("n"))
    .where(column("n") > bindparam("least", type_=Integer))
    .limit(2)
)


@pytest.fixture
async def pool(custody_database: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    made = engine(custody_database["api"], pool_size=1)
    yield made
    await made.dispose()


async def backend(link: Driver) -> int:
    return int(await link.fetchval("SELECT pg_backend_pid()"))


async def test_what_is_lent_is_the_pools_own_and_comes_back(pool: AsyncEngine) -> None:
    async with lent(pool) as link:
        first = await backend(link)
    async with pool.connect() as connection:
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() == first
    async with lent(pool) as link:
        assert await backend(link) == first


async def test_a_connection_that_has_ended_is_not_lent(pool: AsyncEngine) -> None:
    async with lent(pool) as link:
        first, dead = await backend(link), link
    dead.terminate()
    async with lent(pool) as link:
        assert await backend(link) != first


async def test_a_server_that_gives_no_connection_is_told_as_trouble(
    custody_database: dict[str, str], postgres_server: str
) -> None:
    """As it is while a server recovers (57P03), or has no connection left (53300)."""
    pool, name = engine(custody_database["api"], pool_size=1), make_url(custody_database["api"]).database
    admin = await asyncpg.connect(postgres_server)
    await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
    try:
        with pytest.raises(TROUBLE) as told:
            async with lent(pool):
                raise AssertionError("a connection was lent")
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
        await admin.close()
    problem = problem_of(told.value)
    assert problem is not None
    assert (problem.status, problem.code) == (503, "busy")


async def test_a_connection_that_ends_while_it_is_lent_is_not_taken_back(pool: AsyncEngine) -> None:
    with pytest.raises(TROUBLE) as ended:
        async with lent(pool) as link, link.transaction():
            await link.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    problem = problem_of(ended.value)
    assert problem is not None
    assert (problem.status, problem.code) == (503, "database-away")
    async with lent(pool) as link:
        assert await link.fetchval("SELECT 1") == 1


async def test_a_transaction_that_was_left_open_ends_with_its_connection(pool: AsyncEngine) -> None:
    async with lent(pool) as link:
        first = await backend(link)
        await link.execute("BEGIN")
    async with lent(pool) as link:
        assert await backend(link) != first
        assert not link.is_in_transaction()


async def test_who_is_stopped_within_a_statement_leaves_no_transaction_behind(pool: AsyncEngine) -> None:
    begun = asyncio.Event()

    async def sleeps() -> None:
        async with lent(pool) as link, link.transaction():
            begun.set()
            await link.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(sleeps())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10), lent(pool) as link:
        assert not link.is_in_transaction()
        assert await link.fetchval("SELECT 1") == 1


async def test_a_statement_takes_its_values_by_name_and_keeps_those_it_was_made_with(pool: AsyncEngine) -> None:
    async with lent(pool) as link:
        assert [row["n"] for row in await _NUMBERS.rows(link, least=2, numbers=[1, 2, 3, 4, 5])] == [3, 4]
    async with pool.connect() as connection:
        assert [row["n"] for row in await _NUMBERS.rows(connection, least=4, numbers=[1, 5])] == [5]
