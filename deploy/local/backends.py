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
from shared.kafka import KafkaConfig

T = TypeVar("T")


def given_kafka() -> KafkaConfig | None:
    """The brokers that the environment names, and the operator's way in; None where ours is used.

    KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are an administrator's, who makes users and rules; without them the
    brokers are used as they are, in plain, and whoever reaches them may do everything there.
    """
    servers, name = given("KAFKA_BOOTSTRAP_SERVERS"), given("KAFKA_SASL_USERNAME")
    if servers is None or name is None:
        return KafkaConfig(servers) if servers else None
    return KafkaConfig(
        servers, given("KAFKA_SECURITY_PROTOCOL") or "SASL_PLAINTEXT", name, given("KAFKA_SASL_PASSWORD")
    )


class Backends:
    """The three of one stack. What the environment names is used and never started, stopped or killed."""

    def __init__(self, state: Path) -> None:
        self._database_url = given("DATABASE_URL")
        self._given_kafka = given_kafka()
        self._smtp_url = given("SMTP_URL")
        self.postgres = None if self._database_url else Postgres(state)
        self.kafka = None if self._given_kafka else Kafka(state)
        self.mail = None if self._smtp_url else MailSink(state)
        self._all = [one for one in (self.postgres, self.kafka, self.mail) if one is not None]

    @property
    def admin_url(self) -> str:
        """The database administrator's URL."""
        return libpq(self._database_url) if self._database_url else _there(self.postgres).admin_url()

    @property
    def kafka_operator(self) -> KafkaConfig:
        """Kafka's address, and how its operator comes in."""
        return self._given_kafka or _there(self.kafka).operator

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

        operator = self.kafka_operator
        kafka = operator.bootstrap_servers
        if not operator.sasl_username:
            kafka += "; it asks for no password: whoever reaches it may do everything there"
        return [
            f"PostgreSQL  {source('DATABASE_URL', 'our own, embedded, socket only')}",
            f"Kafka       {source('KAFKA_BOOTSTRAP_SERVERS', 'our own, one node')}, {kafka}",
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
