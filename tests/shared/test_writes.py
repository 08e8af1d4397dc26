"""What a transaction writes at its end: one statement, or COPY; all of it in the caller's transaction, or nothing."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import engine
from shared.driver import driver
from shared.events import new_id
from shared.writes import LostRow, Shape, Writes

COMMAND = Shape("command", {"account": "text", "key": "uuid", "fingerprint": "bytea"})
ANSWER = Shape("answer", {
    "account": "text", "key": "uuid", "status": "integer", "headers": "jsonb", "body": "bytea",
    "recorded_at": "timestamptz",
})  # fmt: skip


@pytest.fixture
async def pool(custody_database: dict[str, str]) -> AsyncEngine:
    return engine(custody_database["api"], pool_size=2)


async def kept(pool: AsyncEngine, account: str) -> list[bytes]:
    async with pool.connect() as connection:
        found = await connection.execute(
            text("SELECT fingerprint FROM command WHERE account = :account ORDER BY ctid"), {"account": account}
        )
        return list(found.scalars())


@pytest.mark.parametrize("count", [1, 4, 5, 49, 50, 120])
async def test_rows_are_added_in_their_order_whichever_way_they_go(pool: AsyncEngine, count: int) -> None:
    account, writes = new_id(), Writes()
    writes.rows(COMMAND, [(account, new_id(), str(number).encode()) for number in range(count)])
    async with pool.begin() as connection:
        await writes.run(connection)
        assert await kept(pool, account) == []
    assert await kept(pool, account) == [str(number).encode() for number in range(count)]


async def test_writes_of_several_tables_go_together_or_not_at_all(pool: AsyncEngine) -> None:
    account, key, writes = new_id(), new_id(), Writes()
    async with pool.connect() as connection:
        now = (await connection.execute(text("SELECT now()"))).scalar_one()
    writes.rows(COMMAND, [(account, key, b"1")])
    writes.rows(ANSWER, [(account, key, 201, '{"A": "ü"}', b"body", now)] * 2)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with pool.begin() as connection:
            await writes.run(connection)
    assert await kept(pool, account) == []


async def test_a_row_that_was_not_where_it_was_read_is_told(pool: AsyncEngine) -> None:
    writes = Writes()
    writes.rows(COMMAND, [(new_id(), new_id(), b"1")])
    writes.statement('UPDATE "case" SET folio = $1 WHERE id = $2', "F", new_id(), rows=1)
    with pytest.raises(LostRow, match='0 of 1 rows were written by: UPDATE "case"'):
        async with pool.begin() as connection:
            await writes.run(connection)


async def test_what_the_driver_is_given_stands_in_the_callers_transaction(pool: AsyncEngine) -> None:
    account = new_id()
    async with pool.connect() as connection, connection.begin() as transaction:
        raw = await driver(connection)
        await raw.execute("INSERT INTO command VALUES ($1, $2, '')", account, new_id())
        await transaction.rollback()
    assert await kept(pool, account) == []
