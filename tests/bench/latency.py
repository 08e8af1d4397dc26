"""Part (b): how long an event takes from the moment it was due to be produced until its signed head can be read.

The clock stops when a reader of the audit topic has the message with the event and its head in hand, which is later than
the head's commit: publishing and fetching are counted in.
"""

import asyncio
import time
from dataclasses import dataclass

from shared.kafka import Reader, reading
from tests.bench.children import Live, producing
from tests.bench.figures import percentile
from tests.bench.producing import Orders
from tests.bench.servers import Servers
from tests.bench.writer import ledger, writer
from tests.services.audit.rig import Rig

STALLED_SECONDS = 30.0
FOUNDING = 1


@dataclass(frozen=True, slots=True)
class LatencyRun:
    """`count` events of `size` bytes at `rate` a second, those of the warm-up not counted; seconds.

    `behind` is by how much the producer itself was late at the worst, which is part of the latency.
    """

    size: int
    rate: float
    count: int
    p50: float
    p99: float
    longest: float
    behind: float


async def measure(servers: Servers, size: int, rate: float, seconds: float, warm_up: float) -> LatencyRun:
    """A new ledger, its writer, and one producer at a steady rate for `warm_up + seconds`."""
    count, warm = int(rate * (warm_up + seconds)), int(rate * warm_up)
    async with ledger(servers) as rig, writer(rig), reading(rig.config, [rig.kafka.audit_topic]) as reader:
        reader.read_from(await reader.end_offsets())
        await _said_something(reader)
        orders = Orders(rig.config, rig.kafka.custody_topic, size, count, rate=rate)
        async with producing(orders) as live:
            taken = await _latencies(rig, reader, live, rate, count)
            result = await live.result()
    counted = taken[warm:]
    return LatencyRun(
        size, rate, len(counted), percentile(counted, 0.5), percentile(counted, 0.99), max(counted), result["behind"]
    )


async def _said_something(reader: Reader) -> None:
    """Wait until the writer publishes: it says how far it is as soon as it reads."""
    async with asyncio.timeout(STALLED_SECONDS):
        while not await reader.batch(100, 1.0):
            pass


async def _latencies(rig: Rig, reader: Reader, live: Live, rate: float, count: int) -> list[float]:
    """Seconds from due to read, for each event in the order produced, which is the ledger's."""
    taken: list[float] = []
    moved = time.monotonic()
    while len(taken) < count:
        batch = await reader.batch(1000, 1.0)
        now = time.monotonic()
        for record in batch.get(rig.kafka.audit_topic, []):
            size = int(dict(record.headers)["cadena-head"].split(b"\n")[1])
            begun = live.began
            taken += [now - (begun + event / rate) for event in range(len(taken), size - FOUNDING)]
            moved = now
        if now - moved > STALLED_SECONDS:
            raise TimeoutError(f"{len(taken)} of {count} events were sealed, and no more for {STALLED_SECONDS:g} s")
    return taken
