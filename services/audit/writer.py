"""The ledger's one writer: consume → append → sign → publish, in one loop, fenced against its twin.

After any error of the database the process ends, since its memory may differ from the rows; after one of Kafka it opens
a new session and looks where it is.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import monotonic

import structlog

from services.audit import check, check_rows, fence, metrics, store
from services.audit.append import Appender, Ledger
from services.audit.consume import find_place
from services.audit.envelope import founding_keys
from services.audit.errors import LedgerDamaged, NotThisLedger
from services.audit.fence import Fence
from services.audit.headfile import HeadFile, demand_not_behind
from services.audit.intake import Taken
from services.audit.pipeline import LOOK_SECONDS, Pipeline
from services.audit.publish import Publisher, demand_known, last_published
from services.audit.settings import WriterSettings
from services.audit.sign import Sealer, SigningKeys
from services.audit.store import Connection
from services.audit.unsigned import Told
from shared.database import connect
from shared.health import together
from shared.kafka import READ, WRITE, KafkaConfig, KafkaProblem, Producer, Reader, Stream, demand_rights, reading
from shared.pause import pause
from shared.settings import KafkaSettings
from shared.tiles import WIDTH, frame

FETCH_BYTES = 4 * 1024 * 1024
"""The most that one answer of Kafka carries of a topic: a batch of small events, and a bound on memory."""
BACK_OFF_SECONDS = (0.2, 5.0)

log = structlog.get_logger()


class NotWriting(RuntimeError):
    """For `readyz`: what the writer waits for."""


class Writer:
    """One run of the writer. `after` is called with the name of each step that was just done; tests end it there."""

    def __init__(
        self, settings: WriterSettings, kafka: KafkaSettings, keys: SigningKeys, *, adopt_head: bool = False,
        after: Callable[[str], None] = lambda step: None,
    ) -> None:  # fmt: skip
        self._settings, self._kafka, self._config = settings, kafka, KafkaConfig.of(kafka)
        self._keys, self._adopt, self._after = keys, adopt_head, after
        self._sources = {kafka.custody_topic: settings.custody_source, kafka.notify_topic: settings.notify_source}
        self._ours = (keys.log.key.name, keys.log.key.vkey, keys.cosigner.key.vkey)
        self._session = "waiting for the lock"

    async def demand_session(self) -> None:
        """For `readyz`: raises NotWriting unless the ledger is ours and Kafka is being read."""
        if self._session:
            raise NotWriting(self._session)

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop. Raises WriterStops, or what the database raised."""
        url = self._settings.database_url.get_secret_value()
        async with AsyncExitStack() as stack:
            connections = []
            for name in ("cadena audit writer", "cadena audit heart"):
                connection = await connect(url, statement_seconds=0, application_name=name)
                stack.push_async_callback(connection.close, timeout=5)
                connections.append(connection)
            claim = await fence.take(connections[0], self._settings.heartbeat_old_seconds, stop)
            if claim is None:
                return
            metrics.EPOCH.set(claim.epoch)
            heart = fence.Heart(connections[1], claim, self._settings.heartbeat_seconds)
            await together(stop, self._write(claim, stop), heart.run(stop))

    async def _write(self, claim: Fence, stop: asyncio.Event) -> None:
        self._session = "checking the ledger"
        appender, sealer = await self._take_up(claim)
        back_off = BACK_OFF_SECONDS[0]
        while not stop.is_set():
            self._session = "connecting to Kafka"
            try:
                await self._read_on(claim, appender, sealer, stop)
            except KafkaProblem as error:
                back_off = BACK_OFF_SECONDS[0] if not self._session else min(2 * back_off, BACK_OFF_SECONDS[1])
                metrics.RECONNECTS.inc()
                log.warning("lost Kafka", cause=str(error))
                self._session = f"lost Kafka: {type(error).__name__}"  # what a client said is for the log
                await pause(stop, back_off)

    async def _take_up(self, claim: Fence) -> tuple[Appender, Sealer]:
        """Check what is stored; what was appended and not signed waits for Kafka."""
        connection = claim.connection
        kept = HeadFile(self._settings.state_dir, self._keys.log.key)
        remembered, newest = kept.read(), await store.newest_head(connection)
        at_kept = await store.head_at(connection, remembered.size) if remembered else None
        demand_not_behind(remembered, newest, at_kept, adopt=self._adopt)
        began = monotonic()
        async with store.snapshot(connection):
            size = await check.demand_sound(connection)
        log.info("the ledger is sound", size=size, seconds=round(monotonic() - began, 3))
        if remembered is None and newest is None:
            kept.start(self._keys.log)
        edge = await store.tile_edge(connection, newest.size if newest else 0)
        if newest and edge.root() != newest.root:
            raise LedgerDamaged(f"the stored entries and tiles do not give the signed root of size {newest.size}")
        since = check_rows.demand_signed(newest, self._keys) if newest else 0
        sealer = Sealer(claim, self._keys, kept, edge, message_bytes=self._settings.message_bytes, since=since)
        if newest:
            sealer.keep(newest)
        tail = frame(await store.entries(connection, size - size % WIDTH, size))
        highest = await store.highest_id(connection)
        return Appender(claim, Ledger(size, tail, highest), self._sources, self._settings.audit_source), sealer

    async def _read_on(self, claim: Fence, appender: Appender, sealer: Sealer, stop: asyncio.Event) -> None:
        """One session with Kafka: until told to stop, or until the ledger has been founded."""
        await demand_rights(self._config, {self._kafka.audit_topic: {READ, WRITE}})
        founded = appender.ledger.size > 0
        topics = list(self._sources) if founded else [self._kafka.custody_topic]
        async with AsyncExitStack() as stack:
            reader = await stack.enter_async_context(
                reading(self._config, topics, linger_ms=self._settings.linger_ms, fetch_bytes=FETCH_BYTES)
            )
            producer = await Producer.open(self._config)
            stack.push_async_callback(producer.close)
            last = await last_published(self._config, self._kafka.audit_topic, self._keys.log.key)
            await demand_known(claim.connection, last)
            await self._sign_told(claim.connection, reader, appender.ledger.size, sealer)
            place = await find_place(claim.connection, reader, appender)
            metrics.GENERATION.set(place.generation)
            publisher = Publisher(claim.connection, producer, self._kafka.audit_topic, place.generation)
            await publisher.resume(last, place.origins)
            stream = reader.stream(place.next)
            stack.push_async_callback(stream.close)
            self._session = ""
            log.info("reading", topics=topics, generation=place.generation, size=sealer.size)
            pipeline = Pipeline(appender, sealer, publisher, place, self._after)
            if founded:
                await pipeline.run(reader, stream, self._settings.batch_events, self._settings.silence_seconds, stop)
            else:
                await self._found(stream, appender, pipeline, stop)

    async def _sign_told(self, connection: Connection, reader: Reader, size: int, sealer: Sealer) -> None:
        """Sign what was appended and not signed, as far as Kafka tells it: see services.audit.unsigned."""
        if sealer.size == size:
            return
        told = Told(connection, reader, self._sources, self._settings.audit_source)
        entries = await told.demand(sealer.size, size) if sealer.size else await told.demand_founding(self._ours, size)
        log.info("signing what was appended and not signed", first=sealer.size, size=size)
        for sealed in await sealer.seal(entries):
            sealer.keep(sealed.head)

    async def _found(self, stream: Stream, appender: Appender, pipeline: Pipeline, stop: asyncio.Event) -> None:
        """Find the founding event on custody's topic and make it leaf 0; everything is read again after that."""
        while not stop.is_set():
            for columns in await stream.batch(self._settings.batch_events, LOOK_SECONDS):
                message = self._founding(Taken(*columns))
                if message is not None:
                    await pipeline.take([appender.sort(message)], place=False)
                    await pipeline.sent()
                    return

    def _founding(self, taken: Taken) -> Taken | None:
        """The founding event alone, None if it is not among these; NotThisLedger if it names other keys than ours."""
        for offset, value in zip(taken.offsets, taken.values, strict=True):
            keys = founding_keys(value, self._sources[taken.topic])
            if keys == self._ours:
                return Taken(taken.topic, [offset], [value])
            if keys is not None:
                raise NotThisLedger(f"the founding event names the log {keys[1]}, this writer signs as {self._ours[1]}")
        return None
