"""Who gets which address and which secret: the environment of each of the six processes. PURE.

A process gets the logins, the keys and the state folder of its own service and role, and no other's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from deploy.kafka.rights import RIGHTS, passwords, topic_of, user_of
from deploy.local.cast import INSTALLATION, ORIGIN
from deploy.local.databases import Urls
from deploy.local.issuer import ISSUER
from deploy.local.ports import LOOPBACK
from shared.kafka import KafkaConfig

PROCESSES: Mapping[str, tuple[str, str]] = {
    "custody api": ("custody", "api"),
    "custody worker": ("custody", "worker"),
    "audit writer": ("audit", "writer"),
    "audit api": ("audit", "api"),
    "notify api": ("notify", "api"),
    "notify worker": ("notify", "worker"),
}
"""Name → service and role; the role is the command and the database login as well."""
WORKERS = ("custody worker", "notify worker")
SPEAK_TO_KAFKA = tuple(name for name in PROCESSES if name.replace(" ", "_") in RIGHTS)
MAIL_FROM = "cadena@example.org"
TOKEN_SECONDS = 7 * 24 * 3600
"""How long the dev issuer's tokens live: a week, so that nobody who tries things out has to fetch new ones."""


@dataclass(frozen=True)
class Wiring:
    """Everything that the processes are told; paths are absolute."""

    state: Path
    ports: Mapping[str, int]
    databases: Urls
    kafka: KafkaConfig
    """The operator's way in: for tools. No process is told it."""
    topic_prefix: str
    smtp_url: str
    jwks: Path

    def url(self, process: str) -> str:
        """Where a process listens."""
        return f"http://{LOOPBACK}:{self.ports[process]}"

    def keys_dir(self, service: str) -> Path:
        """Where a service's private keys are."""
        return self.state / "keys" / service

    def service_state(self, service: str) -> Path:
        """The service's folder outside its database."""
        return self.state / "services" / service

    @property
    def vkey_file(self) -> Path:
        """Where the log's public key is written once it is known."""
        return self.state / "log.vkey"

    def ledger_token_file(self, process: str) -> Path:
        """The token by which a worker reads entry tiles."""
        return self.state / "tokens" / f"{process.replace(' ', '-')}.jwt"

    @property
    def topics(self) -> dict[str, str]:
        """Source → its topic."""
        return {source: topic_of(source, self.topic_prefix) for source in ("custody", "notify", "audit")}

    @cached_property
    def kafka_passwords(self) -> dict[str, str]:
        """Kafka's users and their passwords; none where the brokers ask nobody."""
        return passwords(self.kafka.sasl_password, self.topic_prefix) if self.kafka.sasl_password else {}

    def kafka_as(self, process: str) -> KafkaConfig:
        """How a process reaches Kafka: as itself."""
        if not self.kafka_passwords:
            return self.kafka
        user = user_of(process, self.topic_prefix)
        return replace(self.kafka, sasl_username=user, sasl_password=self.kafka_passwords[user])

    def keys_environment(self, service: str) -> dict[str, str]:
        """What the command `keys` needs."""
        return {
            "CADENA_INSTALLATION": INSTALLATION,
            "CADENA_ORIGIN": ORIGIN,
            "CADENA_KEYS_DIR": str(self.keys_dir(service)),
        }

    def environment(self, process: str) -> dict[str, str]:
        """What a process needs."""
        service, role = PROCESSES[process]
        told = self.keys_environment(service) | {
            "CADENA_LISTEN_HOST": LOOPBACK,
            "CADENA_LISTEN_PORT": str(self.ports[process]),
            "CADENA_DATABASE_URL": self.databases[service][role],
            "CADENA_STATE_DIR": str(self.service_state(service)),
            "CADENA_ISSUER": ISSUER,
            "CADENA_JWKS": str(self.jwks),
            "CADENA_TOKEN_LIFETIME_SECONDS": str(TOKEN_SECONDS),
            "CADENA_LOG_URL": self.url("audit api"),
            "CADENA_LOG_VKEY": str(self.vkey_file),
        }
        if process in SPEAK_TO_KAFKA:
            told |= kafka_environment(self.kafka_as(process), self.topic_prefix)
        if process in WORKERS:
            told["CADENA_LEDGER_TOKEN_FILE"] = str(self.ledger_token_file(process))
        if service == "notify":
            told["CADENA_MAIL_FROM"] = MAIL_FROM
            told["CADENA_PUBLIC_URL"] = self.url("notify api")
            told["CADENA_SMTP_URL"] = self.smtp_url
        return told


def kafka_environment(config: KafkaConfig, topic_prefix: str) -> dict[str, str]:
    """What `shared.settings.KafkaSettings` reads."""
    told = {
        "CADENA_KAFKA_BOOTSTRAP_SERVERS": config.bootstrap_servers,
        "CADENA_KAFKA_TOPIC_PREFIX": topic_prefix,
        "CADENA_KAFKA_SECURITY_PROTOCOL": config.security_protocol,
    }
    if config.sasl_username and config.sasl_password:
        told["CADENA_KAFKA_SASL_USERNAME"] = config.sasl_username
        told["CADENA_KAFKA_SASL_PASSWORD"] = config.sasl_password
    return told
