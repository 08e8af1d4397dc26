"""The servers of one run: PostgreSQL and Kafka as `make serve` starts them, and a folder that is gone afterwards.

Start them from the main thread. What DATABASE_URL or KAFKA_BOOTSTRAP_SERVERS names is used and not started; then there
is no process of ours to ask for its CPU time.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local import databases
from deploy.local.backends import Backends
from deploy.local.commands import migrate
from deploy.local.files import private_folder
from shared.kafka import KafkaConfig


@dataclass(frozen=True, slots=True)
class Servers:
    """What stands when a part begins. `folder` is the run's own; pids are None where a server is not ours."""

    admin_url: str
    kafka: KafkaConfig
    folder: Path
    postgres_pid: int | None = None
    kafka_pid: int | None = None

    @contextmanager
    def database(self, service: str) -> Iterator[dict[str, str]]:
        """A fresh migrated database of one service as role → libpq URL; dropped afterwards."""
        suffix = f"_bench_{secrets.token_hex(4)}"
        databases.ensure_databases(self.admin_url, suffix, services=[service])
        try:
            urls = databases.service_urls(self.admin_url, suffix)[service]
            migrate(service, urls["owner"])
            yield urls
        finally:
            databases.drop_databases(self.admin_url, suffix, [service])

    def place(self, name: str) -> Path:
        """An empty private folder of this name inside `folder`."""
        path = self.folder / f"{name}-{secrets.token_hex(4)}"
        return private_folder(path)


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Both servers with their data in `folder`, which is emptied before and deleted after."""
    shutil.rmtree(folder, ignore_errors=True)
    backends = Backends(private_folder(folder))
    try:
        for name in ("postgres", "kafka"):
            if name in backends.processes:
                backends.start(name)
        databases.ensure_roles(backends.admin_url)
        pids = {name: process.pid for name, process in backends.processes.items()}
        yield Servers(backends.admin_url, backends.kafka_operator, folder, pids.get("postgres"), pids.get("kafka"))
    finally:
        backends.stop()
        shutil.rmtree(folder, ignore_errors=True)
