"""What each login role of audit may do, asked of PostgreSQL itself: the ledger grows and never changes."""

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.audit.tables import METADATA
from shared.database import engine
from tests.services.audit.rig import Rig

TABLES = sorted(METADATA.tables)
INSERTS = {table for table in TABLES if table != "heartbeat"}
API_READS = {"seen", "fragment", "bundle", "tile", "head"}


async def may(rig: Rig, role: str, statement: str) -> bool:
    async with rig.database(role) as connection:
        try:
            async with connection.transaction():
                await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            return False
        except asyncpg.NotNullViolationError:
            return True
    return True


async def test_g7_no_role_changes_or_removes_what_was_written(rig: Rig) -> None:
    for table in TABLES:
        column = METADATA.tables[table].columns.keys()[0]
        for role in ("writer", "api"):
            for statement in (
                f'UPDATE "{table}" SET "{column}" = "{column}"', f'DELETE FROM "{table}"', f'TRUNCATE "{table}"',
                f'ALTER TABLE "{table}" ADD COLUMN x int', f'DROP TABLE "{table}"',
            ):  # fmt: skip
                assert not await may(rig, role, statement), f"{role}: {statement}"


async def test_the_writer_inserts_and_selects_and_beats(rig: Rig) -> None:
    for table in TABLES:
        assert await may(rig, "writer", f'SELECT FROM "{table}"')
        assert await may(rig, "writer", f'INSERT INTO "{table}" DEFAULT VALUES') == (table in INSERTS), table
    assert await may(rig, "writer", "UPDATE heartbeat SET beat_at = now()")


async def test_the_api_reads_the_published_log_and_writes_nothing(rig: Rig) -> None:
    for table in TABLES:
        assert await may(rig, "api", f'SELECT FROM "{table}"') == (table in API_READS), table
        assert not await may(rig, "api", f'INSERT INTO "{table}" DEFAULT VALUES'), table


async def test_the_migrations_make_the_declared_tables(rig: Rig) -> None:
    owner = engine(rig.urls["owner"], pool_size=1)
    try:
        async with owner.connect() as connection:
            drift = await connection.run_sync(
                lambda sync: compare_metadata(
                    MigrationContext.configure(sync, opts={"compare_type": True, "compare_server_default": False}),
                    METADATA,
                )
            )
        assert [change for change in drift if change[0] not in ("remove_table_comment",)] == []
    finally:
        await owner.dispose()
    external = await rig.fetchval(
        "SELECT count(*) FROM pg_attribute WHERE attname = 'bytes' AND attstorage = 'e'"
        " AND attrelid IN ('fragment'::regclass, 'bundle'::regclass, 'tile'::regclass, '\"foreign\"'::regclass)"
    )
    assert external == 4
