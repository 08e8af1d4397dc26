"""What the process `worker` does, side by side: the relay, the intake of sealed entries, the probes."""

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.intake import Intake
from services.custody.settings import WorkerSettings
from services.custody.tables import POSITION
from shared.database import demand_migrated, engine
from shared.health import Probe, probe_app, serve, together
from shared.kafka import KafkaConfig, check_fact_topic
from shared.published_log import PublishedLog
from shared.reader_position import load_position
from shared.relay import Relay
from shared.sealed_batch import Position, SealedBatch
from shared.sealed_log import SealedLog
from shared.settings import KafkaSettings

PACKAGE = Path(__file__).parents[1]
CONNECTIONS = 3


async def work(settings: WorkerSettings, kafka: KafkaSettings, stop: asyncio.Event) -> None:
    """Run until told to stop, through outages of Kafka, log and database; raises what no waiting can mend.

    A database that was set back behind the sealed log (BehindTheLog) ends the whole worker before anything is marked as
    sealed; what the relay published again until then is dropped by audit.
    """
    url = settings.database_url.get_secret_value()
    pool = engine(url, pool_size=CONNECTIONS, application_name="custody worker")
    config = KafkaConfig.of(kafka)
    relay = Relay(url, config, kafka.custody_topic)
    intake = Intake(pool, settings.custody_source)

    async def load() -> Position:
        async with pool.connect() as connection:
            return await load_position(connection, POSITION)

    async def take(batch: SealedBatch) -> None:
        await intake.take(batch)
        relay.sealed(batch.generation, batch.next_offsets)

    try:
        async with PublishedLog(settings.log_url, settings.ledger_token_file) as published:
            sealed = SealedLog(config, kafka.audit_topic, settings.vkey, published, settings.state_dir)
            probes = _probes(pool, config, kafka.custody_topic, sealed)
            await together(
                stop,
                relay.run(stop),
                sealed.follow(load, take, stop),
                serve(probe_app(probes), settings.listen_host, settings.listen_port, stop),
            )
    finally:
        await pool.dispose()


def _probes(pool: AsyncEngine, config: KafkaConfig, topic: str, sealed: SealedLog) -> dict[str, Probe]:
    async def migrated() -> None:
        await demand_migrated(pool, PACKAGE)

    async def fact_topic() -> None:
        await check_fact_topic(config, topic, write=True)

    return {"database": migrated, "topic": fact_topic, "sealed_log": sealed.demand_reading}
