"""One kept connection with several requests under way (RFC 9112 section 9.3.2), for files read by the thousand.

It understands plain answers of status 200 only. Whatever else comes, or goes wrong, it answers with None: then the
caller asks again in the patient way, which knows about tokens, busy servers and what to tell the reader.
"""

import gzip
import io
import socket
import ssl
import zlib
from dataclasses import dataclass
from typing import IO

MAX_LINE = 16_384
MAX_HEADERS = 100


@dataclass(frozen=True, slots=True)
class Where:
    """The server's address."""

    https: bool
    host: str
    port: int | None

    def connect(self, timeout: float) -> socket.socket:
        """An open connection; OSError if there is none to be had."""
        link = socket.create_connection((self.host, self.port or (443 if self.https else 80)), timeout)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.https:
            return link
        return ssl.create_default_context().wrap_socket(link, server_hostname=self.host)

    @property
    def authority(self) -> str:
        """As the Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host.encode("idna").decode()
        return host if self.port is None else f"{host}:{self.port}"


class NotUnderstood(Exception):
    """An answer of another kind than a file: the connection is of no further use."""


class Lane:
    """Asks for paths and gives their files in the same order. After a break it connects anew at the next request."""

    def __init__(self, where: Where, prefix: str, headers: dict[str, str], timeout: float) -> None:
        self._where, self._timeout = where, timeout
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._request = f"GET {prefix}/%s HTTP/1.1\r\nHost: {where.authority}\r\n{lines}\r\n"
        self._link: socket.socket | None = None
        self._answers: IO[bytes] | None = None
        self._under_way = self._lost = 0

    def ask(self, path: str) -> None:
        """Send a request, whose answer `answer` will give."""
        self._under_way += 1
        try:
            if self._link is None:
                self._link = self._where.connect(self._timeout)
                self._answers = self._link.makefile("rb")
            self._link.sendall((self._request.replace("%s", path, 1)).encode("ascii"))
        except OSError:
            self._break()

    def answer(self, limit: int) -> bytes | None:
        """The file of the oldest request, of at most `limit` bytes; None if it cannot be told here."""
        if self._lost:
            self._lost -= 1
            return None
        self._under_way -= 1
        try:
            return self._read(limit)
        except (OSError, ValueError, EOFError, zlib.error, NotUnderstood):
            self._break()
            return None

    def close(self) -> None:
        """Let go of the connection, and forget what is under way."""
        self._break()
        self._lost = 0

    def _break(self) -> None:
        for opened in (self._answers, self._link):
            if opened is not None:
                opened.close()
        self._link = self._answers = None
        self._lost += self._under_way
        self._under_way = 0

    def _read(self, limit: int) -> bytes | None:
        if self._answers is None:
            raise NotUnderstood
        version, _, rest = self._answers.readline(MAX_LINE).partition(b" ")
        headers = dict(self._headers(self._answers))
        length = headers.get(b"content-length", b"")
        counted = length.isdigit() and int(length[:19]) <= limit and b"transfer-encoding" not in headers
        if version != b"HTTP/1.1" or not counted:
            raise NotUnderstood
        body = self._answers.read(int(length))
        if len(body) < int(length):
            raise EOFError
        if headers.get(b"connection", b"").lower() == b"close":
            self._break()
        if rest[:4] != b"200 ":
            return None
        encoding = headers.get(b"content-encoding", b"identity").lower()
        if encoding == b"gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
                body = packed.read(limit + 1)
        elif encoding != b"identity":
            raise NotUnderstood
        return body if len(body) <= limit else None

    def _headers(self, answers: IO[bytes]) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        while len(found) < MAX_HEADERS:
            line = answers.readline(MAX_LINE)
            if line in (b"\r\n", b"\n"):
                return found
            name, colon, value = line.partition(b":")
            if not colon:
                break
            found.append((name.strip().lower(), value.strip()))
        raise NotUnderstood
