"""Connections, migrations and grants on a real PostgreSQL; the outbox's constraints."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.local.databases import Urls
from shared.database import NotMigrated, connect, demand_answer, demand_migrated, engine, keep_alive, migrate
from shared.outbox import Recorded, stage
from shared.sealed import fresh
from tests.shared.outboxes import Outbox, event

FIRST = """
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.execute("CREATE TABLE thing (id int PRIMARY KEY)")
"""
SECOND = """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.execute("ALTER TABLE thing ADD name text")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A service's package, in a folder whose name tries the parsers on its way."""
    folder = tmp_path / "100% a service"
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text(FIRST)
    (folder / "grants.sql").write_text("GRANT SELECT ON thing TO audit_api;\nGRANT INSERT ON thing TO audit_writer;\n")
    return folder


async def test_migrate_brings_a_database_to_the_newest_revision_with_its_grants(
    empty_databases: Urls, package: Path
) -> None:
    urls = empty_databases["audit"]
    owner = engine(urls["owner"])
    with pytest.raises(NotMigrated, match="None"):
        await demand_migrated(owner, package)
    assert await asyncio.gather(*(migrate(urls["owner"], package) for _ in range(3))) == ["0001"] * 3
    await demand_migrated(owner, package)
    await demand_answer(owner)
    reader = await connect(urls["api"])
    assert await reader.fetch("SELECT * FROM thing") == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("INSERT INTO thing VALUES (1)")
    await reader.close()

    (package / "migrations" / "versions" / "0002_second.py").write_text(SECOND)
    with pytest.raises(NotMigrated, match="0002"):
        await demand_migrated(owner, package)
    (package / "grants.sql").write_text("GRANT SELECT ON nothing TO audit_api;")
    with pytest.raises((DBAPIError, asyncpg.UndefinedTableError)):
        await migrate(urls["owner"], package)
    with pytest.raises(NotMigrated, match="0001"):  # all or nothing
        await demand_migrated(owner, package)
    await owner.dispose()


async def test_locks_and_statements_end_in_time(empty_databases: Urls) -> None:
    url = empty_databases["audit"]["owner"]
    holder, waiter = await connect(url), await connect(url, lock_seconds=0.1, statement_seconds=0.3)
    await holder.execute("SELECT pg_advisory_lock(1)")
    with pytest.raises(asyncpg.LockNotAvailableError):
        await waiter.execute("SELECT pg_advisory_lock(1)")
    with pytest.raises(asyncpg.QueryCanceledError):
        await waiter.execute("SELECT pg_sleep(10)")
    assert await waiter.fetchval("SHOW timezone") == "UTC"
    await holder.close()
    await waiter.close()


@pytest.fixture
async def outbox(empty_databases: Urls) -> AsyncIterator[Outbox]:
    made = Outbox(empty_databases["custody"]["owner"])
    await made.create()
    yield made
    await made.close()


async def test_events_are_staged_in_order_with_their_sealed_texts(outbox: Outbox) -> None:
    sealed = fresh("note", "what was said")
    events = [event(number, command="a" * 64, ordinal=number) for number in range(3)]
    async with outbox.engine.begin() as connection:
        await stage(connection, outbox.tables, [Recorded.of(each, [sealed]) for each in events])
        await stage(connection, outbox.tables, [])
    async with outbox.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT seq, id, bytes, sha256 = sha256(bytes) FROM event"))).all()
        values = (await connection.execute(text("SELECT event_id, value, salt FROM sealed_value"))).all()
    assert [(row[0], str(row[1]), row[2], row[3]) for row in rows] == [
        (at + 1, each.id, each.to_bytes(), True) for at, each in enumerate(events)
    ]
    assert {(str(row[0]), row[1], row[2]) for row in values} == {(e.id, "what was said", sealed.salt) for e in events}


async def test_g1_one_command_and_ordinal_is_one_event(outbox: Outbox) -> None:
    for command, ordinal in (("b" * 64, 0), ("b" * 64, 1)):
        async with outbox.engine.begin() as connection:
            await stage(connection, outbox.tables, [Recorded.of(event(1, command=command, ordinal=ordinal))])
    with pytest.raises(asyncpg.UniqueViolationError, match="uq_event_command_ordinal"):
        async with outbox.engine.begin() as connection:
            await stage(connection, outbox.tables, [Recorded.of(event(2, command="b" * 64))])


async def test_one_subject_has_each_version_once(outbox: Outbox) -> None:
    first = event(1)
    second = first.model_copy(update={"id": event(2).id, "command": "c" * 64})
    with pytest.raises(asyncpg.UniqueViolationError, match="uq_event_subject_sequence"):
        async with outbox.engine.begin() as connection:
            await stage(connection, outbox.tables, [Recorded.of(first), Recorded.of(second)])
    async with outbox.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM event"))).scalar() == 0


def test_a_tcp_connection_is_probed_and_given_up_within_half_a_minute() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as link:
        keep_alive(link)
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        idle, interval, count = (link.getsockopt(socket.IPPROTO_TCP, option) for option in options)
        assert idle + interval * count <= 30
    keep_alive(None)
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        keep_alive(ours)


async def test_the_server_is_told_to_do_the_same(empty_databases: Urls) -> None:
    connection = await connect(empty_databases["audit"]["owner"])
    try:
        found = dict(await connection.fetch(
            "SELECT name, reset_val FROM pg_settings WHERE name LIKE 'tcp\\_keepalives\\_%' OR name = 'tcp_user_timeout'"
        ))  # fmt: skip
    finally:
        await connection.close()
    assert found.keys() == {
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
        "tcp_keepalives_count",
        "tcp_user_timeout",
    }
    assert "0" not in found.values()
