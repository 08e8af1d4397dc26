"""A PostgreSQL of the test's own whose disk is full: no file of it may grow, until it is started with room again.

The limit is the kernel's on the size of a file (RLIMIT_FSIZE), so it needs neither a mount nor rights; PostgreSQL meets
it where it would meet a full disk: at the write that makes a table longer.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import databases as making
from deploy.local.commands import migrate
from deploy.local.postgres import Postgres

SEGMENT_BYTES = 16 * 1024 * 1024
"""Of PostgreSQL's own log: files up to here can be written, else it would not even start."""


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """What is started in this block has no file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class SmallDisk:
    """The server with one service's database, migrated."""

    def __init__(self, folder: Path) -> None:
        self._server = Postgres(folder)

    def open(self, service: str) -> dict[str, str]:
        """Start with room, and make the database: role → URL."""
        self._server.start()
        making.ensure_roles(self.admin_url)
        making.ensure_databases(self.admin_url, services=[service])
        urls = making.service_urls(self.admin_url)[service]
        migrate(service, urls["owner"])
        return urls

    @property
    def admin_url(self) -> str:
        return self._server.admin_url()

    def fill(self) -> None:
        """From now on no table that is longer than a segment grows."""
        self._server.process.stop()
        with no_file_beyond(SEGMENT_BYTES):
            self._server.start()

    def make_room(self) -> None:
        self._server.process.stop()
        self._server.start()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self._server.kill()

    def recover(self) -> None:
        """Start after a crash."""
        self._server.start()

    def close(self) -> None:
        self._server.stop()
