"""Every variable that custody's processes and commands read, typed; shared.settings has the names that all share."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import LogReaderSettings, TokenSettings

_MONTHS = "([1-9][0-9]?|1[01][0-9]|120)"


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
    review_leads: Annotated[str, Field(pattern=f"^{_MONTHS}(,{_MONTHS})*$")] = "12,6,3,1"
    """How many months (1 to 120) before the end of its keeping an item is reviewed."""

    @property
    def leads(self) -> tuple[int, ...]:
        """`review_leads` as numbers."""
        return tuple(int(lead) for lead in self.review_leads.split(","))


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
