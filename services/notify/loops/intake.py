"""Intake: each sealed batch → directory, proposals, notices, seals of our own facts; one transaction with the position.

1. The position moves on first: of two workers that read side by side only one has an effect.
2. An entry of ours is marked as sealed if its bytes are ours.
3. An entry that says something here has its effect once: of two leaves with one id, or one command and ordinal, the
   lower counts. All effects but those of a withdrawal are insertions, and a withdrawal that is read before its proposal
   suppresses no notice; so nothing has to wait for its subject's predecessor.
4. Nothing in an entry can stop the reading: what is malformed or unknown is counted and passed over.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import BigInteger, LargeBinary, column, literal, select, values
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notify import store
from services.notify.loops import directory, proposals
from services.notify.loops.proposals import Trigger
from services.notify.tables import EFFECT, EVENTS, READER_POSITION
from shared.events import Event, NotAnEvent
from shared.facts import FACTS, Fact
from shared.facts.cases import CaseCounselAppointed, CaseOpened
from shared.facts.notices import PartyAddressVerified, SubscriptionMade
from shared.facts.people import AccountLinked, InstallationFounded, OrganisationRegistered
from shared.facts.proposals import ProposalMade, ProposalWithdrawn
from shared.notes import write_proof
from shared.reader_position import save_position
from shared.sealed_batch import SealedBatch

TAKEN = Counter("cadena_notify_entries_total", "Sealed entries read, by what came of them", ["outcome"])
DENIED = Counter("cadena_notify_foreign_seals_total", "ALARM: entries in our name whose bytes are not ours")
FAMILY = Counter("cadena_notify_unknown_destruction_types_total", "ALARM: unknown types about destruction or notice")
SEALED_SIZE = Gauge("cadena_notify_sealed_size", "Entries of the ledger that have been read")
DESTRUCTION = ("org.cadena.custody.proposal.", "org.cadena.custody.sample.destr", "org.cadena.notify.notice.")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entry:
    """One sealed entry that may say something here."""

    index: int
    raw: bytes
    event: Event
    fact: Any
    batch: SealedBatch

    @property
    def identifier(self) -> str:
        """The id within the event's subject."""
        return (self.event.subject or "").partition("/")[2]


@dataclass(frozen=True, slots=True)
class Taking:
    """One batch under way."""

    connection: AsyncConnection
    own_source: str
    sender: str
    pen: store.Pen

    def trigger(self, entry: Entry) -> Trigger:
        """The entry as the cause of notices."""
        return Trigger(entry.event, self.pen, self.sender)


class Intake:
    """Takes sealed batches of one installation into notify's database, as `notify_worker`."""

    def __init__(self, engine: AsyncEngine, custody_source: str, own_source: str, sender: str) -> None:
        self._engine = engine
        self._sources = {"custody": custody_source, "notify": own_source}
        self._own, self._sender = own_source, sender

    async def take(self, batch: SealedBatch) -> None:
        """All effects of a batch, or none. Raises PositionMoved, and what a database raises."""
        entries = [(batch.first + number, raw) for number, raw in enumerate(batch.entries)]
        async with self._engine.begin() as connection:
            await save_position(connection, READER_POSITION, batch)
            taking = Taking(connection, self._own, self._sender, store.Pen(self._own, await store.clock(connection)))
            own: list[tuple[str, bytes, int]] = []
            for index, raw in entries:
                await self._entry(taking, batch, index, raw, own)
            await _seal(connection, own, batch.head.size)
            await taking.pen.stage(connection)
        SEALED_SIZE.set(batch.head.size)

    async def _entry(
        self, taking: Taking, batch: SealedBatch, index: int, raw: bytes, own: list[tuple[str, bytes, int]]
    ) -> None:
        kind, source, identifier = _envelope(raw)
        if source == self._own:
            own.append((identifier, hashlib.sha256(raw).digest(), index))
        handler = _HANDLERS.get(kind)
        if handler is None:
            _count_unhandled(kind, index)
            return
        try:
            event = Event.from_bytes(raw)
            fact = event.fact()
        except NotAnEvent as error:
            TAKEN.labels("malformed").inc()
            log.error("an entry is malformed", index=index, type=kind, reason=str(error)[:300])
            return
        service = kind.split(".")[2]
        if (
            source != self._sources[service]
            or event.outcome != "accepted"
            or not await _first(taking.connection, event)
        ):
            TAKEN.labels("without effect").inc()
            return
        await handler(taking, Entry(index, raw, event, fact, batch))
        TAKEN.labels("taken").inc()


async def _founded(taking: Taking, entry: Entry) -> None:
    await directory.founded(taking.connection, entry.fact, taking.own_source)


async def _organisation(taking: Taking, entry: Entry) -> None:
    await directory.organisation(taking.connection, entry.fact)


async def _account(taking: Taking, entry: Entry) -> None:
    await directory.account(taking.connection, entry.fact, entry.identifier)


async def _case(taking: Taking, entry: Entry) -> None:
    await directory.case(taking.connection, entry.fact, entry.identifier)


async def _counsel(taking: Taking, entry: Entry) -> None:
    await directory.counsel(taking.connection, entry.fact, entry.identifier)
    concerned = await proposals.open_in_case(taking.connection, entry.identifier)
    await proposals.tell(taking.connection, concerned, taking.trigger(entry))


async def _proposed(taking: Taking, entry: Entry) -> None:
    head = entry.batch.head
    proof = write_proof(entry.index, entry.batch.proof(entry.index), head.note)
    await proposals.keep(taking.connection, entry.fact, entry.identifier, entry.raw, entry.index, head.size, proof)
    await proposals.tell(taking.connection, [entry.identifier], taking.trigger(entry))


async def _withdrawn(taking: Taking, entry: Entry) -> None:
    await proposals.withdraw(taking.connection, entry.identifier)


async def _verified(taking: Taking, entry: Entry) -> None:
    concerned = await proposals.open_for_person(taking.connection, entry.identifier)
    await proposals.tell(taking.connection, concerned, taking.trigger(entry))


async def _subscribed(taking: Taking, entry: Entry) -> None:
    concerned = await proposals.open_in_case(taking.connection, entry.fact.case)
    await proposals.tell(taking.connection, concerned, taking.trigger(entry))


_BY_FACT: dict[type[Fact], Callable[[Taking, Entry], Awaitable[None]]] = {
    InstallationFounded: _founded,
    OrganisationRegistered: _organisation,
    AccountLinked: _account,
    CaseOpened: _case,
    CaseCounselAppointed: _counsel,
    ProposalMade: _proposed,
    ProposalWithdrawn: _withdrawn,
    PartyAddressVerified: _verified,
    SubscriptionMade: _subscribed,
}
_HANDLERS = {fact.type_name(): handler for fact, handler in _BY_FACT.items()}


def _envelope(raw: bytes) -> tuple[str, str, str]:
    """Type, source and id, read cheaply: most entries say nothing here. Empty for what is no object of texts."""
    try:
        event = orjson.loads(raw)
        kind, source, identifier = event["type"], event["source"], event["id"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "", "", ""
    return (kind, source, identifier) if all(isinstance(x, str) for x in (kind, source, identifier)) else ("", "", "")


def _count_unhandled(kind: str, index: int) -> None:
    if kind in FACTS:
        TAKEN.labels("of no concern").inc()
        return
    TAKEN.labels("unknown").inc()
    if kind.startswith(DESTRUCTION):
        FAMILY.inc()
        log.error("an unknown type about destruction or notice: this release is too old", type=kind[:200], index=index)


async def _first(connection: AsyncConnection, event: Event) -> bool:
    row = {"source": event.source, "event_id": event.id, "command": event.command, "ordinal": event.ordinal}
    statement = insert(EFFECT).values(row).on_conflict_do_nothing().returning(EFFECT.c.event_id)
    return (await connection.execute(statement)).first() is not None


async def _seal(connection: AsyncConnection, own: list[tuple[str, bytes, int]], size: int) -> None:
    """Mark our facts as sealed where the bytes equal ours; anything else in our name is an alarm."""
    if not own:
        return
    event, sealed = EVENTS.event, EVENTS.sealed
    given = values(
        column("id", event.c.id.type), column("sha256", LargeBinary), column("idx", BigInteger), name="given"
    ).data(own)
    ours = select(given.c.id, given.c.idx, literal(size)).join(
        event, (event.c.id == given.c.id) & (event.c.sha256 == given.c.sha256)
    )
    matching = {row.idx for row in await connection.execute(ours)}
    await connection.execute(insert(sealed).from_select(["event_id", "idx", "size"], ours).on_conflict_do_nothing())
    for identifier, _, index in own:
        if index not in matching:
            DENIED.inc()
            log.error("an entry in our name is not ours", entry=identifier, index=index)
