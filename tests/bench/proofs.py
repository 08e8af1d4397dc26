"""Part (f): how long audit's API takes for an inclusion proof in a large log, open loop, one event after the other at random."""

import random
import time
from dataclasses import dataclass

import asyncpg

from tests.bench.children import log_api
from tests.bench.figures import percentile
from tests.bench.openloop import at_rate, connections, request
from tests.services.audit.rig import Rig

CONNECTIONS = 8
WARM_UP = 200


@dataclass(frozen=True, slots=True)
class ProofRun:
    """`count` proofs at `rate` a second in a log of `leaves`; seconds from due to answered."""

    leaves: int
    rate: float
    count: int
    p50: float
    p99: float
    longest: float


async def measure(rig: Rig, rate: float, count: int) -> ProofRun:
    """Ask for the proofs of events chosen at random over the whole log, each anew from the newest head."""
    size, ids = await _some_ids(rig, count + WARM_UP)
    asking = [request("GET", f"/v1/proofs/{one}", {}) for one in ids]
    with log_api(rig.urls["api"], rig.folder, rig.keys.log.key.name) as (url, _):
        async with connections(url, CONNECTIONS) as opened:
            await at_rate(opened, lambda number: asking[number], rate, WARM_UP)
            asked = await at_rate(opened, lambda number: asking[WARM_UP + number], rate, count)
    wrong = [one.answer for one in asked if one.answer.status != 200 or not one.answer.body.startswith(b"c2sp.org/")]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {count} proofs were refused, such as: {wrong[0]}")
    taken = [one.done - one.due for one in asked]
    return ProofRun(size, rate, count, percentile(taken, 0.5), percentile(taken, 0.99), max(taken))


async def _some_ids(rig: Rig, count: int) -> tuple[int, list[str]]:
    """The log's size, and ids of events spread over it."""
    connection = await asyncpg.connect(rig.urls["owner"])
    try:
        size = int(await connection.fetchval("SELECT max(size) FROM head"))
        chosen = random.Random(time.time_ns())
        wanted = [chosen.randrange(size) for _ in range(count)]
        rows = await connection.fetch("SELECT idx, id FROM seen WHERE idx = ANY($1::bigint[])", wanted)
    finally:
        await connection.close()
    by_index = {row["idx"]: str(row["id"]) for row in rows}
    return size, [by_index[index] for index in wanted]
