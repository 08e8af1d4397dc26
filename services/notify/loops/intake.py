"""Intake: each sealed batch → directory, proposals, notices, seals of our own facts; one transaction with the position.

1. The position moves on first: of two workers that read side by side only one has an effect.
2. An entry of ours is marked as sealed if its bytes are ours. While a restoration is open, what we lack is recorded
   again, and nobody is told of anything.
3. An entry that says something here has its effect once: of two leaves with one id, or one command and ordinal, the
   lower counts. All effects but those of a withdrawal are insertions, and a withdrawal that is read before its proposal
   suppresses no notice; so nothing has to wait for its subject's predecessor.
4. Nothing in an entry can stop the reading: what is malformed or unknown is counted and passed over.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from prometheus_client import Counter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notify import store
from services.notify.loops import directory, proposals, reviews
from services.notify.loops.taking_back import TAKING_BACK
from services.notify.loops.telling import Trigger, tell
from services.notify.tables import EFFECT, EVENTS, READER_POSITION
from shared.events import Event, NotAnEvent
from shared.facts import FACTS, Fact
from shared.facts.cases import CaseCounselAppointed, CaseOpened
from shared.facts.notices import PartyAddressVerified, SubscriptionMade
from shared.facts.people import AccountClosed, AccountLinked, InstallationFounded, OrganisationRegistered
from shared.facts.proposals import ProposalMade, ProposalWithdrawn
from shared.facts.retention import ReviewOpened
from shared.failpoint import reach
from shared.notes import write_proof
from shared.reader_position import save_position
from shared.sealed_batch import SealedBatch
from shared.sealing import mark_sealed, own_entries
from shared.taking_back import TakenBack
from shared.text import canonical_uuid

TAKEN = Counter("cadena_notify_entries", "Sealed entries read, by what came of them", ["outcome"])
FOREIGN = Counter("cadena_notify_foreign_seals", "ALARM: entries in notify's name whose bytes are not ours")
BACK = Counter("cadena_notify_taken_back", "Own events that a database set back got again from the log")
TOO_OLD = Counter("cadena_notify_unknown_destruction_types", "ALARM: unknown types about destruction or notice")
DATA_EXCEPTION = "22"
"""The class of what PostgreSQL says of a value that it cannot hold, such as a text with NUL."""
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
    restoring: bool

    async def tell(self, concerned: Collection[str], entry: Entry) -> None:
        """Tell of these, the entry being the cause; not while it is unknown what was told (restored)."""
        if not self.restoring:
            await tell(self.connection, concerned, Trigger(entry.event, self.pen, self.sender))


class Intake:
    """Takes sealed batches of one installation into notify's database, as `notify_worker`."""

    def __init__(
        self, engine: AsyncEngine, custody_source: str, own_source: str, sender: str,
        restoring: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._engine, self._restoring = engine, restoring
        self._sources = {"custody": custody_source, "notify": own_source}
        self._own, self._sender = own_source, sender

    async def take(self, batch: SealedBatch) -> None:
        """All effects of a batch, or none. Raises PositionMoved, and what a database raises."""
        own = own_entries(batch, self._own)
        async with self._engine.begin() as connection:
            await save_position(connection, READER_POSITION, batch)
            taken, restoring = TakenBack(), self._restoring()
            if restoring:
                raws = [batch.entries[one.index - batch.first] for one in own]
                taken = await TAKING_BACK.take(connection, own, raws)
            pen = await store.pen(connection, self._own)
            taking = Taking(connection, self._own, self._sender, pen, restoring)
            for index, raw in enumerate(batch.entries, batch.first):
                await self._entry(taking, batch, index, raw)
            _, unknown = await mark_sealed(connection, EVENTS, [*own, *taken.released], batch.head.size)
            await taking.pen.stage(connection)
            reach("before-intake")
        reach("after-intake")
        BACK.inc(taken.recorded)
        foreign = [index for index in unknown if index not in taken.known]
        if foreign:
            FOREIGN.inc(len(foreign))
            log.error("entries in notify's name are not notify's", indexes=foreign[:20], count=len(foreign))

    async def _entry(self, taking: Taking, batch: SealedBatch, index: int, raw: bytes) -> None:
        kind, source = _envelope(raw)
        handler = _HANDLERS.get(kind)
        if handler is None:
            _count_unhandled(kind, index)
            return
        try:
            event = Event.from_bytes(raw)
            entry = Entry(index, raw, event, event.fact(), batch)
            _demand_own_noun(event)
            if source != self._sources[kind.split(".")[2]] or event.outcome != "accepted":
                raise NotAnEvent(f"{source} may not say this")
        except NotAnEvent as error:
            _malformed(index, kind, error)
            return
        await _effect(taking, handler, entry)


async def _effect(taking: Taking, handler: "Handler", entry: Entry) -> None:
    """What the entry says, once; text that no column can hold is undone and counted as malformed."""
    written = len(taking.pen.written)
    try:
        async with taking.connection.begin_nested():
            if not await _first(taking.connection, entry.event):
                TAKEN.labels("repeated").inc()
                return
            await handler(taking, entry)
    except DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", "")).startswith(DATA_EXCEPTION):
            raise
        del taking.pen.written[written:]
        _malformed(entry.index, entry.event.type, error)
        return
    TAKEN.labels("taken").inc()


def _demand_own_noun(event: Event) -> None:
    """NotAnEvent unless the subject is of the type's own noun, and known by a UUID (the installation: by its name)."""
    noun, _, identifier = (event.subject or "").partition("/")
    try:
        if noun != event.type.split(".")[3] or (noun != "installation" and canonical_uuid(identifier) != identifier):
            raise ValueError("another noun")
    except ValueError as error:
        raise NotAnEvent(f"{event.type} says nothing of {event.subject}") from error


def _malformed(index: int, kind: str, error: Exception) -> None:
    TAKEN.labels("malformed").inc()
    log.error("an entry is malformed", index=index, type=kind, reason=str(error)[:300])


async def _founded(taking: Taking, entry: Entry) -> None:
    taking.pen.demo = entry.event.demo is True
    await directory.founded(taking.connection, entry.fact, taking.own_source, taking.pen.demo)


async def _organisation(taking: Taking, entry: Entry) -> None:
    await directory.organisation(taking.connection, entry.fact)


async def _account(taking: Taking, entry: Entry) -> None:
    await directory.account(taking.connection, entry.fact, entry.identifier)


async def _closed(taking: Taking, entry: Entry) -> None:
    await directory.closed(taking.connection, entry.identifier)


async def _case(taking: Taking, entry: Entry) -> None:
    await directory.case(taking.connection, entry.fact, entry.identifier)


async def _counsel(taking: Taking, entry: Entry) -> None:
    await directory.counsel(taking.connection, entry.fact, entry.identifier)
    await taking.tell(await _open_in_case(taking, entry.identifier), entry)


async def _proposed(taking: Taking, entry: Entry) -> None:
    head = entry.batch.head
    proof = write_proof(entry.index, entry.batch.proof(entry.index), head.note)
    await proposals.keep(taking.connection, entry.fact, entry.identifier, entry.raw, entry.index, head.size, proof)
    await taking.tell([entry.identifier], entry)


async def _reviewed(taking: Taking, entry: Entry) -> None:
    head = entry.batch.head
    proof = write_proof(entry.index, entry.batch.proof(entry.index), head.note)
    await reviews.keep(taking.connection, entry.fact, entry.identifier, entry.raw, entry.index, head.size, proof)
    await taking.tell([entry.identifier], entry)


async def _withdrawn(taking: Taking, entry: Entry) -> None:
    await proposals.withdraw(taking.connection, entry.identifier)


async def _verified(taking: Taking, entry: Entry) -> None:
    open_ones = await proposals.open_for_person(taking.connection, entry.identifier)
    await taking.tell([*open_ones, *await reviews.open_for_person(taking.connection, entry.identifier)], entry)


async def _subscribed(taking: Taking, entry: Entry) -> None:
    await taking.tell(await _open_in_case(taking, entry.fact.case), entry)


async def _open_in_case(taking: Taking, case: str) -> list[str]:
    open_ones = await proposals.open_in_case(taking.connection, case)
    return [*open_ones, *await reviews.open_in_case(taking.connection, case)]


Handler = Callable[[Taking, Entry], Awaitable[None]]
_BY_FACT: dict[type[Fact], Handler] = {
    InstallationFounded: _founded,
    OrganisationRegistered: _organisation,
    AccountLinked: _account,
    AccountClosed: _closed,
    CaseOpened: _case,
    CaseCounselAppointed: _counsel,
    ProposalMade: _proposed,
    ProposalWithdrawn: _withdrawn,
    ReviewOpened: _reviewed,
    PartyAddressVerified: _verified,
    SubscriptionMade: _subscribed,
}
_HANDLERS = {fact.type_name(): handler for fact, handler in _BY_FACT.items()}


def _envelope(raw: bytes) -> tuple[str, str]:
    """Type and source, read cheaply: most entries say nothing here. Empty for what is no object with these texts."""
    try:
        said = orjson.loads(raw)
        kind, source = said["type"], said["source"]
    except (ValueError, KeyError, TypeError):
        return "", ""
    return (kind, source) if isinstance(kind, str) and isinstance(source, str) else ("", "")


def _count_unhandled(kind: str, index: int) -> None:
    if kind in FACTS:
        TAKEN.labels("of no concern").inc()
        return
    TAKEN.labels("unknown").inc()
    if kind.startswith(DESTRUCTION):
        TOO_OLD.inc()
        log.error("an unknown type about destruction or notice: this release is too old", type=kind[:200], index=index)


async def _first(connection: AsyncConnection, event: Event) -> bool:
    row = {"source": event.source, "event_id": event.id, "command": event.command, "ordinal": event.ordinal}
    statement = insert(EFFECT).values(row).on_conflict_do_nothing().returning(EFFECT.c.event_id)
    return (await connection.execute(statement)).first() is not None
