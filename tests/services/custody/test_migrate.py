"""Migrations give the tables that the code knows, and grants leave facts beyond the reach of every process."""

from dataclasses import fields

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.custody.rules.table import NOUNS
from services.custody.tables import METADATA, ROWS
from shared.database import engine

WRITTEN_ONCE = ("event", "sealed_value", "command", "answer", "publication", "sealed")
STATE = ("installation", "organisation", "person", "account", "case", "sample", "offer", "proposal")
DESTROY = {
    "update": 'UPDATE "{0}" SET {1} = {1}',
    "delete": 'DELETE FROM "{0}"',
    "truncate": 'TRUNCATE "{0}"',
    "drop": 'DROP TABLE "{0}"',
    "lock out": 'BEGIN; LOCK TABLE "{0}" IN ACCESS EXCLUSIVE MODE',
}


async def test_the_migrated_database_is_what_the_tables_say(custody_database: dict[str, str]) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    owner = engine(custody_database["owner"], pool_size=1)
    async with owner.connect() as connection:
        assert await connection.run_sync(differences) == []
    await owner.dispose()


def test_each_noun_has_a_table_with_exactly_the_columns_of_its_state() -> None:
    assert ROWS.keys() == NOUNS.keys()
    for noun, rows in ROWS.items():
        assert rows.table.name == noun
        assert {column.name for column in rows.table.columns} == {member.name for member in fields(NOUNS[noun].state)}


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("table", WRITTEN_ONCE)
@pytest.mark.parametrize("how", DESTROY)
async def test_g6_no_process_can_change_or_erase_what_was_written_once(
    custody_database: dict[str, str], role: str, table: str, how: str
) -> None:
    column = METADATA.tables[table].columns.keys()[-1]
    link = await asyncpg.connect(custody_database[role])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await link.execute(DESTROY[how].format(table, column))
    finally:
        await link.close()


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("table", STATE)
@pytest.mark.parametrize("how", ["delete", "truncate", "drop"])
async def test_g6_no_process_can_erase_state(custody_database: dict[str, str], role: str, table: str, how: str) -> None:
    link = await asyncpg.connect(custody_database[role])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await link.execute(DESTROY[how].format(table, "version"))
    finally:
        await link.close()


@pytest.mark.parametrize("table", [*STATE, "sealed_value", "command", "answer"])
async def test_the_worker_reads_no_state_and_no_sealed_text(custody_database: dict[str, str], table: str) -> None:
    link = await asyncpg.connect(custody_database["worker"])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await link.execute(f'SELECT * FROM "{table}"')
    finally:
        await link.close()


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_no_process_makes_tables(custody_database: dict[str, str], role: str) -> None:
    link = await asyncpg.connect(custody_database[role])
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await link.execute("CREATE TABLE mine (x int)")
    finally:
        await link.close()
