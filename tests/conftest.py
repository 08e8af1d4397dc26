"""What every test may ask for: a real PostgreSQL, a real Kafka, databases and topics of its module's own.

One server and one broker run for the whole session; a module isolates itself by fresh databases and a topic prefix.
"""

import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local import databases as making
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from tests.environment import given


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL: its superuser's URL, and the password of each login role."""

    admin_url: str
    passwords: dict[str, str]


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """The session's own state folder; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="cadena-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(session_folder: Path) -> Iterator[Server]:
    """PostgreSQL with the nine login roles and no database of ours yet."""
    passwords = making.new_passwords()
    external = given("DATABASE_URL")
    if external:
        making.ensure_roles(making.libpq(external), passwords)
        yield Server(making.libpq(external), passwords)
        return
    server = Postgres(session_folder / "backends")
    try:
        server.start()
        making.ensure_roles(server.admin_url(), passwords)
        yield Server(server.admin_url(), passwords)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def kafka_broker(session_folder: Path) -> Iterator[str]:
    """The bootstrap servers of a running Kafka."""
    external = given("KAFKA_BOOTSTRAP_SERVERS")
    if external:
        yield external
        return
    broker = Kafka(session_folder / "backends")
    try:
        broker.start()
        yield broker.bootstrap_servers
    finally:
        broker.stop()


@pytest.fixture(scope="module")
def empty_databases(postgres_server: Server) -> Iterator[making.Urls]:
    """This module's own three databases, empty: service → role → libpq URL."""
    suffix = f"_{secrets.token_hex(4)}"
    making.ensure_databases(postgres_server.admin_url, suffix)
    yield making.service_urls(postgres_server.admin_url, postgres_server.passwords, suffix)
    making.drop_databases(postgres_server.admin_url, suffix)


@pytest.fixture(scope="module")
def topic_prefix() -> str:
    """A topic prefix that no other module has."""
    return f"t{secrets.token_hex(4)}."
