"""Migrations give the tables that the code knows, and grants leave facts beyond the reach of every process."""

import json
from dataclasses import fields

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from services.custody.rules.table import NOUNS
from services.custody.tables import METADATA, ROWS
from shared.database import engine

WRITTEN_ONCE = ("event", "sealed_value", "command", "answer", "publication", "sealed", "taken_back", "waiting")
STATE = ("installation", "organisation", "person", "account", "case", "sample", "offer", "proposal", "hold")
DESTROY = {
    "update": 'UPDATE "{0}" SET {1} = {1}',
    "delete": 'DELETE FROM "{0}"',
    "truncate": 'TRUNCATE "{0}"',
    "drop": 'DROP TABLE "{0}"',
    "lock out": 'LOCK TABLE "{0}" IN ACCESS EXCLUSIVE MODE',
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


async def permitted(url: str, statements: list[str]) -> list[str]:
    """Which of the statements the login may run; each is rolled back."""
    link = await asyncpg.connect(url)
    done = []
    try:
        for statement in statements:
            await link.execute("BEGIN")
            try:
                await link.execute(statement)
                done.append(statement)
            except asyncpg.InsufficientPrivilegeError:
                pass
            finally:
                await link.execute("ROLLBACK")
    finally:
        await link.close()
    return done


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_g6_no_process_can_change_or_erase_what_was_written_once(
    custody_database: dict[str, str], role: str
) -> None:
    statements = [
        how.format(table, METADATA.tables[table].columns.keys()[-1])
        for table in WRITTEN_ONCE
        for how in DESTROY.values()
    ]
    assert await permitted(custody_database["owner"], statements) == statements
    assert await permitted(custody_database[role], statements) == []


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_g6_no_process_can_erase_state(custody_database: dict[str, str], role: str) -> None:
    statements = [DESTROY[how].format(table) for table in STATE for how in ("delete", "truncate", "drop")]
    assert await permitted(custody_database[role], statements) == []


async def test_the_worker_reads_no_sealed_text_and_no_answer(custody_database: dict[str, str]) -> None:
    statements = [f'SELECT * FROM "{table}"' for table in ("sealed_value", "command", "answer")]
    assert await permitted(custody_database["api"], statements) == statements
    assert await permitted(custody_database["worker"], statements) == []


@pytest.mark.parametrize("role", ["api", "worker"])
async def test_no_process_makes_tables(custody_database: dict[str, str], role: str) -> None:
    assert await permitted(custody_database[role], ["CREATE TABLE mine (x int)", "CREATE SCHEMA mine"]) == []


async def test_there_is_one_installation_whatever_it_is_called(custody_database: dict[str, str]) -> None:
    """Of two foundings at once under two names the database lets one through."""
    names = ", ".join(METADATA.tables["installation"].columns.keys())
    insert = f"INSERT INTO installation ({names}) SELECT {names} FROM jsonb_populate_record(NULL::installation, $1)"
    row = {
        "version": 1, "updated_at": "2026-01-01T00:00:00Z", "founding_event": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b",
        "origin": "o", "log_vkey": "v", "cosigner_vkey": "c", "promise_keys": [], "link_key": "l", "pack_id": "flat",
        "pack_version": 1, "pack_sha256": "0",
    }  # fmt: skip
    link = await asyncpg.connect(custody_database["api"])
    try:
        await link.execute("BEGIN")
        await link.execute(insert, json.dumps(row | {"id": "demo"}))
        with pytest.raises(asyncpg.UniqueViolationError):
            await link.execute(insert, json.dumps(row | {"id": "other"}))
    finally:
        await link.close()
