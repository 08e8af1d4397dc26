"""What the process `worker` does, side by side: relay, intake of sealed entries, delivery, probes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notify.channels.mail import MailChannel
from services.notify.loops.deliver import SIDE_BY_SIDE, Deliver
from services.notify.loops.intake import Intake
from services.notify.loops.restored import restored
from services.notify.settings import WorkerSettings
from services.notify.tables import RESTORATION
from shared.database import demand_migrated, engine
from shared.health import Probe, once, probe_app, serve, together
from shared.kafka import KafkaConfig, check_fact_topic
from shared.notes import VerifierKey
from shared.outside import SealedIndexFile, SealedIndexGlance
from shared.published_log import PublishedLog
from shared.relay import Relay
from shared.restoration import Restoration
from shared.sealed_batch import Head, Position, SealedBatch
from shared.sealed_log import SealedLog
from shared.settings import KafkaSettings

PACKAGE = Path(__file__).parents[1]
CONNECTIONS = SIDE_BY_SIDE + 4


async def work(settings: WorkerSettings, kafka: KafkaSettings, stop: asyncio.Event) -> None:
    """Run until told to stop, through outages of Kafka, log, database and mail server.

    A database that was set back is given back what the log holds (shared.restoration) before anyone is told anything.
    """
    url = settings.database_url.get_secret_value()
    pool = engine(url, pool_size=CONNECTIONS, application_name="notify worker")
    config = KafkaConfig.of(kafka)
    relay = Relay(url, config, kafka.notify_topic)
    index = SealedIndexFile(settings.state_dir, VerifierKey.parse(settings.vkey))

    async def ended(connection: AsyncConnection) -> None:
        await restored(connection, settings.notify_source, settings.mail_from)

    restoration = Restoration(pool, RESTORATION, index, config, kafka.notify_topic, kafka.audit_topic, ended)
    intake = Intake(pool, settings.custody_source, settings.notify_source, settings.mail_from, lambda: restoration.open)
    channel = MailChannel(settings.smtp_url.get_secret_value(), settings.mail_from)
    deliver = Deliver(pool, settings.notify_source, channel, glance=SealedIndexGlance(settings.state_dir))
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
            probes = {**_probes(pool, config, kafka.notify_topic, sealed), "restoration": restoration.demand_level}
            await together(
                stop,
                once(judged, stop, relay.run),
                sealed.follow(load, take, stop),
                once(judged, stop, deliver.run),
                serve(probe_app(probes), settings.listen_host, settings.listen_port, stop),
            )
    finally:
        await pool.dispose()


def _probes(pool: AsyncEngine, config: KafkaConfig, topic: str, sealed: SealedLog) -> Mapping[str, Probe]:
    async def migrated() -> None:
        await demand_migrated(pool, PACKAGE)

    async def fact_topic() -> None:
        await check_fact_topic(config, topic, write=True)

    return {"database": migrated, "topic": fact_topic, "sealed_log": sealed.demand_reading}
