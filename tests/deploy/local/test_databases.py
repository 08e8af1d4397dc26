"""The three databases: one login per process, closed to the others."""

from pathlib import Path

import asyncpg
import pytest

from deploy.local.databases import (
    ROLES,
    Urls,
    drop_databases,
    ensure_databases,
    ensure_roles,
    libpq,
    login_url,
    role_passwords,
    run_sql,
    service_urls,
)
from deploy.local.postgres import Postgres
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
