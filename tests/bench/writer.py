"""Part (a), the ledger's writer: from a filled fact topic to a head that is signed and published.

`python -m tests.bench.writer --events 300000 --size 350` runs it alone. What is timed is the real process with its own
database, its own topics and its own login, from the first head after the founding one to the one that covers the last
event and stands on the audit topic. CPU is that of all processes of a server, theirs for the writer's sake or not.
"""

import argparse
import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from deploy.local.ports import free_ports
from deploy.local.process import Process
from deploy.local.wiring import kafka_environment
from shared.kafka import Reader, reading
from shared.notes import open_checkpoint
from tests.bench.producing import fill
from tests.bench.servers import Servers, servers
from tests.bench.usage import cpu_seconds, memory
from tests.services.audit.rig import ORIGIN, Rig

HERE = Path(__file__).parents[2]
STEP = 500_000
LOOK_SECONDS = 0.05
START_SECONDS = 120.0
SILENCE_SECONDS = 60.0
"""A writer whose head stands still for so long, with events to come, is broken and not slow."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where the writer was: entries under its head, seconds since the first, its memory in bytes."""

    size: int
    seconds: float
    rss: int


@dataclass(frozen=True, slots=True)
class WriterRun:
    """One run: `events` of `size` bytes each, in `seconds`; CPU in µs an event, -1 for a server that is not ours."""

    events: int
    size: int
    seconds: float
    rate: float
    writer_cpu: float
    postgres_cpu: float
    kafka_cpu: float
    rss_peak: int
    steps: tuple[Step, ...]
    take_over: "TakeOver | None" = None


@dataclass(frozen=True, slots=True)
class TakeOver:
    """A writer started on a full ledger after the last one was killed: seconds of its start check, seconds from the
    start of its process until it read on, and the greatest age in seconds of its heartbeat meanwhile.
    """

    check: float
    seconds: float
    beat_age: float


@asynccontextmanager
async def ledger(servers: Servers) -> AsyncIterator[Rig]:
    """A founded ledger of its own: database, topics, keys; leaf 0 is sealed, and no writer runs."""
    with servers.database("audit") as urls:
        rig = Rig(urls, servers.kafka, f"b{secrets.token_hex(4)}.", servers.place("writer"))
        await rig.seal(rig.founding, size=1)
        yield rig


@asynccontextmanager
async def writer(rig: Rig, options: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """The writer's process with its default settings, killed at the end of the block."""
    (port,) = free_ports(1)
    environment = {
        "CADENA_INSTALLATION": "test", "CADENA_ORIGIN": ORIGIN, "CADENA_LISTEN_PORT": str(port),
        "CADENA_DATABASE_URL": rig.urls["writer"], "CADENA_KEYS_DIR": str(rig.folder / "keys"),
        "CADENA_STATE_DIR": str(rig.folder / "state"), **kafka_environment(rig.operator, rig.prefix),
    }  # fmt: skip
    argv = [sys.executable, "-m", "services.audit", "writer"]
    process = Process("audit writer", argv, rig.folder, env=environment | dict(options or {}), cwd=HERE)
    process.start()
    try:
        yield process
    finally:
        process.kill()


async def measure(servers: Servers, count: int, size: int) -> WriterRun:
    """Fill a topic with `count` events of `size` bytes and let a new writer seal them all."""
    async with ledger(servers) as rig:
        fill(rig.config, rig.kafka.custody_topic, [], size, count)
        async with writer(rig) as process, reading(rig.config, [rig.kafka.audit_topic]) as published:
            run = await watch(servers, rig, process, published, count, size)
        return replace(run, take_over=await take_over(rig))


async def take_over(rig: Rig) -> TakeOver:
    """Start a writer on what is there and wait until it reads on."""
    began, log = time.monotonic(), rig.folder / "logs" / "audit-writer.log"
    skipped = log.stat().st_size
    async with writer(rig) as process:
        connection = await asyncpg.connect(rig.urls["owner"])
        try:
            epoch, age = await connection.fetchval("SELECT max(epoch) FROM epoch"), 0.0
            while not _said(log, skipped, "reading"):
                process.demand_running()
                beat = await connection.fetchrow(
                    "SELECT epoch, extract(epoch FROM clock_timestamp() - beat_at)::float8 AS age FROM heartbeat"
                )
                age = max(age, beat["age"]) if beat["epoch"] > epoch else age
                await asyncio.sleep(LOOK_SECONDS)
                if time.monotonic() - began > START_SECONDS:
                    raise TimeoutError(f"it did not read on within {START_SECONDS:g} s")
        finally:
            await connection.close()
        seconds = time.monotonic() - began
        return TakeOver(_said(log, skipped, "the ledger is sound")[-1]["seconds"], seconds, age)


def _said(log: Path, skipped: int, event: str) -> list[dict[str, Any]]:
    """What was logged under a name behind so many bytes of the log; the file outlives each process."""
    lines = [orjson.loads(line) for line in log.read_bytes()[skipped:].splitlines() if line.startswith(b"{")]
    return [line for line in lines if line["event"] == event]


async def watch(
    servers: Servers, rig: Rig, process: Process, published: Reader, count: int, size: int, step: int = STEP
) -> WriterRun:
    """Follow the head from its first move until it covers `count` events and is published; a step every `step`."""
    connection = await asyncpg.connect(rig.urls["owner"])
    try:
        first = await _head(connection, process, 2, START_SECONDS)
        began, used, steps = time.monotonic(), _used(servers, process), []
        for goal in [*range(step, count + 1, step), count + 1]:
            reached = await _head(connection, process, goal, SILENCE_SECONDS)
            steps.append(Step(reached, time.monotonic() - began, memory(process.pid or 0, "VmRSS")))
        while await _published(rig, published) < count + 1:
            process.demand_running()
            await asyncio.sleep(LOOK_SECONDS)
        seconds, spent = time.monotonic() - began, _used(servers, process)
    finally:
        await connection.close()
    done = count + 1 - first
    ours, database, broker = (
        1e6 * (after - before) / done if before >= 0 else -1.0 for before, after in zip(used, spent, strict=True)
    )
    peak = memory(process.pid or 0, "VmHWM")
    return WriterRun(count, size, seconds, done / seconds, ours, database, broker, peak, tuple(steps))


async def _head(connection: "asyncpg.Connection[asyncpg.Record]", process: Process, goal: int, seconds: float) -> int:
    """The size of the newest head once it is at least `goal`; TimeoutError if it stands still for so long."""
    last, moved = -1, time.monotonic()
    while (found := await connection.fetchval("SELECT coalesce(max(size), 0) FROM head")) < goal:
        process.demand_running()
        if found > last:
            last, moved = found, time.monotonic()
        elif time.monotonic() - moved > seconds:
            raise TimeoutError(f"the head stood at {found} for {seconds:g} s, {goal} is wanted")
        await asyncio.sleep(LOOK_SECONDS)
    return int(found)


async def _published(rig: Rig, reader: Reader) -> int:
    """The size of the head in the newest message of the audit topic."""
    end = (await reader.end_offsets())[rig.kafka.audit_topic]
    record = await reader.record_at(rig.kafka.audit_topic, end - 1)
    if record is None:
        return 0
    return open_checkpoint(dict(record.headers)["cadena-head"], rig.keys.log.key).size


def _used(servers: Servers, process: Process) -> list[float]:
    """CPU seconds of the writer, of PostgreSQL and of Kafka so far, -1 for one that is not ours."""
    return [-1.0 if pid is None else cpu_seconds(pid) for pid in (process.pid, servers.postgres_pid, servers.kafka_pid)]


def main() -> None:
    """Run it alone and print what it found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--size", type=int, default=350)
    given = parser.parse_args()
    with servers(HERE / "var" / "bench" / f"writer-{os.getpid()}") as running:
        run = asyncio.run(measure(running, given.events, given.size))
    print(orjson.dumps(asdict(run), option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
