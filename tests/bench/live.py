"""Part (a) with a live producer: the writer's rate while a producer keeps a little ahead of it on the same machine."""

import asyncio
from contextlib import suppress

import asyncpg

from shared.kafka import reading
from tests.bench.children import Live, producing
from tests.bench.producing import Orders
from tests.bench.servers import Servers
from tests.bench.writer import WriterRun, ledger, watch, writer
from tests.services.audit.rig import Rig

TELL_SECONDS = 0.1


async def measure(servers: Servers, count: int, size: int, lead: int, step: int) -> WriterRun:
    """A new ledger, its writer and a producer that is at most `lead` events ahead of the newest head."""
    async with (
        ledger(servers) as rig,
        writer(rig) as process,
        reading(rig.config, [rig.kafka.audit_topic]) as published,
        producing(Orders(rig.config, rig.kafka.custody_topic, size, count, lead=lead)) as live,
    ):
        telling = asyncio.create_task(_tell(rig, live))
        try:
            return await watch(servers, rig, process, published, count, size, step)
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling


async def _tell(rig: Rig, live: Live) -> None:
    """Let the producer know how far the heads are, until cancelled."""
    connection = await asyncpg.connect(rig.urls["owner"])
    try:
        while True:
            await live.tell(await connection.fetchval("SELECT max(size) FROM head"))
            await asyncio.sleep(TELL_SECONDS)
    finally:
        await connection.close()
