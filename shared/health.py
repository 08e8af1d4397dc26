"""Probes and metrics of every process, and the way a process runs and ends.

`/healthz` says that the process answers, `/readyz` that it can do its work now, `/metrics` what it measured.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Generator, Mapping

import orjson
import structlog
import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Probe = Callable[[], Awaitable[None]]
"""Returns if all is well; raises an exception, whose sentence is shown if it is one of our own classes."""

PROBE_SECONDS = 5.0
OWN = ("shared", "services")
log = structlog.get_logger()


def router(probes: Mapping[str, Probe]) -> APIRouter:
    """The three routes. A probe that takes over five seconds counts as failed.

    Anyone may ask `/readyz`: what a driver said, with its SQL and addresses, is for the log, once for each change.
    """
    routes = APIRouter(tags=["operation"], include_in_schema=False)
    last: dict[str, str] = {}

    async def state(name: str) -> str:
        error = await _try(probes[name])
        found = "ok" if error is None else _told(error)
        if error is not None and last.get(name) != found:
            log.warning("not ready", probe=name, reason=f"{type(error).__name__}: {error}"[:500])
        last[name] = found
        return found

    @routes.get("/healthz")
    async def healthz() -> Response:
        return Response(b"ok\n", media_type="text/plain")

    @routes.get("/readyz")
    async def readyz() -> Response:
        names = list(probes)
        found = await asyncio.gather(*(state(name) for name in names))
        ready = all(one == "ok" for one in found)
        body = {"ready": ready, "probes": dict(zip(names, found, strict=True))}
        return Response(orjson.dumps(body), 200 if ready else 503, media_type="application/json")

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _try(probe: Probe) -> Exception | None:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe()
    except Exception as error:
        return error
    return None


def _told(error: Exception) -> str:
    """The error's class, and its sentence where it is ours and passes on nobody else's."""
    kind, cause = type(error).__name__, error.__cause__
    if not _is_own(error):
        return kind
    return f"{kind}: {error}"[:300] if cause is None or _is_own(cause) else f"{kind} ({type(cause).__name__})"


def _is_own(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in OWN


class _Server(uvicorn.Server):
    """A server whose signals are the process's business, not its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing: `run` has done it."""
        yield


async def serve(app: FastAPI, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve an app until `stop` is set; requests under way are finished, for at most ten seconds."""
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=10, server_header=False,
        http="httptools", loop="none", lifespan="on",
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    try:
        await serving
    except SystemExit as error:
        raise RuntimeError(f"cannot listen on {host}:{port}") from error
    finally:
        stop.set()


def probe_app(probes: Mapping[str, Probe]) -> FastAPI:
    """The app of a process that has nothing to serve but its probes."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router(probes))
    return app


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a process under uvloop until it ends; SIGTERM and SIGINT set the event that `main` is given."""

    async def guarded() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(guarded())


async def once(ready: asyncio.Event, stop: asyncio.Event, part: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a part of a process once `ready` is set; not at all if `stop` is set before."""
    waits = [asyncio.ensure_future(event.wait()) for event in (ready, stop)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if ready.is_set():
        await part(stop)


async def together(stop: asyncio.Event, *parts: Awaitable[None]) -> None:
    """Run the parts of a process side by side; when one ends, the others are told to stop, then its error rises."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
    done, late = await asyncio.wait(tasks, timeout=15)
    for task in late:
        task.cancel()
    for task in done:
        task.result()
    if late:
        await asyncio.wait(late)
