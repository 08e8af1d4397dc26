"""Every variable that notify's processes and commands read, typed; see shared.settings for the names that all share."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notify.address import mail_address
from shared.settings import LogReaderSettings, TokenSettings

LINK_KEY, PROMISE_KEY = "notify-link.pem", "notify-promise.pem"
"""File names of notify's private keys, under `keys_dir`."""


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("a base URL is written as https://host or https://host/path")
    return value.rstrip("/")


class ApiSettings(TokenSettings):
    """The API: it records with the login `notify_api`, signs promises and address links."""

    keys_dir: Path
    state_dir: Path
    """The worker's folder, to read from: it tells whether the database was set back."""
    public_url: Annotated[str, AfterValidator(_web_url)]
    """Where readers of mail reach notify's pages."""
    mail_from: Annotated[str, AfterValidator(mail_address)]
    pool_size: Annotated[int, Field(ge=1, le=100)] = 5


class WorkerSettings(LogReaderSettings):
    """The worker: it publishes facts, plans notices of what is sealed and hands mail over, as `notify_worker`."""

    state_dir: Path
    mail_from: Annotated[str, AfterValidator(mail_address)]
    smtp_url: SecretStr


class _CommandSettings(BaseSettings):
    """What the commands that end by themselves have in common: no port, no tokens."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)
    installation: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "demo"

    @property
    def notify_source(self) -> str:
        """The `source` of notify's events."""
        return f"urn:cadena:{self.installation}:notify"


class MigrateSettings(_CommandSettings):
    """`migrate`, the only one that knows the owner's login."""

    owner_database_url: SecretStr


class KeysSettings(_CommandSettings):
    """`keys`."""

    keys_dir: Path
