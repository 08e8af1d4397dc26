"""The migration makes exactly the tables of the code, and each login may do what grants.sql says and no more."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.tables import METADATA
from shared.database import engine


async def test_the_migrated_database_has_the_tables_of_the_code(notify_database: dict[str, str]) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))

    owner = engine(notify_database["owner"], pool_size=1)
    async with owner.connect() as connection:
        assert await connection.run_sync(differences) == []
    await owner.dispose()


INSERT_ONLY = (
    "event",
    "sealed_value",
    "command",
    "answer",
    "publication",
    "sealed",
    "attempt",
    "effect",
    "proposal",
    "taken_back",
    "waiting",
)


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("table", INSERT_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
async def test_g6_no_process_may_change_or_remove_what_was_written(
    notify_database: dict[str, str], role: str, table: str, verb: str
) -> None:
    column = METADATA.tables[table].columns.keys()[-1]
    await _refused(notify_database[role], verb.format(f'"{table}"', f'"{column}"'))


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("api", "SELECT message FROM delivery"),
        ("api", "SELECT value FROM sealed_value"),
        ("api", "INSERT INTO notice DEFAULT VALUES"),
        ("api", "UPDATE delivery SET state = 'accepted'"),
        ("api", "INSERT INTO account DEFAULT VALUES"),
        ("worker", "UPDATE party SET verified_mail = 'x@example.org'"),
        ("worker", "UPDATE party SET given_mail_of = verified"),
        ("worker", "INSERT INTO party (id, given_mail) VALUES (gen_random_uuid(), 'x@example.org')"),
        ("worker", "SELECT value FROM sealed_value"),
        ("worker", "SELECT body FROM answer"),
        ("worker", "CREATE TABLE mine ()"),
        ("api", "CREATE TABLE mine ()"),
    ],
)
async def test_each_login_is_held_to_its_page(notify_database: dict[str, str], role: str, statement: str) -> None:
    await _refused(notify_database[role], statement)


async def _refused(url: str, statement: str) -> None:
    pool: AsyncEngine = engine(url, pool_size=1)
    try:
        async with pool.connect() as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.exec_driver_sql(statement)
    finally:
        await pool.dispose()
