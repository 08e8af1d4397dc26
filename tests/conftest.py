"""What every test may ask for: a real PostgreSQL, a real Kafka, databases and topics of its module's own.

One server and one broker run for the whole session; a module isolates itself by fresh databases and a topic prefix.
With `-n`, each of the processes is such a session.
"""

import asyncio
import secrets
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.local import databases as making
from deploy.local.backends import given_kafka
from deploy.local.commands import migrate
from deploy.local.environment import given
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.stack import Stack
from shared.kafka import KafkaConfig, ensure_topics, fact_topic

# A busy machine is no fault of the code: examples are judged by what they show, not by how long they took.
settings.register_profile("cadena", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cadena")

# A shell's background job ignores Ctrl-C, and so would every process that a test starts, and interrupts on purpose.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """The session's own state folder; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="cadena-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(session_folder: Path) -> Iterator[str]:
    """The administrator's URL of a running PostgreSQL with the nine login roles."""
    external = given("DATABASE_URL")
    if external:
        making.ensure_roles(making.libpq(external))
        yield making.libpq(external)
        return
    server = Postgres(session_folder / "backends")
    try:
        server.start()
        making.ensure_roles(server.admin_url())
        yield server.admin_url()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def kafka_broker(session_folder: Path) -> Iterator[KafkaConfig]:
    """A running Kafka, by its operator's way in. Whoever kills a broker starts one of its own (`deploy.local.kafka`)."""
    external = given_kafka()
    if external:
        yield external
        return
    broker = Kafka(session_folder / "backends")
    try:
        broker.start()
        yield broker.operator
    finally:
        broker.stop()


class Templates:
    """Migrated databases to copy from, made at first need, so that a module's own cost no migration."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self.suffix = f"_template_{secrets.token_hex(4)}"
        self.made: set[str] = set()

    def copy(self, service: str) -> Iterator[dict[str, str]]:
        """A fresh migrated database of one service, as role → libpq URL; dropped afterwards."""
        if service not in self.made:
            making.ensure_databases(self.admin_url, self.suffix, services=[service])
            migrate(service, making.service_urls(self.admin_url, self.suffix)[service]["owner"])
            self.made.add(service)
        suffix = f"_{secrets.token_hex(4)}"
        making.ensure_databases(self.admin_url, suffix, self.suffix, services=[service])
        yield making.service_urls(self.admin_url, suffix)[service]
        making.drop_databases(self.admin_url, suffix, [service])


@pytest.fixture(scope="session")
def database_templates(postgres_server: str) -> Iterator[Templates]:
    """The session's templates."""
    templates = Templates(postgres_server)
    yield templates
    making.drop_databases(postgres_server, templates.suffix, templates.made)


@pytest.fixture(scope="module")
def custody_database(database_templates: Templates) -> Iterator[dict[str, str]]:
    """This module's own custody database, migrated: owner, api, worker → libpq URL."""
    yield from database_templates.copy("custody")


@pytest.fixture
def own_custody_database(database_templates: Templates) -> Iterator[dict[str, str]]:
    """As `custody_database`, for one test alone."""
    yield from database_templates.copy("custody")


@pytest.fixture(scope="module")
def audit_database(database_templates: Templates) -> Iterator[dict[str, str]]:
    """This module's own audit database, migrated: owner, writer, api → libpq URL."""
    yield from database_templates.copy("audit")


@pytest.fixture(scope="module")
def notify_database(database_templates: Templates) -> Iterator[dict[str, str]]:
    """This module's own notify database, migrated: owner, api, worker → libpq URL."""
    yield from database_templates.copy("notify")


@pytest.fixture(scope="module")
def databases(
    custody_database: dict[str, str], audit_database: dict[str, str], notify_database: dict[str, str]
) -> making.Urls:
    """All three: service → role → libpq URL."""
    return {"custody": custody_database, "audit": audit_database, "notify": notify_database}


@pytest.fixture(scope="module")
def empty_databases(postgres_server: str) -> Iterator[making.Urls]:
    """This module's own three databases, not migrated."""
    suffix = f"_{secrets.token_hex(4)}"
    making.ensure_databases(postgres_server, suffix)
    yield making.service_urls(postgres_server, suffix)
    making.drop_databases(postgres_server, suffix)


@pytest.fixture(scope="module")
def topic_prefix() -> str:
    """A topic prefix that no other module has; no topic is made."""
    return f"t{secrets.token_hex(4)}."


@pytest.fixture(scope="module")
def topics(kafka_broker: KafkaConfig, topic_prefix: str) -> str:
    """`topic_prefix`, with the three topics of an installation made behind it."""
    wanted = {f"{topic_prefix}cadena.{service}.v1": fact_topic() for service in ("custody", "notify", "audit")}
    asyncio.run(ensure_topics(kafka_broker, wanted))
    return topic_prefix


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The six processes, founded and seeded, with backends of their own. Leave it running; break your own instead."""
    mark = secrets.token_hex(4)
    with tempfile.TemporaryDirectory(prefix="cadena-stack-") as folder:
        one = Stack(Path(folder) / "a state", database_suffix=f"_{mark}", topic_prefix=f"s{mark}.")
        try:
            one.up()
            yield one
        finally:
            one.stop()
