"""Part (g): very many items, kept until when: computed anew, reviewed, reported, and what another pack would change.

The worker's and the operator's own code, on a database seeded by COPY (seeding.py): at a tenth of the items first, so
that what grows faster than their number shows. `python -m tests.bench.keeping` runs it alone.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.due import Reviewing
from services.custody.loops.retention import Recomputing
from services.custody.policy.retention import Law
from services.custody.policy.shipped import packs
from services.custody.preview import preview
from services.custody.reporting import clock, due_rows, reading, unknown_rows
from shared.database import connect, engine
from tests.bench.seeding import seed
from tests.bench.servers import Servers, servers
from tests.services.custody.api.office import Office, build, opened

HERE = Path(__file__).parents[2]
SOURCE = "urn:cadena:demo:custody"
LEADS = (12, 6, 3, 1)
FLAT, OTHER = "flat", "us-wi"


@dataclass(frozen=True, slots=True)
class Kept:
    """Seconds, with so many items in the database: every item computed anew, with another day (`sweep`) and without
    (`again`); `reviewed` items reviewed; the report of all that is due, by holder and month; the report of what is
    unknown; the preview of another pack. `peak` is of this process, in bytes.
    """

    items: int
    seeded: float
    sweep: float
    changed: int
    again: float
    review: float
    reviewed: int
    due: float
    unknown: float
    preview: float
    previewed: int
    peak: int


async def measure(running: Servers, sizes: tuple[int, ...]) -> list[Kept]:
    """One database that grows from size to size; each size a multiple of ten."""
    with running.database("custody") as urls:
        house = await build(urls, running.place("house"), OTHER)
        async with opened(house) as office:
            patterns = [await _pattern(office, day) for day in (None, "2031-04-30", "2027-06-30", "1999-12-31")]
        pool = engine(urls["worker"], pool_size=2)
        try:
            await _all(Recomputing(pool, SOURCE).step)
            found, before = [], 0
            for size in sizes:
                found.append(await _at(urls, pool, patterns, before, size))
                before = size
            return found
        finally:
            await pool.dispose()


async def _pattern(office: Office, day: str | None) -> str:
    """An item of a case whose convicted person was discharged on that day, or is not yet. It has no last day so far."""
    case = await office.case()
    person = await office.convict(case)
    sample = str((await office.sample(case))["id"])
    if day is not None:
        await office.state("court", case, "dates", anchor="discharge", person=person, day=day)
    return sample


async def _at(urls: dict[str, str], pool: AsyncEngine, patterns: list[str], before: int, size: int) -> Kept:
    seeded = await _timed(lambda: seed(urls["owner"], patterns, before, size))
    await _owner(urls, FORGET, "VACUUM ANALYZE sample", ENQUEUE)
    changed = await _count(urls, "SELECT count(*) FROM sample WHERE retention_until IS NULL")
    sweep = await _timed(lambda: _all(Recomputing(pool, SOURCE).step))
    changed -= await _count(urls, "SELECT count(*) FROM sample WHERE retention_until IS NULL")
    await _owner(urls, ENQUEUE)
    again = await _timed(lambda: _all(Recomputing(pool, SOURCE).step))
    review = await _timed(lambda: _all(Reviewing(pool, SOURCE, LEADS).step))
    reviewed = await _count(urls, "SELECT count(*) FROM sample WHERE review_lead IS NOT NULL")
    due = await _report(urls, lambda connection: due_rows(connection, None, date(2199, 12, 31)))
    unknown = await _report(urls, unknown_rows)
    began = time.monotonic()
    listed = await _preview(urls)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Kept(
        size, seeded, sweep, changed, again, review, reviewed, due, unknown, time.monotonic() - began, listed, peak
    )


ENQUEUE = (
    'INSERT INTO retention_due ("case", because, tried) SELECT id, \'case_facts\', 0 FROM "case" ON CONFLICT DO NOTHING'
)
FORGET = "UPDATE sample SET retention_until = NULL, review_lead = NULL"
"""The sweep is to find every item without its day, as after a change that moved all of them."""


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    began = time.monotonic()
    await work()
    return time.monotonic() - began


async def _all(step: Callable[[], Awaitable[bool]]) -> None:
    while await step():
        pass


async def _owner(urls: dict[str, str], *statements: str) -> None:
    link = await connect(urls["owner"], statement_seconds=0)
    try:
        for statement in statements:
            await link.execute(statement)
    finally:
        await link.close()


async def _count(urls: dict[str, str], query: str) -> int:
    link = await connect(urls["owner"], statement_seconds=0)
    try:
        return int(await link.fetchval(query))
    finally:
        await link.close()


async def _report(urls: dict[str, str], rows: Callable[[Any], Any]) -> float:
    async def read() -> None:
        async with reading(urls["api"]) as connection:
            assert [row async for row in rows(connection)]

    return await _timed(read)


async def _preview(urls: dict[str, str]) -> int:
    with tempfile.TemporaryFile() as out:
        async with reading(urls["api"]) as connection:
            done = await preview(connection, Law(packs()[FLAT]), await clock(connection), out, lambda _: None)
    return sum(done.by_why.values())


def main() -> None:
    """Run it alone and print what it found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    given = parser.parse_args()
    with servers(HERE / "var" / "bench" / f"keeping-{os.getpid()}") as running:
        runs = asyncio.run(measure(running, tuple(given.sizes)))
    sys.stdout.write(orjson.dumps([asdict(run) for run in runs], option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
