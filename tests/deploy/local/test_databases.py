"""The three databases: one login per process, closed to the others."""

import asyncpg
import pytest

from deploy.local.databases import ROLES, Urls, libpq, login_url
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
