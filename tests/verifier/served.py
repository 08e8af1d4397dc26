"""A loopback server of a forged log that can ask for a token, hide paths, fail for a while, and answer garbage."""

import gzip
import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "auditor.token"


@dataclass
class Serving:
    """What the server does. `fail` maps a path to how many times it answers 503 (or hangs up, for a status of 0)."""

    files: dict[str, bytes]
    page: int = 4
    token: str | None = None
    fail: dict[str, int] = field(default_factory=dict)
    fail_status: int = 503
    packed: bool = False
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes] | None:
        self.asked[path] += 1
        if self.fail.get(path, 0) > 0:
            self.fail[path] -= 1
            return (self.fail_status, b"busy") if self.fail_status else None
        if path in self.answers:
            return self.answers[path]
        if path.startswith("tile/entries/") and self.token:
            if authorization is None:
                return 401, b"who are you?"
            if authorization != f"Bearer {self.token}":
                return 403, b"not you"
        if path.startswith("v1/checkpoints"):
            return 200, self._heads(path)
        raw = self.files.get(path)
        return (404, b"no such file") if raw is None else (200, raw)

    def _heads(self, path: str) -> bytes:
        items = json.loads(self.files["checkpoints"])["checkpoints"]
        after = int(path.partition("after=")[2] or -1)
        rest = [item for item in items if item["size"] > after]
        page = rest[: self.page]
        following = page[-1]["size"] if len(rest) > len(page) else None
        return json.dumps({"checkpoints": page, "next": following}).encode()


@contextmanager
def serve(serving: Serving) -> Iterator[str]:
    """Serve on loopback under a path prefix; yields the log's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            serving.connections += 1
            super().setup()

        def do_GET(self) -> None:
            answered = serving.answer(self.path.removeprefix("/log/"), self.headers.get("Authorization"))
            if answered is None:
                self.close_connection = True
                return
            status, body = answered
            packed = serving.packed and status == 200 and "gzip" in self.headers.get("Accept-Encoding", "")
            body = gzip.compress(body) if packed else body
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hung up is no error of the server's; anything else is."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/log"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
