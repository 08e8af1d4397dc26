"""A live ledger to tamper with: filled by the real writer, served by audit's API over HTTP, put back after each case."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson
import uvicorn
from cadena_verify.audit import Wanted, audit
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Report
from cadena_verify.served import Http
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.issuer import ISSUER, DevIssuer
from services.audit.app import api_app
from services.audit.settings import ApiSettings
from shared.canonical import canonical
from shared.events import Actor, Draft, Event, envelope, new_id
from shared.facts.cases import CaseOpened
from shared.keys import public_text
from shared.promise import Promiser
from tests.services.audit.rig import CUSTODY, NOTIFY, ORIGIN, Rig, event, first
from tests.tamper.owner import Owner

HEADS = (1, 10, 200, 300, 301, 511, 800, 900)
"""A head ends at each. Bundles 0 to 2 are full, and only the entries of bundle 2 lie in no fragment, since one append
held them all; three full tiles of level 0, a tile of level 1 that is not full, an open bundle of two fragments."""
NOTIFYS, FOREIGN = 300, 301
"""Indexes of notify's event and of the marker of a message that was no event."""
DAY = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
HOUR_SECONDS, START_SECONDS = 3600, 60
TABLES = ("seen", "fragment", "bundle", "tile", "head", "offset", "foreign", "generation")

Place = tuple[str, int | None, int | None, int | None]
"""A defect: code, index, until, head."""


def opened(number: int, day: datetime = DAY) -> Event:
    """A real fact, as custody records it."""
    return envelope(
        Draft(f"case/{new_id()}", CaseOpened(authority=new_id(), folio=f"CI-{number}/2026")),
        source=CUSTODY, sequence=1, time=day + timedelta(microseconds=number),
        actor=Actor(person=new_id(), org=new_id(), role="court"), command=command(number), ordinal=0,
    )  # fmt: skip


def command(number: int) -> str:
    return sha256(b"%d" % number).hexdigest()


@dataclass
class Ledger:
    """One ledger, its readers and its owner."""

    rig: Rig
    issuer: DevIssuer
    promise_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    cases: list[Event] = field(default_factory=list)

    async def found(self) -> None:
        """Send the founding event, with the key that promises are made by."""
        whole = orjson.loads(self.rig.founding)
        whole["data"]["promise_keys"] = {CUSTODY: public_text(self.promise_key.public_key())}
        self.rig.founding = canonical(whole | {"command": command(0)})
        await self.rig.send(self.rig.founding)

    async def fill(self) -> None:
        """Seal up to each of HEADS in turn, and keep a copy of every table."""
        await self.found()
        async with self.rig.writing() as task:
            for size in HEADS:
                await first(self.rig.until_signed(size), task)
                await self._send_more(size)
        async with self.owner() as owner:
            await owner.execute("CREATE SCHEMA kept")
            for table in TABLES:
                await owner.execute(f'CREATE TABLE kept."{table}" AS TABLE "{table}"')

    async def _send_more(self, size: int) -> None:
        """What leads to the next head; sent together it arrives, and is appended, together."""
        if size == NOTIFYS:
            told = event(NOTIFY, subject="notice/1", sequence=1, command=command(1))
            await self.rig.send(told, topic=self.rig.kafka.notify_topic)
            return
        following = min((head for head in HEADS if head > size), default=size)
        new = [opened(number) for number in range(size, following)]
        self.cases += new
        values = [made.to_bytes() for made in new]
        await self.rig.send(*(b"noise" if size == FOREIGN and not at else value for at, value in enumerate(values)))

    def promise(self, made: Event) -> str:
        """What custody's answer promised of a fact."""
        return Promiser(self.promise_key).promise(made, made.to_bytes())

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Owner]:
        """The database's owner, who holds no key."""
        async with self.rig.database() as connection:
            yield Owner(connection)

    async def restore(self) -> None:
        """Every table as the writer left it."""
        names = ", ".join(f'"{table}"' for table in TABLES)
        back = "".join(f'INSERT INTO "{table}" TABLE kept."{table}";' for table in TABLES)
        await self.rig.execute(f"TRUNCATE {names}; {back}")

    @asynccontextmanager
    async def served(self) -> AsyncIterator[tuple[str, str]]:
        """Audit's API over HTTP, as its own login, without a memory of earlier cases: its URL and a peer's token."""
        settings = ApiSettings(
            installation="test", origin=ORIGIN, listen_port=1, database_url=self.rig.urls["api"],
            issuer=ISSUER, jwks=str(self.issuer.jwks),
        )  # fmt: skip
        server = uvicorn.Server(uvicorn.Config(api_app(settings), log_config=None, access_log=False))
        with socket.create_server(("127.0.0.1", 0)) as listening:
            task = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                await asyncio.wait_for(started(server, task), START_SECONDS)
                url = f"http://127.0.0.1:{listening.getsockname()[1]}"
                yield url, self.issuer.mint("peer", ["audit"], ["ledger:read"], HOUR_SECONDS)
            finally:
                server.should_exit = True
                await task

    async def verified(
        self, *, seen: Path | None = None, promises: Path | None = None, cosigner: bool = False
    ) -> Report:
        """What `cadena-verify` says of the served log, given the log's vkey."""
        demanded = parse_vkey(self.rig.keys.cosigner.key.vkey) if cosigner else None
        wanted = Wanted(parse_vkey(self.rig.keys.log.key.vkey), demanded, seen=seen, promises=promises)
        async with self.served() as (url, token):
            source = Http(url, token)
            try:
                return await asyncio.to_thread(audit, source, wanted)
            finally:
                source.close()


async def started(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    while not server.started:
        assert not task.done(), "the API ended"
        await asyncio.sleep(0.01)


def places(report: Report) -> set[Place]:
    return {(found.code, found.index, found.until, found.head) for found in report.defects}


def between(index: int) -> Place:
    """Where every copy of an entry was changed together: the smallest interval between two signed heads."""
    above = min(head for head in HEADS if head > index)
    return ("history-rewritten", max(head for head in HEADS if head <= index), above, above)


def changed(index: int, until: int | None = None) -> Place:
    return ("entry-changed", index, until or index + 1, None)


def hashed(index: int, until: int | None = None) -> Place:
    return ("tile-changed", index, until or index + 1, None)
