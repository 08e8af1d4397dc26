"""A ledger of its own on the session's real servers: its database, its topics, its keys, and the writer run in place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg

from services.audit import metrics, store
from services.audit.keys import signing_keys
from services.audit.settings import WriterSettings
from services.audit.writer import Writer
from shared.accounts import account_digest
from shared.canonical import canonical
from shared.events import Actor, Draft, envelope, new_id
from shared.facts import Fact, schema_name
from shared.facts.people import AccountLinked, InstallationFounded
from shared.kafka import KafkaConfig, Message, Producer, Record, ensure_topics, fact_topic, reading, sealed_topic
from shared.merkle import leaf_hash, root_of
from shared.notes import cosigned_at, open_checkpoint, open_note
from shared.text import parse_instant
from tests.brokers import settings_of

ORIGIN = "cadena.example/test"
CUSTODY, NOTIFY, AUDIT = (f"urn:cadena:test:{power}" for power in ("custody", "notify", "audit"))
DEADLINE_SECONDS = 30.0
TIME = "2026-01-31T09:30:00.000000Z"


def event(source: str = CUSTODY, *, event_id: str | None = None, pad: int = 0, **members: Any) -> bytes:
    """An event of the least shape that the writer asks for, in canonical form, with `pad` bytes of data."""
    kind = f"org.cadena.{source.rpartition(':')[2]}.sample.registered.v1"
    return canonical(
        {
            "id": event_id or new_id(), "source": source, "specversion": "1.0", "type": kind,
            "datacontenttype": "application/json",
            "dataschema": schema_name(kind), "time": TIME, "occurred_at": TIME, "command": sha256(b"").hexdigest(),
            "ordinal": 0, "outcome": "accepted", "actor": {}, "data": {"pad": "x" * pad},
        }
        | members
    )  # fmt: skip


def founding(log_vkey: str, cosigner_vkey: str, **members: Any) -> bytes:
    """The event that becomes leaf 0, whole enough for the API's directory."""
    person, organisation, digest = new_id(), new_id(), "ab" * 32
    data = {
        "installation": "test", "origin": ORIGIN, "log_vkey": log_vkey, "cosigner_vkey": cosigner_vkey,
        "promise_keys": {CUSTODY: "A"}, "link_key": "A",
        "organisations": [{"id": organisation, "name": "Registry", "kind": "registrar", "independent": True}],
        "registrar": {"person": person, "name": f"sha256:{digest}", "organisation": organisation,
                      "account": new_id(), "account_digest": digest},
        "pack": {"id": "flat", "version": 1, "sha256": digest},
    }  # fmt: skip
    kind = InstallationFounded.type_name()
    whole: dict[str, Any] = {
        "type": kind, "dataschema": schema_name(kind), "data": data, "subject": "installation/test", "sequence": 1,
    }  # fmt: skip
    return event(**(whole | members))


def linked(issuer: str, subject: str, role: Any, *, source: str = CUSTODY) -> bytes:
    """The fact that an account has a role, as custody records it."""
    fact = AccountLinked(
        person=new_id(), organisation=new_id(), role=role, account_digest=account_digest(issuer, subject)
    )
    return said(f"account/{new_id()}", fact, source=source)


def said(subject: str, fact: Fact, *, sequence: int = 1, source: str = CUSTODY) -> bytes:
    """The event of a fact."""
    made = envelope(
        Draft(subject, fact), source=source, sequence=sequence, time=parse_instant(TIME), actor=Actor(),
        command=sha256(b"").hexdigest(), ordinal=0,
    )  # fmt: skip
    return made.to_bytes()


class Killed(BaseException):
    """Ends a writer between two steps, as SIGKILL would: nothing after it runs but the closing of sockets."""


@dataclass
class Rig:
    """One ledger."""

    urls: dict[str, str]
    operator: KafkaConfig
    prefix: str
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = signing_keys(self.folder / "keys", ORIGIN, make=True)
        self.kafka = settings_of(self.operator, self.prefix)
        self.config = KafkaConfig.of(self.kafka)
        self.founding = founding(self.keys.log.key.vkey, self.keys.cosigner.key.vkey)

    @property
    def settings(self) -> WriterSettings:
        given = {"linger_ms": 5, "silence_seconds": 1.0, "heartbeat_seconds": 0.2} | self.options
        return WriterSettings.model_validate(
            {
                "installation": "test", "origin": ORIGIN, "listen_port": 1, "database_url": self.urls["writer"],
                "keys_dir": self.folder / "keys", "state_dir": self.folder / "state",
            }
            | given
        )  # fmt: skip

    async def make_topics(self) -> None:
        facts = {topic: fact_topic() for topic in (self.kafka.custody_topic, self.kafka.notify_topic)}
        await ensure_topics(self.config, {**facts, self.kafka.audit_topic: sealed_topic()})

    async def send(self, *values: bytes, topic: str | None = None) -> list[int]:
        """Put messages on custody's topic, or another."""
        await self.make_topics()
        producer = await Producer.open(self.config)
        try:
            return await producer.send_many(topic or self.kafka.custody_topic, [Message(value) for value in values])
        finally:
            await producer.close()

    def writer(self, **given: Any) -> Writer:
        return Writer(self.settings, self.kafka, self.keys, **given)

    async def run(self, **given: Any) -> None:
        """Run a writer that ought to end by itself; TimeoutError at the deadline."""
        await asyncio.wait_for(self.writer(**given).run(asyncio.Event()), DEADLINE_SECONDS)

    @asynccontextmanager
    async def writing(self, **given: Any) -> AsyncIterator[asyncio.Task[None]]:
        """A writer at work in the block; its own error, if it ends by one, rises from the block."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.writer(**given).run(stop))
        try:
            yield task
        finally:
            stop.set()
            await task

    async def killed_at(self, step: str, nth: int = 1) -> None:
        """Run a writer and end it right after a step was done for the nth time."""
        left = nth

        def after(done: str) -> None:
            nonlocal left
            left -= done == step
            if not left:
                raise Killed

        with suppress(Killed):
            await asyncio.wait_for(self.writer(after=after).run(asyncio.Event()), DEADLINE_SECONDS)
        assert left == 0

    @asynccontextmanager
    async def database(self, role: str = "owner") -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.urls[role])
        try:
            yield connection
        finally:
            await connection.close()

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        async with self.database() as connection:
            return await connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> Any:
        async with self.database() as connection:
            return await connection.execute(query, *arguments)

    async def signed(self) -> int:
        return int(await self.fetchval("SELECT coalesce(max(size), 0) FROM head"))

    async def until_signed(self, size: int) -> None:
        await until(self.signed, lambda found: found >= size)
        assert await self.signed() == size

    async def seal(self, *values: bytes, size: int, topic: str | None = None) -> None:
        """Send, and run a writer until the head has this size."""
        await self.send(*values, topic=topic)
        async with self.writing() as task:
            await first(self.until_signed(size), task)

    async def entries(self) -> list[bytes]:
        async with self.database() as connection:
            return await store.entries(connection, 0, await store.size(connection))

    async def demand_whole(self) -> list[bytes]:
        """Every head covers what is stored, and is signed and cosigned; returns the entries."""
        entries = await self.entries()
        leaves = [leaf_hash(entry) for entry in entries]
        async with self.database() as connection:
            heads = await store.heads_after(connection, 0, 10_000)
        for head in heads:
            checkpoint = open_checkpoint(head.signed, self.keys.log.key)
            assert (checkpoint.size, checkpoint.root) == (head.size, head.root)
            assert head.root == root_of(leaves[: head.size])
            (cosignature,) = open_note(head.signed, [self.keys.cosigner.key]).verified
            assert cosigned_at(cosignature) == int(head.cosigned_at.timestamp())
        assert [head.size for head in heads][-1:] == [len(entries)][: len(heads)]
        return entries

    async def sealed_messages(self, enough: Callable[[Sequence[Record]], bool] = lambda _: True) -> list[Record]:
        """What stands on the audit topic, once that is enough."""

        async def read() -> list[Record]:
            async with reading(self.config, [self.kafka.audit_topic]) as reader:
                start, end = await reader.beginning_offsets(), await reader.end_offsets()
                reader.read_from(start)
                found: list[Record] = []
                while len(found) < end[self.kafka.audit_topic] - start[self.kafka.audit_topic]:
                    for records in (await reader.batch(1000, 1.0)).values():
                        found += records
                return found

        found: list[Record] = await until(read, enough)
        return found


async def until(look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float = DEADLINE_SECONDS) -> Any:
    """What `look` gives as soon as that is enough; AssertionError with the last look at the deadline."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if enough(found):
            return found
        assert asyncio.get_running_loop().time() < end, f"still {found!r} after {seconds} s"
        await asyncio.sleep(0.05)


async def first(wanted: Any, writer: asyncio.Task[None]) -> Any:
    """The result of `wanted`, unless the writer ends before: then its error."""
    waiting = asyncio.ensure_future(wanted)
    await asyncio.wait({waiting, writer}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        writer.result()
        raise AssertionError("the writer ended")
    return waiting.result()


def headers(record: Record) -> dict[str, bytes]:
    return dict(record.headers)


def alarms(name: str) -> float:
    return metrics.ALARMS.labels(name)._value.get()  # type: ignore[no-any-return]
