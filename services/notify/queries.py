"""Reads: documents of parties, subscriptions and notices, and who may see which. No rules of recording."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notify import store
from services.notify.rules.party import PartyState
from services.notify.rules.subscription import SubscriptionState
from services.notify.tables import COUNSEL, EVENTS, NOTICE, RESTORATION, SUBSCRIPTION
from shared.behind import behind_the_log, standing, stands
from shared.events import Actor
from shared.facts.notices import Language
from shared.outside import SealedIndexGlance
from shared.paging import Key, Page, page_of
from shared.problems import Problem, not_found
from shared.text import write_instant
from shared.trouble import TROUBLE, problem_of

_STANDING = select(*standing(RESTORATION))
READS_ALL_NOTICES = frozenset({"court", "oversight", "auditor"})
"""Roles that see every notice of the installation; every other account sees those to its own person (G12)."""


@asynccontextmanager
async def reader(
    engine: AsyncEngine, account: str, glance: SealedIndexGlance
) -> AsyncIterator[tuple[AsyncConnection, Actor, bool]]:
    """A read-only snapshot, who reads it, and whether the log holds more.

    Problem 404 for an account that is linked to nobody, 503 for trouble; 503 instead of 404 behind the log, where
    nobody can tell yet.
    """
    behind = False
    try:
        async with engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            remembered = glance.remembered()  # before the database is asked, which only moves on
            behind = stands((await connection.execute(_STANDING)).one()).is_behind(remembered)
            yield connection, await actor_of(connection, account), behind
    except Problem as problem:
        raise (behind_the_log() if behind and problem.status == 404 else problem) from None
    except TROUBLE as error:
        raise problem_of(error) or error from error


async def actor_of(connection: AsyncConnection, account: str) -> Actor:
    """Who an account is. Problem 503 before the founding, 404 for an account that the directory does not have (yet)."""
    if not await store.is_founded(connection):
        raise Problem(
            503, "not-founded", "The installation is not founded yet", "Try again once it is.",
            headers={"Retry-After": "5"},
        )  # fmt: skip
    actor = await store.actor(connection, account)
    if actor is None:
        raise not_found()
    return actor


def party_document(state: PartyState, in_use: str | None) -> dict[str, Any]:
    """A party without its address: what is given and what is in use, in words. `in_use` is that address, if known."""
    return {
        "id": state.id, "version": state.version, "updated_at": write_instant(state.updated_at),
        "language": state.language, "address_state": state.address_state,
        "reachable": state.verified is not None and in_use is not None,
    }  # fmt: skip


def subscription_document(state: SubscriptionState) -> dict[str, Any]:
    """A subscription."""
    return {
        "id": state.id, "version": state.version, "updated_at": write_instant(state.updated_at),
        "person": state.person, "case": state.case,
    }  # fmt: skip


async def link_context(engine: AsyncEngine, person: str) -> tuple[Language | None, store.Pen]:
    """What judging an address link needs: the party's language, None for an unknown one, and a pen with the clock."""
    try:
        async with engine.connect() as connection:
            state = await store.party(connection, person)
            return (state.language if state else None), await store.pen(connection, "")
    except TROUBLE as error:
        raise problem_of(error) or error from error


async def speaks_for(connection: AsyncConnection, person: str, case: str) -> bool:
    """Whether the person is counsel of record of the case, by the sealed directory."""
    wanted = select(COUNSEL.c.person).where(COUNSEL.c.case_id == case, COUNSEL.c.person == person)
    return (await connection.execute(wanted)).first() is not None


async def party(connection: AsyncConnection, person: str) -> dict[str, Any] | None:
    """A party with its addresses, for the party itself only."""
    state = await store.party(connection, person)
    if state is None:
        return None
    given, verified = await store.mails(connection, person)
    return party_document(state, verified) | {"address": given, "address_in_use": verified}


async def subscriptions(connection: AsyncConnection, actor: Actor, after: Key | None, limit: int) -> Page:
    """A person's subscriptions, oldest first."""
    wanted = (
        select(SUBSCRIPTION).where(SUBSCRIPTION.c.person == actor.person).order_by(SUBSCRIPTION.c.id).limit(limit + 1)
    )
    if after is not None:
        wanted = wanted.where(SUBSCRIPTION.c.id > after[0])
    rows = await connection.execute(wanted)
    states = [SubscriptionState(row.id, row.version, row.updated_at, row.person, row.case_id) for row in rows]
    return page_of([((state.id,), subscription_document(state)) for state in states], limit)


async def notices(
    connection: AsyncConnection, actor: Actor, proposal: str | None, review: str | None, after: Key | None, limit: int
) -> Page:
    """The notices that the actor may see, oldest first, with the index at which the ledger holds their last fact."""
    wanted = _with_seal().where(_visible(actor)).order_by(NOTICE.c.id).limit(limit + 1)
    if proposal is not None:
        wanted = wanted.where(NOTICE.c.proposal == proposal)
    if review is not None:
        wanted = wanted.where(NOTICE.c.review == review)
    if after is not None:
        wanted = wanted.where(NOTICE.c.id > after[0])
    rows = await connection.execute(wanted)
    return page_of([((row.id,), _notice_document(row)) for row in rows], limit)


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.role in READS_ALL_NOTICES:
        return true()
    return NOTICE.c.person == actor.person


def _with_seal() -> Select[Any]:
    """Each notice beside the seal of its latest fact."""
    event, sealed = EVENTS.event, EVENTS.sealed
    latest = (event.c.subject == "notice/" + NOTICE.c.id.cast(String)) & (event.c.sequence == NOTICE.c.version)
    return (
        select(NOTICE, sealed.c.idx, sealed.c.size)
        .join(event, latest)
        .outerjoin(sealed, sealed.c.event_id == event.c.id)
    )


def _notice_document(row: Row[Any]) -> dict[str, Any]:
    document = {
        "id": row.id, "version": row.version, "updated_at": write_instant(row.updated_at),
        "person": row.person, "capacity": row.capacity, "status": row.status,
        "seal": {"state": "recorded"} if row.idx is None else {"state": "sealed", "index": row.idx, "head": row.size},
    }  # fmt: skip
    optional = {"proposal": row.proposal, "review": row.review, "attempt": row.attempt, "reply_code": row.reply_code}
    return document | {name: value for name, value in optional.items() if value is not None}
