"""A tampered ledger as audit's own app serves it, from inside the transaction that will be rolled back."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

from fastapi import FastAPI

from services.audit.app import routes
from services.audit.directory import Directory
from services.audit.queries import Log
from shared.auth import Principal
from tests.services.audit.rig import CUSTODY

PEER = Principal(issuer="urn:test", subject="peer", account="cd" * 32, client="peer", scopes=frozenset({"ledger:read"}))


class Peer:
    """Stands where the token is checked: whoever asks is a peer."""

    async def principal(self, _authorization: str | None) -> Principal:
        return PEER


class Within(Log):
    """The log as one connection sees it."""

    def __init__(self, connection: Any) -> None:
        super().__init__(cast("Any", self))  # its own pool
        self._held = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        yield self._held


def app_within(connection: Any) -> FastAPI:
    """Audit's routes, as an API that was just started on what this connection sees."""
    app = routes()
    return reset(app, connection)


def reset(app: FastAPI, connection: Any) -> FastAPI:
    """The same without any memory of what it served before; to make the routes anew costs more than all else."""
    app.state.log = Within(connection)
    app.state.directory = Directory(app.state.log, CUSTODY)
    app.state.authenticator = Peer()
    return app


class Inside:
    """A source for the verifier, which runs in a thread while the app answers on the loop. Keeps what was served."""

    name = "inside"

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop
        self.served: dict[str, bytes | None] = {}

    def get(self, path: str) -> bytes | None:
        status, body = asyncio.run_coroutine_threadsafe(answer(self._app, path), self._loop).result()
        assert status in (200, 404), (path, status, body)
        self.served[path] = body if status == 200 else None
        return self.served[path]

    def ahead(self, paths: Iterable[str]) -> Iterator[bytes | None]:
        return map(self.get, paths)

    def close(self) -> None:
        """Nothing is open."""


async def answer(app: FastAPI, path: str) -> tuple[int, bytes]:
    """Status and body of a GET."""
    plain, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": f"/{plain}", "raw_path": f"/{plain}".encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(b"host", b"inside"), (b"authorization", b"Bearer x")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }  # fmt: skip
    status, body = 0, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    await app(scope, receive, send)
    return status, body
