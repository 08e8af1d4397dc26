"""What an API answered: counted by route and status, and each no logged. Neither holds an id, a body or a token.

And what is said of every answer alike: that it was read from a database behind the log.
"""

from functools import cache
from time import perf_counter

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.behind import HEADER

answers = Counter("cadena_http_answers", "Answers by route and status", ["method", "route", "status"])
seconds = Histogram("cadena_http_seconds", "From a request to the end of its answer", ["method", "route"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
log = structlog.get_logger()


@cache
def _measures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """What counts answers of these, found once: there are as many as routes, methods and statuses of ours."""
    return answers.labels(method, route, str(status)), seconds.labels(method, route)


class Traffic:
    """An ASGI layer. Unknown paths and methods count under one name: nobody can fill the metrics by guessing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and count its answer."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        begun, status = perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        structlog.contextvars.clear_contextvars()
        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path_format", "unknown")
            method = scope["method"] if scope["method"] in METHODS else "unknown"
            counted, timed = _measures(method, route, status)
            counted.inc()
            timed.observe(perf_counter() - begun)
            if status >= 400:
                log.info("no", method=method, route=route, status=status)


class SaysBehind:
    """An ASGI layer: adds a header where the request's state says that its reader stood behind the log."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start" and scope.get("state", {}).get("behind"):
                MutableHeaders(scope=message)[HEADER] = "true"
            await send(message)

        await self.app(scope, receive, saying)
