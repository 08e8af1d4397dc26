"""Part (c): how long from the moment a POST is due until its fact is sealed, on the six processes as `make serve` runs them.

First the rate that can be kept up: so many POSTs as fast as they are answered, divided by the time until the last of
them is sealed. Then an open loop at half of that. The clock of an event stops when a reader of the audit topic has the
sealed message that holds it.
"""

import asyncio
import json
import secrets
import time
import uuid
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2

from deploy.local.stack import Stack
from shared.kafka import Reader, reading
from shared.tiles import unframe
from tests.bench.figures import percentile
from tests.bench.openloop import Asked, as_fast, at_rate, connections, request
from tests.bench.usage import cpu_seconds

CLOSED_CONNECTIONS = 16
OPEN_CONNECTIONS = 64
STALLED_SECONDS = 60.0
LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class SealingRun:
    """`count` POSTs at `rate` a second, those of the warm-up not counted; seconds from due to answered and to sealed."""

    sustainable: float
    """POSTs a second that are answered and sealed without an end to the queue."""
    rate: float
    count: int
    p50: float
    p99: float
    longest: float
    answered_p50: float
    answered_p99: float
    cpu: tuple[tuple[str, float], ...]
    """Process → CPU in ms a POST over the open loop, the largest first; what is not ours is missing."""


@dataclass
class Seen:
    """When each event was first seen sealed, monotonic seconds by event id."""

    at: dict[str, float] = field(default_factory=dict)

    async def follow(self, reader: Reader, topic: str) -> None:
        """Take note of all that is sealed, until cancelled."""
        while True:
            for record in (await reader.batch(1000, 1.0)).get(topic, []):
                now = time.monotonic()
                for entry in unframe(record.value or b""):
                    self.at.setdefault(json.loads(entry)["id"], now)

    async def all_of(self, events: Iterable[str]) -> list[float]:
        """When each of these was sealed, once all are; TimeoutError if for a minute none more is."""
        wanted = list(events)
        missing, moved = set(wanted), time.monotonic()
        while missing:
            left = {event for event in missing if event not in self.at}
            if len(left) < len(missing):
                missing, moved = left, time.monotonic()
            elif time.monotonic() - moved > STALLED_SECONDS:
                raise TimeoutError(f"{len(missing)} of {len(wanted)} facts were not sealed in {STALLED_SECONDS:g} s")
            await asyncio.sleep(LOOK_SECONDS)
        return [self.at[event] for event in wanted]


class Desk:
    """A laboratory's requests: each registers another sample of one case."""

    def __init__(self, stack: Stack) -> None:
        self._mark = secrets.token_hex(4)
        self._bearer = f"Bearer {stack.token('lab')}"
        self.url = stack.wiring.url("custody api")
        folio = {"authority": stack.directory["organisations"]["prosecutor"], "folio": f"BENCH-{self._mark}"}
        headers = {"Authorization": f"Bearer {stack.token('prosecutor')}", "Idempotency-Key": str(uuid.uuid4())}
        opened = httpx2.post(f"{self.url}/v1/cases:resolve", json=folio, headers=headers, timeout=STALLED_SECONDS)
        opened.raise_for_status()
        self._case = opened.json()["id"]
        self._made = 0

    def post(self, _number: int) -> bytes:
        """A request that was never made before."""
        self._made += 1
        body = {
            "case": self._case, "kind": "swab", "label": f"B-{self._mark}-{self._made}", "seal": f"S-{self._made}",
            "quantity": {"amount": 1, "unit": "swab"}, "collected_at": "2003-05-12T09:30:00Z",
            "collected_place": "Calle 5 de Mayo 12, patio",
        }  # fmt: skip
        headers = {
            "Authorization": self._bearer, "Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json",
        }  # fmt: skip
        return request("POST", "/v1/samples", headers, json.dumps(body).encode())


async def measure(stack: Stack, burst: int, seconds: float, warm_up: float) -> SealingRun:
    """`burst` POSTs to learn the sustainable rate, then half of that for `warm_up + seconds`."""
    desk = Desk(stack)
    async with following(stack) as seen:
        async with connections(desk.url, CLOSED_CONNECTIONS) as opened:
            began = time.monotonic()
            fast = await as_fast(opened, desk.post, burst)
        sealed = await seen.all_of(event_of(one) for one in fast)
        sustainable = burst / (max(sealed) - began)
        rate = sustainable / 2
        count, before = int(rate * (warm_up + seconds)), _cpu(stack)
        async with connections(desk.url, OPEN_CONNECTIONS) as opened:
            asked = await at_rate(opened, desk.post, rate, count)
        sealed = await seen.all_of(event_of(one) for one in asked)
        spent = {name: 1000 * (seconds - before[name]) / count for name, seconds in _cpu(stack).items()}
    first = min(one.due for one in asked) + warm_up
    pairs = [(one, at) for one, at in zip(asked, sealed, strict=True) if one.due >= first]
    taken, answered = [at - one.due for one, at in pairs], [one.done - one.due for one, _ in pairs]
    return SealingRun(
        sustainable, rate, len(pairs), percentile(taken, 0.5), percentile(taken, 0.99), max(taken),
        percentile(answered, 0.5), percentile(answered, 0.99), tuple(sorted(spent.items(), key=lambda one: -one[1])),
    )  # fmt: skip


def _cpu(stack: Stack) -> dict[str, float]:
    """CPU seconds so far of each process that is ours."""
    running = stack.services | stack.backends.processes
    return {name: cpu_seconds(process.pid) for name, process in running.items() if process.pid is not None}


@asynccontextmanager
async def following(stack: Stack) -> AsyncIterator[Seen]:
    """What is sealed from now on."""
    seen, topic = Seen(), stack.wiring.topics["audit"]
    async with reading(stack.wiring.kafka, [topic]) as reader:
        reader.read_from(await reader.end_offsets())
        task = asyncio.create_task(seen.follow(reader, topic))
        try:
            yield seen
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def event_of(asked: Asked) -> str:
    """The id of the event that an answer promises; RuntimeError for an answer that records nothing."""
    if asked.answer.status != 201:
        raise RuntimeError(f"custody answered {asked.answer.status}: {asked.answer.body[:300]!r}")
    (promise,) = json.loads(asked.answer.body)["promises"]
    claims = promise.split(".")[1]
    return str(json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["event"])
