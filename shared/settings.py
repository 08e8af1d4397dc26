"""What every process reads from its environment, typed and checked once at its entry point; nothing else reads it."""

from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, DirectoryPath, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import failpoint

DEV_ISSUER = "urn:cadena:dev"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
Port = Annotated[int, Field(ge=1, le=65535)]


Settings = TypeVar("Settings", bound=BaseSettings)


def read(kind: type[Settings]) -> Settings:
    """The settings from the environment; ends the process with a sentence for each variable that is missing or wrong.

    What stands in a file of the folder CADENA_SECRETS_DIR, named as the variable in lower case, need not stand in the
    environment, which more can see. Values are not repeated: they may be secrets.
    """
    try:
        folder = SecretsSettings().secrets_dir
        return kind(_secrets_dir=folder) if folder else kind()
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        wrong = [f"{prefix}{'.'.join(map(str, one['loc']))}".upper() + f": {one['msg']}" for one in error.errors()]
        raise SystemExit("the environment is not right:\n" + "\n".join(wrong)) from None


class SecretsSettings(BaseSettings):
    """Where variables stand that are secrets."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)

    secrets_dir: DirectoryPath | None = None


class CommonSettings(BaseSettings):
    """The names that all six processes share: `CADENA_` and the field in upper case."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)

    installation: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "demo"
    origin: str = "cadena.example/demo"
    listen_host: str = "127.0.0.1"
    listen_port: Port
    database_url: SecretStr
    """This process's own login, as a libpq URL; a socket folder stands in `?host=`."""
    keys_dir: Path | None = None
    state_dir: Path | None = None
    """A folder outside the database, for what must survive the database being set back."""

    @property
    def custody_source(self) -> str:
        """The `source` of custody's events."""
        return f"urn:cadena:{self.installation}:custody"

    @property
    def notify_source(self) -> str:
        """The `source` of notify's events."""
        return f"urn:cadena:{self.installation}:notify"

    @property
    def audit_source(self) -> str:
        """The `source` of audit's marker leaves."""
        return f"urn:cadena:{self.installation}:audit"


def _fail_point(text: str) -> str:
    failpoint.parse(text)
    return text


class FailPointSettings(BaseSettings):
    """Where a process of a test dies (shared.failpoint). Only where tokens are the dev issuer's and all is loopback."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)

    fail_point: Annotated[str, AfterValidator(_fail_point)] = ""
    """A point's name, or name:nth."""
    issuer: str = ""
    listen_host: str = ""
    database_url: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _never_in_earnest(self) -> "FailPointSettings":
        at_home = self.listen_host in LOOPBACK and database_is_local(self.database_url.get_secret_value())
        if self.fail_point and not (self.issuer == DEV_ISSUER and at_home):
            raise ValueError(f"CADENA_FAIL_POINT is taken on loopback only, with {DEV_ISSUER}")
        return self


class KafkaSettings(BaseSettings):
    """How a process reaches the broker, with credentials of its own."""

    model_config = SettingsConfigDict(env_prefix="CADENA_KAFKA_", extra="ignore", frozen=True)

    bootstrap_servers: str
    topic_prefix: str = ""
    security_protocol: Literal["PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None

    @property
    def custody_topic(self) -> str:
        """Custody's facts."""
        return f"{self.topic_prefix}cadena.custody.v1"

    @property
    def notify_topic(self) -> str:
        """Notify's facts."""
        return f"{self.topic_prefix}cadena.notify.v1"

    @property
    def audit_topic(self) -> str:
        """Sealed entries."""
        return f"{self.topic_prefix}cadena.audit.v1"


class TokenSettings(CommonSettings):
    """Whose tokens an API takes, and how old the issuer's keys may be by which it judges them; times in seconds."""

    issuer: str
    jwks: str
    """Path of a JWKS file, or its https URL; http is taken on loopback only."""
    jwks_ca_file: Path | None = None
    """Whose certificates the issuer's server may have, in PEM; the system's authorities without it."""
    jwks_refresh_seconds: Annotated[int, Field(ge=10, le=3600)] = 300
    """Keys are never older while the issuer answers: so long may a key be in use that the issuer withdrew."""
    jwks_stale_seconds: Annotated[int, Field(ge=10, le=86_400)] = 3600
    """Keys are never older at all: so long does an outage of the issuer go unnoticed by who has a token."""
    token_lifetime_seconds: Annotated[int, Field(ge=60, le=2_592_000)] = 3600
    """The longest life of a token, from `iat` to `exp`."""

    @model_validator(mode="after")
    def _dev_issuer_stays_on_loopback(self) -> "TokenSettings":
        at_home = self.listen_host in LOOPBACK and database_is_local(self.database_url.get_secret_value())
        if self.issuer == DEV_ISSUER and not (at_home and "://" not in self.jwks):
            raise ValueError(
                f"{DEV_ISSUER} signs tokens for anyone who can read a file; it is taken on loopback only, from a file"
            )
        return self

    @model_validator(mode="after")
    def _keys_come_untouched(self) -> "TokenSettings":
        parts = urlsplit(self.jwks)
        at_home = self.jwks.startswith("http://") and parts.hostname in LOOPBACK
        plain = parts.hostname and parts.username is None and not parts.fragment
        if "://" in self.jwks and not (plain and (at_home or self.jwks.startswith("https://"))):
            raise ValueError("the issuer's keys come from an https address without credentials, or from a file")
        if self.jwks_stale_seconds < self.jwks_refresh_seconds:
            raise ValueError("jwks_stale_seconds is at least jwks_refresh_seconds")
        return self


class LogReaderSettings(CommonSettings):
    """Where a worker reads the sealed log, and by which key it knows it."""

    log_url: str
    log_vkey: str
    """The log's vkey, or the path of a file that holds it."""
    ledger_token_file: Path | None = None
    """Holds the bearer token for entry tiles; read anew at each use."""

    @property
    def vkey(self) -> str:
        """The vkey itself."""
        path = Path(self.log_vkey)
        return (path.read_text() if "+" not in self.log_vkey or path.is_file() else self.log_vkey).strip()


def database_is_local(url: str) -> bool:
    """True if a libpq URL leads to a socket or to loopback."""
    parts = urlsplit(url)
    hosts = parse_qs(parts.query).get("host", [parts.hostname or ""])
    return all(host in LOOPBACK or host.startswith("/") or not host for host in hosts)
