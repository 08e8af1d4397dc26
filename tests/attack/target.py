"""What there is to attack: an installation with a case, items, an offer and a proposal, and everything in it counted."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from deploy.local.waiting import wait_until
from shared.database import connect
from shared.kafka import reading
from tests.e2e.matter import Matter, receipts
from tests.e2e.outside import Outside

SETTLE_SECONDS = 60.0
Counts = dict[str, int]


@dataclass
class Target:
    """Ids of what is there, and of an offer and a proposal that are closed."""

    outside: Outside
    matter: Matter
    sample: dict[str, Any]
    offer: dict[str, Any]
    closed_offer: str
    proposal: str
    closed_proposal: str
    used: dict[str, Any] = field(default_factory=dict)


def furnish(outside: Outside) -> Target:
    """Make it; `used` is a command that was taken: its key, path and body."""
    matter = Matter(outside)
    matter.appoint("defence")
    sample, other, third, fourth = (matter.register() for _ in range(4))
    offer, closed = matter.offer([sample["id"]]), matter.offer([other["id"]])
    taken: dict[str, Any] = {"key": "6f1c9d1e-5b0a-4f0e-9a50-2d1f6f7f0a01", "path": f"/v1/offers/{closed['id']}:accept"}
    taken["body"] = receipts([other])
    outside.do("custody", "custodian", taken["path"], taken["body"], key=taken["key"], match='"1"')
    proposal, ended = matter.propose([third["id"]]), matter.propose([fourth["id"]])
    outside.do("custody", "prosecutor", f"/v1/proposals/{ended['id']}:withdraw", {"reason": "Peritaje"})
    return Target(outside, matter, sample, offer, closed["id"], proposal["id"], ended["id"], taken)


@contextmanager
def at_rest(outside: Outside) -> Iterator[None]:
    """With the writer stopped and everything else idle: what changes now was changed by a request."""
    last: list[Counts] = []

    def quiet() -> bool:
        last.append(counted(outside))
        return len(last) > 2 and last[-1] == last[-2] == last[-3]

    pid = outside.stack.services["audit writer"].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(quiet, SETTLE_SECONDS, "the installation to come to rest")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def counted(outside: Outside) -> Counts:
    """The rows of every table of the three databases, and the end of every topic."""
    return asyncio.run(_counted(outside))


async def _counted(outside: Outside) -> Counts:
    counts: Counts = {}
    for service, urls in outside.stack.wiring.databases.items():
        connection = await connect(urls["owner"])
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            of = ", ".join(f'(SELECT count(*) FROM "{table}") AS "{service}.{table}"' for (table,) in tables)
            counts |= dict(await connection.fetchrow(f"SELECT {of}"))
        finally:
            await connection.close()
    wiring = outside.stack.wiring
    topics = [f"{wiring.topic_prefix}cadena.{service}.v1" for service in wiring.databases]
    async with reading(wiring.kafka, topics) as reader:
        return counts | await reader.end_offsets()
