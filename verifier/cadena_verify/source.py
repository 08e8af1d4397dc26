"""Where a log's files are read from: a folder with the log's layout, or its URL."""

import gzip
import http.client
import io
import ipaddress
import os
import re
import ssl
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from cadena_verify import __version__
from cadena_verify.lanes import Lane, Where
from cadena_verify.tiles import MAX_BUNDLE_BYTES

TIMEOUT_SECONDS = 30.0
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.2
UNDER_WAY = 8
"""Requests on each connection whose answers have not come yet."""
MAX_BYTES = MAX_BUNDLE_BYTES + 1024
"""No file of a log is longer; more is refused instead of read."""
_NOT_SENT = re.compile(r"[\x00-\x20\x7f]").search
_RETRIED = {429, 500, 502, 503, 504}


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


class Http:
    """A served log, over connections that are kept, a few requests ahead. Transport errors are tried again."""

    def __init__(self, url: str, bearer: str | None = None, timeout: float = TIMEOUT_SECONDS, workers: int = 4) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
            (parts.hostname or "").encode("idna")  # what a connection does with it: no label is empty or over 63 bytes
        except ValueError as error:
            raise Unreadable(f"{url} is not a URL: {error}.") from error
        if _NOT_SENT(parts.netloc) or _NOT_SENT(parts.path) or not parts.path.isascii():
            raise Unreadable(f"{url} is not a URL: it holds characters that must be percent-encoded.")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Unreadable(f"{url} is not the http or https URL of a log.")
        if bearer and parts.scheme == "http" and not is_loopback(parts.hostname):
            raise Refused(f"A token is not sent to {parts.hostname} without https.")
        self.name = url.rstrip("/")
        self._https, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._prefix = parts.path.rstrip("/")
        self._headers = {"User-Agent": f"cadena-verify/{__version__}", "Accept-Encoding": "gzip"}
        if bearer:
            self._headers["Authorization"] = f"Bearer {bearer}"
        self._bearer, self._timeout, self._workers = bearer, timeout, workers
        self._lanes: list[Lane] = []
        self._connection: http.client.HTTPConnection | None = None

    def __reduce__(self) -> tuple[type["Http"], tuple[str, str | None, float, int]]:
        """Another process opens its own connections."""
        return Http, (self.name, self._bearer, self._timeout, self._workers)

    def get(self, path: str) -> bytes | None:
        """Fetch the file, up to four times if the transport fails or the server is busy."""
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, body = self._request(path)
            except (OSError, http.client.HTTPException, EOFError, zlib.error) as error:
                self._drop()
                trouble = f"{type(error).__name__}: {error}"
            else:
                if status not in _RETRIED:
                    return self._judged(path, status, body)
                trouble = f"it answers {status}"
            if attempt < ATTEMPTS:
                time.sleep(pause)
                pause *= 2
        raise Unreadable(f"{self.name}/{path} could not be fetched in {ATTEMPTS} attempts: {trouble}.")

    def ahead(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        """Fetch them over a few connections, several requests under way on each; what fails there, with `get`."""
        if not self._lanes:
            where = Where(self._https, self._host, self._port)
            self._lanes = [Lane(where, self._prefix, self._headers, self._timeout) for _ in range(self._workers)]
        turn, todo = cycle(self._lanes), iter(paths)
        waiting: deque[tuple[str, Lane]] = deque()
        try:
            while True:
                for path in islice(todo, UNDER_WAY * self._workers - len(waiting)):
                    waiting.append((path, next(turn)))
                    waiting[-1][1].ask(path)
                if not waiting:
                    return
                path, lane = waiting.popleft()
                answer = lane.answer(MAX_BYTES)
                yield self.get(path) if answer is None else answer
        finally:
            if waiting:  # answers are still to come that nobody waits for
                self.close()

    def close(self) -> None:
        """Close every connection; the next request opens its own again."""
        for lane in self._lanes:
            lane.close()
        self._drop()

    def _judged(self, path: str, status: int, body: bytes) -> bytes | None:
        if status == 200:
            return body
        if status == 404:
            return None
        if status in (401, 403):
            why = "needs the token of an auditor or a peer" if status == 401 else "is not open to this token"
            raise Refused(f"{self.name}/{path} {why} (status {status}); give one with --bearer.")
        raise Unreadable(f"{self.name}/{path} answers with status {status}, where 200 or 404 was expected.")

    def _request(self, path: str) -> tuple[int, bytes]:
        connection = self._connected()
        connection.request("GET", f"{self._prefix}/{path}", headers=self._headers)
        answer = connection.getresponse()
        raw = answer.read(MAX_BYTES + 1)
        if answer.headers.get("Content-Encoding", "").lower() == "gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
                raw = packed.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            self._drop()
            raise Unreadable(f"{self.name}/{path} is longer than any file of a log can be.")
        return answer.status, raw

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._https:
                context = ssl.create_default_context()
                made = http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
                self._connection = made
            else:
                self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return self._connection

    def _drop(self) -> None:
        """Close the connection, which opens itself again at its next request."""
        if self._connection is not None:
            self._connection.close()


def _read(handle: int, length: int) -> bytes:
    """So many bytes, or fewer where the file ends: in one call, as long as the system gives them in one."""
    raw = os.read(handle, length)
    while len(raw) < length and (more := os.read(handle, length - len(raw))):
        raw += more
    return raw


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_source(where: str, bearer: str | None = None, timeout: float = TIMEOUT_SECONDS) -> Source:
    """The log at a URL or in a folder; Unreadable if it is neither."""
    if where.startswith(("http://", "https://")):
        return Http(where, bearer, timeout)
    return Folder(Path(where))
