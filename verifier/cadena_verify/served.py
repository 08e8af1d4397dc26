"""A log that is served: its files by their URL."""

import gzip
import http.client
import io
import ipaddress
import re
import ssl
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from urllib.parse import urlsplit

from cadena_verify import __version__
from cadena_verify.lanes import Lane, Where
from cadena_verify.source import MAX_BYTES, TIMEOUT_SECONDS, Refused, Unreadable

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.2
UNDER_WAY = 8
"""Requests on each connection whose answers have not come yet."""
_NOT_SENT = re.compile(r"[\x00-\x20\x7f]").search
_RETRIED = {429, 500, 502, 503, 504}


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
            why = "needs a token of an auditor or a peer, for the audience audit"
            if status == 403:
                why = "is not open to this token"
            how = "give one with --bearer, or check without entries: --tiles-only"
            raise Refused(f"{self.name}/{path} {why} (status {status}): {how}.")
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


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
