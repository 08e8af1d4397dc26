"""Programs of the bench beside the stack's own: a producer that is spoken to, and audit's API over one ledger."""

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local import process
from deploy.local.environment import base_environment
from deploy.local.issuer import ISSUER, DevIssuer
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.waiting import wait_until
from tests.bench.producing import Orders

HERE = Path(__file__).parents[2]
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Live:
    """A producer at work; `began` is the moment from which its rate counts."""

    child: Process
    began: float

    async def tell(self, size: int) -> None:
        """Say how far all is, to a producer with a lead; one that has produced all and ended need not know."""
        if self.child.stdin is not None and self.child.returncode is None:
            with suppress(ConnectionError):
                self.child.stdin.write(b"%d\n" % size)
                await self.child.stdin.drain()

    async def result(self) -> dict[str, float]:
        """What it said at its end; RuntimeError if it failed."""
        return await _said(self.child)


@asynccontextmanager
async def producing(orders: Orders) -> AsyncIterator[Live]:
    """A producer in a process of its own; killed at the end of the block. Call it from the main thread."""
    argv = process.tied([sys.executable, "-m", "tests.bench.producing"], signal.SIGKILL, None)
    child = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, cwd=HERE, env=base_environment())
    try:
        assert child.stdin is not None
        child.stdin.write(orders.line().encode())
        began = await asyncio.wait_for(_said(child), START_SECONDS)
        yield Live(child, began["began"])
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _said(child: Process) -> dict[str, Any]:
    assert child.stdout is not None
    line = await child.stdout.readline()
    if not line:
        raise RuntimeError(f"the producer ended with code {await child.wait()}")
    said: dict[str, Any] = json.loads(line)
    return said


@contextmanager
def log_api(url: str, folder: Path, origin: str) -> Iterator[tuple[str, str]]:
    """Audit's API over the ledger of a database, once it answers: its URL, and a service's token for the entries.

    Killed at the end of the block.
    """
    (port,) = free_ports(1)
    issuer = DevIssuer(folder / "dev")
    told = {
        "CADENA_INSTALLATION": "test", "CADENA_ORIGIN": origin, "CADENA_LISTEN_PORT": str(port),
        "CADENA_DATABASE_URL": url, "CADENA_ISSUER": ISSUER, "CADENA_JWKS": str(issuer.jwks),
    }  # fmt: skip
    argv = [sys.executable, "-m", "services.audit", "api"]
    api = process.Process("audit api", argv, folder, env=base_environment() | told, cwd=HERE)
    api.start()
    try:
        wait_until(lambda: answers(api, port), START_SECONDS, "audit's API to answer")
        yield f"http://{LOOPBACK}:{port}", issuer.mint("service:bench", ["audit"], ["ledger:read"], 3600)
    finally:
        api.kill()


def answers(api: process.Process, port: int) -> bool:
    """Whether a process listens there; StackProblem if it has ended."""
    api.demand_running()
    with socket.socket() as link:
        return link.connect_ex((LOOPBACK, port)) == 0
