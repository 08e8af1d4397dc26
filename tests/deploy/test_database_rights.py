"""Every login role × every table × every right, tried by the login itself, equals the committed `database_rights.txt`.

A line there is one role and one table: its rights, with the columns in brackets where it is not all of them. A change of
`grants.sql` or a new table shows as a difference here; write the line by hand, having thought about who needs it.
"""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.databases import ROLES, Urls

COMMITTED = Path(__file__).with_name("database_rights.txt")
LOGINS = [(service, role) for service, roles in ROLES.items() for role in roles if role != "owner"]
TABLES = """
    SELECT c.oid::regclass::text AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') GROUP BY c.oid ORDER BY 1
"""
WHOLE = {
    "DELETE": "DELETE FROM {table} WHERE false",
    "TRUNCATE": "TRUNCATE {table}",
    "TRIGGER": "CREATE TRIGGER x BEFORE UPDATE ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "MAINTAIN": "REINDEX TABLE {table}",
    "OWN": "ALTER TABLE {table} ADD COLUMN x int",
}
BY_COLUMN = {
    "SELECT": "SELECT {column} FROM {table} LIMIT 0",
    "INSERT": "INSERT INTO {table} ({column}) OVERRIDING SYSTEM VALUE SELECT NULL WHERE false",
    "UPDATE": "UPDATE {table} SET {column} = DEFAULT WHERE false",
}
"""What the server judges before it does anything; nothing of it is kept."""
ELSEWHERE = {
    "schema": "CREATE TABLE public.x (y int)",
    "database": "CREATE SCHEMA x",
    "temporary table": "CREATE TEMP TABLE x (y int)",
    "another role": "SET ROLE postgres",
    "a new role": "CREATE ROLE x",
    "files": "SELECT pg_read_file('PG_VERSION')",
    "folders": "SELECT pg_ls_dir('.')",
    "programs": "COPY (SELECT 1) TO PROGRAM 'true'",
    "writing files": "COPY (SELECT 1) TO '/dev/null'",
    "untriggered changes": "SET session_replication_role = replica",
    "extensions": "CREATE EXTENSION vector",
    "publications": "CREATE PUBLICATION x",
    "replication": "SELECT pg_create_physical_replication_slot('x')",
    "untrusted code": "CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "the catalogue": "UPDATE pg_class SET relname = relname WHERE false",
}
"""What no login of a process may do at all."""


async def may(link: Any, statement: str) -> bool:
    """Whether the server lets this login do it, in a transaction that is rolled back."""
    transaction = link.transaction()
    await transaction.start()
    try:
        await link.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    except (asyncpg.FeatureNotSupportedError, asyncpg.DatatypeMismatchError):
        return True  # allowed, and impossible for another reason: truncating what a foreign key points to
    finally:
        await transaction.rollback()
    return True


async def rights(link: Any, table: str, columns: list[str]) -> tuple[str, int]:
    """A login's rights to one table as text, and how many statements were tried."""
    found, tried = [], 0
    for right, statement in BY_COLUMN.items():
        allowed = [name for name in columns if await may(link, statement.format(table=table, column=name))]
        tried += len(columns)
        if allowed:
            found.append(right if allowed == columns else f"{right}({', '.join(allowed)})")
    for right, statement in WHOLE.items():
        tried += 1
        if await may(link, statement.format(table=table)):
            found.append(right)
    if await link.fetchval("SELECT has_any_column_privilege($1::regclass, 'REFERENCES')", table):
        found.append("REFERENCES")  # to use it one would need a table of one's own
    return " ".join(found), tried + 1


async def whole(databases: Urls, *services: str) -> tuple[list[str], int]:
    """Of these services, or of all: what `database_rights.txt` ought to say, and how many statements were tried."""
    lines, count = [], 0
    for service, role in LOGINS:
        if services and service not in services:
            continue
        link = await asyncpg.connect(databases[service][role])
        try:
            for row in await link.fetch(TABLES):
                found, tried = await rights(link, row["name"], row["columns"])
                count += tried
                if found:
                    lines.append(f"{service}_{role} {row['name']}: {found}")
        finally:
            await link.close()
    return lines, count


async def test_g6_each_login_may_do_with_each_table_exactly_what_is_committed(databases: Urls) -> None:
    found, tried = await whole(databases)
    print(f"{tried} statements tried as {len(LOGINS)} logins; {len(found)} pairs of login and table have any right")
    committed = COMMITTED.read_text().splitlines()
    assert {"more": sorted(set(found) - set(committed)), "less": sorted(set(committed) - set(found))} == {
        "more": [], "less": [],
    }  # fmt: skip
    assert tried > 2000


async def test_a_right_too_many_is_found(databases: Urls) -> None:
    owner = await asyncpg.connect(databases["custody"]["owner"])
    try:
        for planted in ("UPDATE (bytes) ON event TO custody_worker", "DELETE ON sample TO custody_api"):
            await owner.execute(f"GRANT {planted}")
        found, _ = await whole(databases, "custody")
        excess = sorted(set(found) - set(COMMITTED.read_text().splitlines()))
        assert [line.partition(":")[0] for line in excess] == ["custody_api sample", "custody_worker event"]
        assert "DELETE" in excess[0]
        assert "UPDATE(bytes)" in excess[1]
    finally:
        await owner.execute(
            "REVOKE UPDATE (bytes) ON event FROM custody_worker; REVOKE DELETE ON sample FROM custody_api"
        )
        await owner.close()


@pytest.mark.parametrize(("service", "role"), LOGINS)
async def test_no_login_may_do_anything_beside_its_tables(databases: Urls, service: str, role: str) -> None:
    link = await asyncpg.connect(databases[service][role])
    try:
        for what, statement in ELSEWHERE.items():
            assert not await may(link, statement), what
        sequences = await link.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'S'")
        for row in sequences:
            for statement in (f"SELECT setval('{row['name']}', 1)", f"SELECT * FROM {row['name']}"):
                assert not await may(link, statement), statement
        assert await link.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = current_user::regrole") == 0
        own = "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'public'"
        assert await link.fetchval(own) == 0, "a function of ours would be everyone's to call"
        attributes = await link.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
        for name in ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls"):
            assert attributes[name] is False, name
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await link.execute("ALTER SYSTEM RESET fsync")  # not in a transaction, where nobody may
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await link.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user AND pid > 0"
            )
    finally:
        await link.close()
