"""Everything that planning and writing the notices of one proposal or review need, read in one place."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.plan import Address, Standing, Told, audience, cases_of
from services.notify.render import CaseNames, Directory, Leaf
from services.notify.rules.notice import Matter
from services.notify.store import mail_of
from services.notify.tables import (
    CASE,
    COUNSEL,
    INSTALLATION,
    NOTICE,
    ORGANISATION,
    PARTY,
    PROPOSAL,
    REVIEW,
    SUBSCRIPTION,
)
from shared.events import Event
from shared.facts.proposals import ProposalMade
from shared.facts.retention import ReviewOpened


@dataclass(frozen=True, slots=True)
class Known:
    """A proposal or review, who has to do with it and was told of it, the names and bytes that its notices hold."""

    about: str
    fact: Matter
    recorded_at: datetime
    demo: bool
    raw: bytes
    proof: str
    leaf: Leaf
    standing: Standing
    addresses: Mapping[str, Address]
    told: tuple[Told, ...]
    directory: Directory


async def known_of(connection: AsyncConnection, about: str) -> Known:
    """Read it all, in the transaction that plans; `about` is the id of a proposal or a review."""
    row = (await connection.execute(select(PROPOSAL).where(PROPOSAL.c.id == about))).first()
    if row is None:
        row = (await connection.execute(select(REVIEW).where(REVIEW.c.id == about))).one()
    log = (await connection.execute(select(INSTALLATION.c.origin, INSTALLATION.c.log_vkey))).one()
    event = Event.from_bytes(row.event)
    fact = event.fact()
    if not isinstance(fact, ProposalMade | ReviewOpened):
        raise TypeError(f"{about} was kept with the bytes of another fact")
    standing = await _standing(connection, cases_of(fact))
    return Known(
        about=about, fact=fact, recorded_at=event.time, demo=event.demo is True, raw=row.event, proof=row.proof,
        leaf=Leaf(log.origin, log.log_vkey, row.idx, row.size), standing=standing,
        addresses=await _addresses(connection, audience(fact, standing)), told=await _told(connection, about),
        directory=await _directory(connection, fact),
    )  # fmt: skip


async def _standing(connection: AsyncConnection, cases: Collection[str]) -> Standing:
    """Counsel of record, and those subscribers who still are."""
    counsel, subscribers = defaultdict(set), defaultdict(set)
    for case, person in await connection.execute(
        select(COUNSEL.c.case_id, COUNSEL.c.person).where(COUNSEL.c.case_id.in_(cases))
    ):
        counsel[case].add(person)
    for case, person in await connection.execute(
        select(SUBSCRIPTION.c.case_id, SUBSCRIPTION.c.person).where(SUBSCRIPTION.c.case_id.in_(cases))
    ):
        if person in counsel[case]:
            subscribers[case].add(person)
    return Standing(
        {case: frozenset(people) for case, people in counsel.items()},
        {case: frozenset(people) for case, people in subscribers.items()},
    )


async def _addresses(connection: AsyncConnection, persons: Collection[str]) -> dict[str, Address]:
    rows = await connection.execute(
        select(PARTY.c.id, mail_of(PARTY.c.verified).label("mail"), PARTY.c.verified, PARTY.c.language).where(
            PARTY.c.id.in_(persons), PARTY.c.verified.is_not(None)
        )
    )
    return {row.id: Address(row.mail, row.verified, row.language) for row in rows}


async def _told(connection: AsyncConnection, about: str) -> tuple[Told, ...]:
    rows = await connection.execute(
        select(NOTICE.c.person, NOTICE.c.capacity, NOTICE.c.address).where(
            (NOTICE.c.proposal == about) | (NOTICE.c.review == about)
        )
    )
    return tuple(Told(row.person, row.capacity, row.address) for row in rows)


async def _directory(connection: AsyncConnection, fact: Matter) -> Directory:
    """Names of the holders, the cases' authorities and every court."""
    cases = list(await connection.execute(select(CASE).where(CASE.c.id.in_(cases_of(fact)))))
    wanted = {item.held_by for item in fact.items} | {case.authority for case in cases}
    rows = await connection.execute(
        select(ORGANISATION)
        .where(ORGANISATION.c.id.in_(wanted) | (ORGANISATION.c.kind == "court"))
        .order_by(ORGANISATION.c.name)
    )
    organisations = list(rows)
    names = {row.id: row.name for row in organisations}
    return Directory(
        names,
        {case.id: CaseNames(case.folio, names.get(case.authority, case.authority)) for case in cases},
        tuple(row.name for row in organisations if row.kind == "court"),
    )
