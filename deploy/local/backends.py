"""What stands behind the six processes: PostgreSQL, Kafka and mail, each given by the environment or started by us."""

from pathlib import Path
from typing import TypeVar

from deploy.local.databases import libpq
from deploy.local.environment import given
from deploy.local.kafka import Kafka
from deploy.local.mail import MailSink
from deploy.local.postgres import Postgres
from deploy.local.problem import StackProblem
from deploy.local.process import Process

T = TypeVar("T")


class Backends:
    """The three of one stack. What the environment names is used and never started, stopped or killed."""

    def __init__(self, state: Path) -> None:
        self._database_url = given("DATABASE_URL")
        self._bootstrap = given("KAFKA_BOOTSTRAP_SERVERS")
        self._smtp_url = given("SMTP_URL")
        self.postgres = None if self._database_url else Postgres(state)
        self.kafka = None if self._bootstrap else Kafka(state)
        self.mail = None if self._smtp_url else MailSink(state)
        self._all = [one for one in (self.postgres, self.kafka, self.mail) if one is not None]

    @property
    def admin_url(self) -> str:
        """The database administrator's URL."""
        return libpq(self._database_url) if self._database_url else _there(self.postgres).admin_url()

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's address."""
        return self._bootstrap or _there(self.kafka).bootstrap_servers

    @property
    def kafka_data(self) -> Path | None:
        """Kafka's data folder, None where the broker is not ours."""
        return self.kafka.data if self.kafka else None

    @property
    def smtp_url(self) -> str:
        """Where mail goes."""
        return self._smtp_url or _there(self.mail).url

    @property
    def mail_folder(self) -> Path | None:
        """Where mail is kept, None where it really leaves."""
        return self.mail.folder if self.mail else None

    @property
    def processes(self) -> dict[str, Process]:
        """Ours, by name."""
        return {one.process.name: one.process for one in self._all}

    def describe(self) -> list[str]:
        """A line each: what is used, and where it comes from."""

        def source(variable: str, ours: str) -> str:
            return f"given by {variable}" if given(variable) else ours

        return [
            f"PostgreSQL  {source('DATABASE_URL', 'our own, embedded, socket only')}",
            f"Kafka       {source('KAFKA_BOOTSTRAP_SERVERS', 'our own, one node')}, {self.bootstrap_servers}",
            f"mail        {source('SMTP_URL', 'our own, a sink that delivers nothing')}",
        ]

    def start(self, name: str | None = None) -> None:
        """Start all of ours, or the named one, and wait until each answers."""
        for one in self._all:
            if name in (None, one.process.name) and one.process.pid is None:
                one.start()

    def stop(self) -> None:
        """Stop ours: mail and Kafka, and PostgreSQL last."""
        for one in (self.mail, self.kafka, self.postgres):
            if one is not None:
                one.stop()

    def lose_kafka(self) -> None:
        """Delete the stopped broker's data; raises StackProblem where the broker is not ours."""
        _there(self.kafka).lose_data()


def _there(one: T | None) -> T:
    if one is None:
        raise StackProblem("This backend was given by the environment; it is not ours to touch.")
    return one
