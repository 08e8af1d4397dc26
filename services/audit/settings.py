"""Every variable that audit's processes and commands read, typed; see shared.settings for the names that all share."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import CommonSettings, TokenSettings

Seconds = Annotated[float, Field(gt=0)]


class WriterSettings(CommonSettings):
    """The writer: it appends, signs and publishes, with the login `audit_writer`."""

    keys_dir: Path
    state_dir: Path
    linger_ms: Annotated[int, Field(ge=0, le=1000)] = 50
    """How long the broker may collect messages for one batch: larger batches for latency."""
    batch_events: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    message_bytes: Annotated[int, Field(ge=70_000, le=1_000_000)] = 900_000
    """The most framed bytes that one sealed message carries."""
    silence_seconds: Seconds = 5.0
    """After so long without a message one without entries goes out."""
    heartbeat_seconds: Seconds = 2.0
    heartbeat_old_seconds: Seconds = 10.0
    """A newcomer ends the holder of the lock only when its heartbeat is older."""


class ApiSettings(TokenSettings):
    """The read API, with the login `audit_api`, which may only read."""

    pool_size: Annotated[int, Field(ge=1, le=100)] = 8


class MigrateSettings(BaseSettings):
    """`migrate`, the only one that knows the owner's login."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)
    owner_database_url: SecretStr


class KeysSettings(BaseSettings):
    """`keys`."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)
    origin: str = "cadena.example/demo"
    keys_dir: Path
