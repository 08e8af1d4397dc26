"""Part (d): POSTs a second through custody's own process, beside a bare handler that makes the same inserts; batches.

Both are processes of their own with a database of their own on one server, asked in turns by one client in a closed
loop. `python -m tests.bench.recording` runs it alone.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import orjson

from deploy.local.environment import base_environment
from deploy.local.issuer import ISSUER
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from shared.events import new_id
from tests.bench.children import answers
from tests.bench.openloop import as_fast, connections, request
from tests.bench.servers import Servers, servers
from tests.bench.usage import cpu_seconds
from tests.services.custody.api.office import House, a_sample, build, opened

HERE = Path(__file__).parents[2]
START_SECONDS = 60.0
JSON = {"Content-Type": "application/json"}
BATCH_CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Beside:
    """POSTs a second over so many connections: the medians of the rounds, and of the ratios within each round.

    CPU in µs a POST of the two processes, and of PostgreSQL for each, which is 0 where the server is not ours.
    """

    connections: int
    ours: float
    bare: float
    ratio: float
    ours_cpu: float
    bare_cpu: float
    ours_postgres_cpu: float
    bare_postgres_cpu: float


@dataclass(frozen=True, slots=True)
class RecordingRun:
    """`posts` by number of connections; batches of `batch_size`, samples a second and CPU in µs a sample."""

    posts: tuple[Beside, ...]
    batch_size: int
    batch_rate: float
    batch_api_cpu: float
    batch_postgres_cpu: float


async def measure(
    running: Servers,
    *,
    loops: Sequence[int] = (1, 8, 32),
    rounds: int = 5,
    count: int = 1500,
    batches: int = 60,
    batch_size: int = 1000,
) -> RecordingRun:
    """`rounds` rounds of `count` POSTs to each for each number of connections, then `batches` batches."""
    folder = running.place("recording")
    with running.database("custody") as urls, running.database("custody") as bare_urls:
        house = await build(urls, folder)
        async with opened(house) as office:
            case = await office.case()
        with _bare(folder, bare_urls["api"]) as bare, _custody(folder, house) as ours:
            client = _Client(house.token("lab", lifetime=3000), case)
            posts = [await _beside(running, client, ours, bare, links, rounds, count) for links in loops]
            await client.batches(ours.url, BATCH_CONNECTIONS, 4, batch_size)
            work = client.batches(ours.url, BATCH_CONNECTIONS, batches, batch_size)
            did = await _timed(running, ours, batches * batch_size, work)
    return RecordingRun(tuple(posts), batch_size, did.rate, did.cpu, did.postgres_cpu)


@dataclass(frozen=True, slots=True)
class _Did:
    """Requests a second, and CPU in µs for each of them."""

    rate: float
    cpu: float
    postgres_cpu: float


@dataclass(frozen=True, slots=True)
class _Served:
    """A process under measurement."""

    url: str
    pid: int


async def _timed(running: Servers, served: _Served, count: int, work: Awaitable[float]) -> _Did:
    pids = [served.pid, running.postgres_pid or 0]
    before = [_cpu(pid) for pid in pids]
    rate = await work
    api, postgres = [(_cpu(pid) - was) / count * 1e6 for pid, was in zip(pids, before, strict=True)]
    return _Did(rate, api, postgres)


def _cpu(pid: int) -> float:
    return cpu_seconds(pid) if pid else 0.0


async def _beside(
    running: Servers, client: "_Client", ours: _Served, bare: _Served, links: int, rounds: int, count: int
) -> Beside:
    found: list[tuple[_Did, _Did]] = []
    for number in range(-1, rounds):
        one = await _timed(running, ours, count, client.posts(ours.url, "/v1/samples", links, count))
        two = await _timed(running, bare, count, client.posts(bare.url, "/samples", links, count))
        if number >= 0:  # the first warms both
            found.append((one, two))
    us, them = [one for one, _ in found], [two for _, two in found]
    return Beside(
        links, median(one.rate for one in us), median(two.rate for two in them),
        median(one.rate / two.rate for one, two in found),
        median(one.cpu for one in us), median(two.cpu for two in them),
        median(one.postgres_cpu for one in us), median(two.postgres_cpu for two in them),
    )  # fmt: skip


class _Client:
    """Makes the requests beforehand, so that only sending and reading them is within the time."""

    def __init__(self, token: str, case: str) -> None:
        self._headers, self._case = JSON | {"Authorization": f"Bearer {token}"}, case

    def _sample(self) -> dict[str, object]:
        return a_sample(self._case) | {"label": new_id()}

    async def posts(self, url: str, path: str, links: int, count: int) -> float:
        """POSTs a second."""
        asks = [
            request("POST", path, self._headers | {"Idempotency-Key": new_id()}, orjson.dumps(self._sample()))
            for _ in range(count)
        ]
        return await self._rate(url, links, asks, lambda body: orjson.loads(body)["id"]) * count

    async def batches(self, url: str, links: int, count: int, size: int) -> float:
        """Samples a second."""
        asks = []
        for _ in range(count):
            samples = [self._sample() | {"key": new_id()} for _ in range(size)]
            asks.append(request("POST", "/v1/samples:batch", self._headers, orjson.dumps({"samples": samples})))
        return await self._rate(url, links, asks, _all_registered) * count * size

    async def _rate(self, url: str, links: int, asks: list[bytes], check: Callable[[bytes], object]) -> float:
        """1 over the seconds that all of them took; each answer is then checked."""
        async with connections(url, min(links, len(asks))) as opened_links:
            began = time.monotonic()
            asked = await as_fast(opened_links, asks.__getitem__, len(asks))
            seconds = time.monotonic() - began
        for one in asked:
            if one.answer.status not in (200, 201) or not check(one.answer.body):
                raise RuntimeError(f"{one.answer.status}: {one.answer.body[:300]!r}")
        return 1 / seconds


def _all_registered(body: bytes) -> bool:
    return all(result["status"] == 201 for result in orjson.loads(body)["results"])


def _bare(folder: Path, url: str) -> AbstractContextManager[_Served]:
    return _process(folder, "bare", ["-m", "tests.bench.bare"], lambda port: [str(port), url])


def _custody(folder: Path, house: House) -> AbstractContextManager[_Served]:
    told = {
        "CADENA_DATABASE_URL": house.urls["api"], "CADENA_KEYS_DIR": str(house.keys_dir), "CADENA_ISSUER": ISSUER,
        "CADENA_JWKS": str(house.issuer.jwks), "CADENA_LOG_URL": "http://127.0.0.1:9", "CADENA_LOG_VKEY": "none",
        "CADENA_STATE_DIR": str(folder),
    }  # fmt: skip
    return _process(folder, "custody api", ["-m", "services.custody", "api"], lambda _: [], told)


@contextmanager
def _process(
    folder: Path, name: str, argv: list[str], more: Callable[[int], list[str]], told: dict[str, str] | None = None
) -> Iterator[_Served]:
    """The URL and the pid of a process that listens; killed at the end of the block."""
    (port,) = free_ports(1)
    environment = base_environment() | (told or {}) | {"CADENA_LISTEN_PORT": str(port)}
    child = Process(name, [sys.executable, *argv, *more(port)], folder, env=environment, cwd=HERE)
    child.start()
    try:
        wait_until(lambda: answers(child, port), START_SECONDS, f"{name} to answer")
        yield _Served(f"http://{LOOPBACK}:{port}", child.pid or 0)
    finally:
        child.kill()


def main() -> None:
    """Run it alone and print what it found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--batches", type=int, default=60)
    given = parser.parse_args()
    with servers(HERE / "var" / "bench" / f"recording-{os.getpid()}") as running:
        run = asyncio.run(measure(running, rounds=given.rounds, count=given.count, batches=given.batches))
    print(orjson.dumps(asdict(run), option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
