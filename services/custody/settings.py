"""Every variable that custody's processes and commands read, typed; shared.settings has the names that all share."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.settings import LogReaderSettings, TokenSettings


def _numbers(value: object) -> object:
    return [one.strip() for one in value.split(",")] if isinstance(value, str) else value


class ApiSettings(TokenSettings, LogReaderSettings):
    """The API: it records with the login `custody_api`, signs promises, and takes proofs from the published log."""

    keys_dir: Path
    state_dir: Path
    """The worker's folder, to read from: it tells whether the database was set back."""
    pool_size: Annotated[int, Field(ge=1, le=100)] = 10
    """Connections to the database: how many commands are recorded side by side."""


class WorkerSettings(LogReaderSettings):
    """The worker: it publishes facts and marks them as sealed, with the login `custody_worker`."""

    state_dir: Path
    review_leads: Annotated[tuple[Annotated[int, Field(ge=1, le=120)], ...], NoDecode, BeforeValidator(_numbers)] = (
        12,
        6,
        3,
        1,
    )
    """How many months before the end of its keeping an item is reviewed; as 12,6,3,1."""


class _CommandSettings(BaseSettings):
    """What the commands that end by themselves have in common: no port, no tokens."""

    model_config = SettingsConfigDict(env_prefix="CADENA_", extra="ignore", frozen=True)
    installation: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "demo"

    @property
    def custody_source(self) -> str:
        """The `source` of custody's events."""
        return f"urn:cadena:{self.installation}:custody"


class MigrateSettings(_CommandSettings):
    """`migrate`, the only one that knows the owner's login."""

    owner_database_url: SecretStr


class KeysSettings(_CommandSettings):
    """`keys`."""

    keys_dir: Path


class FoundSettings(_CommandSettings):
    """`found`: it records the first fact with the API's login and promise key."""

    keys_dir: Path
    database_url: SecretStr


class RebuildSettings(_CommandSettings):
    """`rebuild`: it only reads, with a login that may read events and state: the API's, or the owner's."""

    database_url: SecretStr
