"""Under what a run was made: the machine, its load at the begin, the versions, the command."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from deploy.local.databases import libpq, run_sql
from deploy.local.environment import given
from deploy.local.jars import locked
from deploy.local.postgres import binaries

HERE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a reader needs to compare, and to see how quiet the machine was."""

    at: str
    command: str
    commit: str
    processor: str
    cores: int
    memory_gib: float
    load: tuple[float, float, float]
    """The averages over 1, 5 and 15 minutes when the run began."""
    versions: str

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Self:
        """From what `plain` gave, through JSON or not."""
        return cls(**kept | {"load": tuple(kept["load"])})


def conditions(command: str, beside: str) -> Conditions:
    """As they are now. `beside` names the versions of what others wrote, empty where none is there."""
    return Conditions(
        at=datetime.now(UTC).isoformat(timespec="minutes"),
        command=command,
        commit=_commit(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        load=tuple(round(value, 2) for value in os.getloadavg()),  # type: ignore[arg-type]
        versions=", ".join(part for part in (_versions(), beside) if part),
    )


def _versions() -> str:
    return (
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"PostgreSQL {_postgres()}, Kafka {_kafka()}, aiokafka {version('aiokafka')}, asyncpg {version('asyncpg')}"
    )


def _postgres() -> str:
    url = given("DATABASE_URL")
    if url:
        return run_sql(libpq(url), "SHOW server_version").split()[0] + " (given)"
    ours = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    return ours.stdout.split()[2]


def _kafka() -> str:
    if given("KAFKA_BOOTSTRAP_SERVERS"):
        return "(given)"
    return next(jar.version for jar in locked() if jar.artifact.startswith("kafka_"))


def _commit() -> str:
    """The checkout's commit, with a plus if files differ from it; a dash where there is no git."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"], cwd=HERE, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "-"
    return said.stdout.strip()


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
