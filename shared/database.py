"""PostgreSQL: engines and connections from libpq URLs, names of constraints, migrations and grants by one command."""

import socket
from pathlib import Path
from typing import Any

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

STATEMENT_SECONDS = 30.0
LOCK_SECONDS = 5.0
IDLE_IN_TRANSACTION_SECONDS = 30.0
CONNECT_SECONDS = 10.0
_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 25_000}
_SERVER_KEEPALIVE = {
    "tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}  # fmt: skip
_MIGRATION_LOCK = 0x636164656E61

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}


class NotMigrated(RuntimeError):
    """The database has not the tables of this release."""


def metadata() -> MetaData:
    """The metadata of one service's tables; a migration and an error handler can foretell its constraints' names."""
    return MetaData(naming_convention=NAMES)


async def connect(
    url: str,
    *,
    statement_seconds: float = STATEMENT_SECONDS,
    lock_seconds: float = LOCK_SECONDS,
    idle_in_transaction_seconds: float = IDLE_IN_TRANSACTION_SECONDS,
    application_name: str = "cadena",
) -> "asyncpg.Connection[Any]":
    """One connection by a libpq URL; statements, locks and idle transactions end at these times, 0 for never.

    Either side notices within half a minute that the other is gone without a word: the server, so that a lock does not
    outlive its holder, and the client, so that nobody waits for an answer that cannot come.
    Raises OSError, TimeoutError or asyncpg.PostgresError.
    """
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        server_settings={
            "application_name": application_name,
            "statement_timeout": _milliseconds(statement_seconds),
            "lock_timeout": _milliseconds(lock_seconds),
            "idle_in_transaction_session_timeout": _milliseconds(idle_in_transaction_seconds),
            "timezone": "UTC",
            **_SERVER_KEEPALIVE,
        },
    )
    keep_alive(getattr(connection, "_transport").get_extra_info("socket"))  # noqa: B009  the driver has no word for it
    return connection


def keep_alive(link: socket.socket | None) -> None:
    """Probe a TCP connection while it is silent, and give it up when nothing comes back; a Unix socket needs none."""
    if link is None or link.family == socket.AF_UNIX:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE.items():
        if hasattr(socket, option):  # not on every system
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def engine(
    url: str,
    *,
    pool_size: int = 5,
    statement_seconds: float = STATEMENT_SECONDS,
    lock_seconds: float = LOCK_SECONDS,
    idle_in_transaction_seconds: float = IDLE_IN_TRANSACTION_SECONDS,
    application_name: str = "cadena",
) -> AsyncEngine:
    """A pool of such connections for SQLAlchemy; a broken one is replaced when it is next taken."""

    async def creator() -> "asyncpg.Connection[Any]":
        return await connect(
            url,
            statement_seconds=statement_seconds,
            lock_seconds=lock_seconds,
            idle_in_transaction_seconds=idle_in_transaction_seconds,
            application_name=application_name,
        )

    return create_async_engine(
        "postgresql+asyncpg://", async_creator=creator, pool_size=pool_size, max_overflow=0, pool_timeout=10,
        pool_pre_ping=False, pool_use_lifo=True,
        hide_parameters=True,  # an error's text goes to a log, where no name, address or label may stand
    )  # fmt: skip


async def migrate(owner_url: str, package: Path) -> str:
    """Bring the database to the newest revision of `<package>/migrations` and apply `<package>/grants.sql`.

    One transaction, one at a time. Returns the revision. The owner's login is used for this and nothing else.
    """
    owner = engine(owner_url, pool_size=1, statement_seconds=0, lock_seconds=30, application_name="cadena migrate")
    script = _scripts(package)
    try:
        async with owner.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(_upgrade, script)
            raw = (await connection.get_raw_connection()).driver_connection
            if raw is None:
                raise RuntimeError("the connection was lost during the migration")
            # One script of many statements: the driver's own call takes it, in the same transaction.
            await raw.execute((package / "grants.sql").read_text())
    finally:
        await owner.dispose()
    return script.get_current_head() or ""


async def demand_migrated(engine: AsyncEngine, package: Path) -> None:
    """For `readyz`: raises NotMigrated unless the database stands at the newest revision of `<package>/migrations`."""
    wanted = _scripts(package).get_current_head()
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    if found != wanted:
        raise NotMigrated(f"the database is at revision {found}, this release needs {wanted}: run `migrate`")


async def demand_answer(engine: AsyncEngine) -> None:
    """For `readyz`: raises unless the database answers a query."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


def _scripts(package: Path) -> ScriptDirectory:
    config = Config()
    # The folder's name goes through a parser in which a percent sign has a meaning.
    config.set_main_option("script_location", str(package / "migrations").replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _upgrade(connection: Connection, script: ScriptDirectory) -> None:
    with EnvironmentContext(Config(), script, fn=lambda revision, _: script._upgrade_revs("head", revision)) as context:
        context.configure(connection=connection)
        context.run_migrations()


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
