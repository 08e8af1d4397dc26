"""Sealed proposals: kept with their bytes and proof, and closed when they are taken back."""

from sqlalchemy import select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.plan import cases_of
from services.notify.tables import COUNSEL, DELIVERY, NOTICE, PROPOSAL, PROPOSAL_CASE, SUBSCRIPTION, WITHDRAWAL
from shared.facts.proposals import ProposalMade


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
