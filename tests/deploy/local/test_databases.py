"""The three databases: one login per process, closed to the others."""

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from deploy.local.databases import (
    ROLES,
    WALLS,
    Urls,
    close_to_public,
    drop_databases,
    ensure_databases,
    ensure_roles,
    libpq,
    login_url,
    role_passwords,
    run_sql,
    service_urls,
)
from deploy.local.postgres import Postgres, binaries
from deploy.local.problem import StackProblem


@pytest.mark.parametrize(("service", "role"), [(s, r) for s, roles in ROLES.items() for r in roles])
async def test_each_role_enters_its_own_database_by_password(empty_databases: Urls, service: str, role: str) -> None:
    link = await asyncpg.connect(empty_databases[service][role])
    try:
        assert await link.fetchval("SELECT current_user") == f"{service}_{role}"
        assert await link.fetchval("SHOW synchronous_commit") == "on"
    finally:
        await link.close()


async def test_a_role_does_not_enter_another_services_database(empty_databases: Urls) -> None:
    foreign = empty_databases["audit"]["writer"].rpartition("?")
    database = empty_databases["custody"]["api"].partition("@/")[2].partition("?")[0]
    url = foreign[0].rpartition("/")[0] + f"/{database}?" + foreign[2]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url)


async def test_a_wrong_password_is_refused(empty_databases: Urls) -> None:
    url = login_url(empty_databases["custody"]["api"], "custody_api", "wrong", "postgres")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


COMMON = {"postgres", "template1"}
NOBODYS = (
    "SELECT lo_creat(-1)",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_put(1, 0, 'x')",
    "SELECT pg_logical_emit_message(false, 'x', 'x')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_advisory_lock_shared(1)",
    "SELECT pg_try_advisory_lock_shared(1)",
    "SELECT pg_try_advisory_xact_lock(1)",
    "SELECT pg_advisory_unlock_all()",
)
LOCKS = {
    "SELECT pg_try_advisory_lock(1)": {"custody_worker", "notify_worker"},
    "SELECT pg_try_advisory_lock(1, 1)": {"audit_writer"},
    "SELECT pg_advisory_xact_lock(1, 1)": {"notify_api"},
    "SELECT pg_advisory_xact_lock(1)": {"custody_owner", "audit_owner", "notify_owner"},
}
"""The right to a kind of lock, and all who have it."""
EVERY_ROLE = [(service, role) for service, roles in ROLES.items() for role in roles]


async def check_closed(urls: Urls) -> None:
    """No login enters the common databases, makes large objects or temporary tables in its own, or takes others' locks."""
    for service, role in EVERY_ROLE:
        url = urls[service][role]
        for name in COMMON:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
                await asyncpg.connect(url, database=name)
        link = await asyncpg.connect(url)
        try:
            for sql in NOBODYS:
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="function"):
                    await link.fetchval(sql)
            for sql, who in LOCKS.items():
                if f"{service}_{role}" in who:
                    await link.fetchval(sql)
                else:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="function"):
                        await link.fetchval(sql)
            if role != "owner":
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="temporary"):
                    await link.execute("CREATE TEMP TABLE t (x int)")
        finally:
            await link.close()


async def test_what_postgresql_gives_to_every_login_is_taken_away(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    server.start()
    try:
        admin = server.admin_url()
        ensure_roles(admin)
        ensure_databases(admin, "_x")
        for _ in range(2):
            assert close_to_public(admin, "_x") == []
        await check_closed(service_urls(admin, "_x"))
    finally:
        server.stop()


async def test_composes_first_start_makes_the_same_logins_and_closes_the_same_doors(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    server.start()
    try:
        names = [f"{service}_{role}" for service, role in EVERY_ROLE]
        for name in names:
            (tmp_path / f"{name}_password").write_text(f"pw '\"{name}\n")
        script = Path(__file__).parents[3] / "deploy" / "postgres" / "init.sh"
        env = {
            "PATH": f"{binaries()}:{os.environ['PATH']}", "PGHOST": str(server.socket_folder), "PGUSER": "postgres",
            "PGPASSWORD": server.password, "CADENA_SECRETS_DIR": str(tmp_path), "CADENA_WALLS": str(WALLS),
        }  # fmt: skip
        first_start = await asyncio.create_subprocess_exec("sh", str(script), env=env)
        assert await first_start.wait() == 0
        urls: Urls = {service: {} for service in ROLES}
        for service, role in EVERY_ROLE:
            name = f"{service}_{role}"
            urls[service][role] = login_url(server.admin_url(), name, f"pw '\"{name}", service)
        await check_closed(urls)
    finally:
        server.stop()


def test_a_driver_name_is_taken_off_the_given_url() -> None:
    assert libpq("postgresql+asyncpg://a:b@h/c") == "postgresql://a:b@h/c"
    with pytest.raises(StackProblem):
        libpq("mysql://a:b@h/c")


async def test_an_administrator_who_is_no_superuser_is_enough(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    server.start()
    try:
        run_sql(server.admin_url(), "CREATE ROLE boss LOGIN CREATEDB CREATEROLE PASSWORD 'a b/c'")
        boss = login_url(server.admin_url(), "boss", "a b/c", "postgres")
        for _ in range(2):
            ensure_roles(boss)
            ensure_databases(boss)
            closed, objects = close_to_public(boss)
            assert "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC" in closed
            assert "superuser" in objects
        link = await asyncpg.connect(service_urls(boss)["notify"]["worker"])
        assert await link.fetchval("SELECT current_database()") == "notify"
        await link.close()
        drop_databases(boss, "")
        assert run_sql(boss, "SELECT count(*) FROM pg_database WHERE datname IN ('custody', 'audit', 'notify')") == "0"
    finally:
        server.stop()


def test_passwords_belong_to_the_server_and_differ_by_role() -> None:
    here, there = "postgresql://boss:one@/postgres?host=%2Ftmp%2Fa", "postgresql://boss:one@/postgres?host=%2Ftmp%2Fb"
    assert role_passwords(here) == role_passwords(there)
    assert role_passwords(here) != role_passwords(here.replace("one", "two"))
    assert len(set(role_passwords(here).values())) == 9
