"""Where a log's files are read from: a folder with the log's layout, or its URL."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from cadena_verify.tiles import MAX_BUNDLE_BYTES

TIMEOUT_SECONDS = 30.0
MAX_BYTES = MAX_BUNDLE_BYTES + 1024
"""No file of a log is longer; more is refused instead of read."""


class Unreadable(Exception):
    """The log cannot be read: not a defect of the log, but no audit either. The message is a sentence."""


class Refused(Unreadable):
    """The log wants a token, or another one."""


class Changed(Unreadable):
    """The log gave other bytes than it gave before, or than an earlier audit kept."""


class Source(Protocol):
    """One log's files by their path inside it."""

    name: str

    def get(self, path: str) -> bytes | None:
        """The file's bytes, None if the log has no such file; Unreadable if it cannot be told."""

    def ahead(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """`get` of each path in order; a source may fetch a few of them ahead."""

    def close(self) -> None:
        """Let go of what is open."""


class Folder:
    """A saved log. Its `checkpoints` is the saved answer of `/v1/checkpoints`."""

    def __init__(self, root: Path) -> None:
        try:
            there = root.is_dir()
        except OSError as error:
            raise Unreadable(f"{root} cannot be read: {error.strerror}.") from error
        if not there:
            raise Unreadable(f"{root} is neither a folder nor the URL of a log.")
        self.root = root
        self.name = str(root)

    def get(self, path: str) -> bytes | None:
        """Read the file; a query selects nothing in a folder, whose list of heads is one file."""
        plain = path.partition("?")[0].removeprefix("v1/")
        try:
            handle = os.open(f"{self.name}/{plain}", os.O_RDONLY | getattr(os, "O_BINARY", 0))
            try:
                length = os.fstat(handle).st_size
                return _read(handle, length if plain == "checkpoints" else min(length, MAX_BYTES))
            finally:
                os.close(handle)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise Unreadable(f"{self.root / plain} cannot be read: {error.strerror}.") from error

    def ahead(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """One file after the other."""
        return map(self.get, paths)

    def close(self) -> None:
        """Nothing stays open between two files."""


def _read(handle: int, length: int) -> bytes:
    """So many bytes, or fewer where the file ends: in one call, as long as the system gives them in one."""
    raw = os.read(handle, length)
    while len(raw) < length and (more := os.read(handle, length - len(raw))):
        raw += more
    return raw


def open_source(where: str, bearer: str | None = None, timeout: float = TIMEOUT_SECONDS) -> Source:
    """The log at a URL or in a folder; Unreadable if it is neither."""
    if where.startswith(("http://", "https://")):
        from cadena_verify.served import Http  # what it needs takes longer to load than a small folder to check

        return Http(where, bearer, timeout)
    return Folder(Path(where))
