"""What the process `worker` does, side by side: relay, intake of sealed entries, what time makes due, probes."""

import asyncio
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.custody.loops.intake import Intake
from services.custody.loops.keeping import Keeping
from services.custody.loops.taking_back import TAKING_BACK
from services.custody.settings import WorkerSettings
from services.custody.tables import RESTORATION
from shared.database import demand_migrated, engine
from shared.health import Probe, once, probe_app, serve, together
from shared.kafka import KafkaConfig, check_fact_topic
from shared.notes import VerifierKey
from shared.outside import SealedIndexFile
from shared.published_log import PublishedLog
from shared.relay import Relay
from shared.restoration import Restoration
from shared.sealed_batch import Head, Position, SealedBatch
from shared.sealed_log import SealedLog
from shared.settings import KafkaSettings

PACKAGE = Path(__file__).parents[1]
CONNECTIONS = 4

log = structlog.get_logger()


async def work(settings: WorkerSettings, kafka: KafkaSettings, stop: asyncio.Event) -> None:
    """Run until told to stop, through outages of Kafka, log and database; raises what no waiting can mend.

    A database that was set back is given back what the log holds (shared.restoration) before the service works on; what
    the relay publishes again meanwhile is dropped by audit.
    """
    url = settings.database_url.get_secret_value()
    pool = engine(url, pool_size=CONNECTIONS, application_name="custody worker")
    config = KafkaConfig.of(kafka)
    relay = Relay(url, config, kafka.custody_topic)
    index = SealedIndexFile(settings.state_dir, VerifierKey.parse(settings.vkey))
    restoration = Restoration(pool, RESTORATION, index, config, kafka.custody_topic, kafka.audit_topic, _restored)
    intake = Intake(pool, settings.custody_source, lambda: restoration.open)
    keeping = Keeping(pool, settings.custody_source, settings.leads, lambda: not restoration.open)
    judged = asyncio.Event()

    async def load(kept: Head | None) -> Position:
        position = await restoration.load(kept)
        judged.set()
        return position

    async def take(batch: SealedBatch) -> None:
        await intake.take(batch)
        relay.sealed(batch.generation, batch.next_offsets)
        await restoration.look(batch)

    try:
        async with PublishedLog(settings.log_url, settings.ledger_token_file) as published:
            sealed = SealedLog(config, kafka.audit_topic, settings.vkey, published, settings.state_dir)
            probes = {**_probes(pool, config, kafka.custody_topic, sealed), "restoration": restoration.demand_level}
            await together(
                stop,
                once(judged, stop, relay.run),
                once(judged, stop, keeping.run),
                sealed.follow(load, take, stop),
                serve(probe_app(probes), settings.listen_host, settings.listen_port, stop),
            )
    finally:
        await pool.dispose()


async def _restored(connection: AsyncConnection) -> None:
    """A restoration ends: what could not be taken back is named."""
    if left := await TAKING_BACK.left(connection):
        log.error("entries in custody's name follow nothing that the log holds", indexes=left[:20], count=len(left))


def _probes(pool: AsyncEngine, config: KafkaConfig, topic: str, sealed: SealedLog) -> dict[str, Probe]:
    async def migrated() -> None:
        await demand_migrated(pool, PACKAGE)

    async def fact_topic() -> None:
        await check_fact_topic(config, topic, write=True)

    return {"database": migrated, "topic": fact_topic, "sealed_log": sealed.demand_reading}
