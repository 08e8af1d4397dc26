"""Sealed proposals: kept with their bytes and proof, told to everyone due, closed when they are taken back."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import mail, render, store
from services.notify.loops.gather import Known, known_of
from services.notify.mail import Attachment
from services.notify.plan import Planned, cases_of, plan
from services.notify.post import enqueue
from services.notify.rules import notice
from services.notify.tables import COUNSEL, DELIVERY, NOTICE, PROPOSAL, PROPOSAL_CASE, SUBSCRIPTION, WITHDRAWAL
from shared.accounts import clock_command
from shared.events import Actor, Draft, Event, new_id
from shared.facts.notices import NoticePlanned
from shared.facts.proposals import ProposalMade

WORKER = Actor(service="notify")


@dataclass(slots=True)
class Trigger:
    """The sealed event that makes notices due, the pen for their facts, and the sender of their mails."""

    event: Event
    pen: store.Pen
    sender: str
    made: int = 0

    def write(self, draft: Draft) -> Event:
        """The next fact that this event led to: its command is a hash of the cause and the ordinal."""
        command, ordinal = clock_command(self.event.id, self.made), self.made
        self.made += 1
        return self.pen.write(draft, actor=WORKER, command=command, ordinal=ordinal, cause=self.event.id)


async def keep(
    connection: AsyncConnection, fact: ProposalMade, proposal: str, raw: bytes, index: int, size: int, proof: str
) -> None:
    """Store a proposal with the proof that was made when it was read: every notice of it carries these bytes."""
    row = {"id": proposal, "event": raw, "idx": index, "size": size, "proof": proof}
    await connection.execute(insert(PROPOSAL).values(row).on_conflict_do_nothing())
    cases = [{"proposal": proposal, "case_id": case} for case in sorted(cases_of(fact))]
    await connection.execute(insert(PROPOSAL_CASE).on_conflict_do_nothing(), cases)


async def withdraw(connection: AsyncConnection, proposal: str) -> None:
    """Close a proposal: nobody further is told, and mail of it that still waits is not sent."""
    await connection.execute(insert(WITHDRAWAL).values(proposal=proposal).on_conflict_do_nothing())
    of_it = select(NOTICE.c.id).where(NOTICE.c.proposal == proposal)
    await connection.execute(
        DELIVERY.update().where(DELIVERY.c.notice.in_(of_it), DELIVERY.c.state == "due").values(state="dropped")
    )


async def open_in_case(connection: AsyncConnection, case: str) -> list[str]:
    """Open proposals that touch a case."""
    touching = select(PROPOSAL_CASE.c.proposal).where(PROPOSAL_CASE.c.case_id == case)
    return await _open(connection, touching.subquery().c.proposal)


async def open_for_person(connection: AsyncConnection, person: str) -> list[str]:
    """Open proposals of which a person is, or was already, to be told."""
    cases = union(
        select(COUNSEL.c.case_id).where(COUNSEL.c.person == person),
        select(SUBSCRIPTION.c.case_id).where(SUBSCRIPTION.c.person == person),
    )
    concerned = union(
        select(PROPOSAL_CASE.c.proposal).where(PROPOSAL_CASE.c.case_id.in_(cases)),
        select(NOTICE.c.proposal).where(NOTICE.c.person == person),
    )
    return await _open(connection, concerned.subquery().c.proposal)


async def every_open(connection: AsyncConnection) -> list[str]:
    """Proposals that were not taken back."""
    return await _open(connection, select(PROPOSAL.c.id).subquery().c.id)


async def _open(connection: AsyncConnection, proposals: object) -> list[str]:
    wanted = (
        select(PROPOSAL.c.id)
        .where(PROPOSAL.c.id.in_(select(proposals)), PROPOSAL.c.id.not_in(select(WITHDRAWAL.c.proposal)))  # type: ignore[call-overload]
        .order_by(PROPOSAL.c.id)
    )
    return list((await connection.execute(wanted)).scalars())


async def tell(connection: AsyncConnection, proposals: Collection[str], trigger: Trigger) -> None:
    """Plan, record and queue what is due for each proposal now; what was told already is not told again."""
    for proposal in proposals:
        known = await known_of(connection, proposal)
        for planned in plan(known.fact, known.standing, known.addresses, known.told):
            await _make(connection, known, planned, trigger)


async def _make(connection: AsyncConnection, known: Known, planned: Planned, trigger: Trigger) -> None:
    identifier = new_id()
    if planned.address is None or planned.address.mail is None:
        draft = notice.unaddressed(identifier, known.proposal, planned.person, planned.capacity)
        event = trigger.write(draft)
        await store.add_notice(connection, notice.apply(None, event), event.id)
        return
    message = letter(known, planned, identifier, trigger)
    fact = NoticePlanned(
        proposal=known.proposal, person=planned.person, capacity=planned.capacity, address=planned.address.digest,
        message_sha256=hashlib.sha256(message).hexdigest(),
    )  # fmt: skip
    event = trigger.write(Draft(notice.subject(identifier), fact))
    await store.add_notice(connection, notice.apply(None, event), event.id)
    await enqueue(connection, identifier, planned.address.mail, message, trigger.pen.now, notice=identifier)


def letter(known: Known, planned: Planned, identifier: str, trigger: Trigger) -> bytes:
    """The whole mail; its Date is the time at which the notice is recorded."""
    if planned.address is None or planned.address.mail is None:
        raise ValueError("a party without an address gets no letter")
    language = planned.address.language
    letter = render.notice(
        identifier,
        known.proposal,
        known.recorded_at,
        known.fact,
        planned.capacity,
        language,
        known.directory,
        known.leaf,
    )
    files = (
        Attachment(mail.PROPOSAL, "application/json", known.raw),
        Attachment(mail.PROOF, "application/octet-stream", known.proof.encode()),
    )
    return mail.compose(identifier, letter, language, trigger.sender, planned.address.mail, trigger.pen.now, files)
