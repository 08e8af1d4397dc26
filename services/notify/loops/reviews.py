"""Sealed reviews: kept with their bytes and proof. Of those before one and the same end, the latest is open."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import REVIEW, SUBSCRIPTION
from shared.facts.retention import ReviewOpened


async def keep(
    connection: AsyncConnection, fact: ReviewOpened, review: str, raw: bytes, index: int, size: int, proof: str
) -> None:
    """Store a review with the proof that was made when it was read: every notice of it carries these bytes."""
    row = {
        "id": review, "event": raw, "idx": index, "size": size, "proof": proof, "case_id": fact.case,
        "until": min(item.until for item in fact.items), "lead": fact.lead_months,
    }  # fmt: skip
    await connection.execute(insert(REVIEW).values(row).on_conflict_do_nothing())


async def open_in_case(connection: AsyncConnection, case: str) -> list[str]:
    """Open reviews of a case."""
    return await _open(connection, [case])


async def open_for_person(connection: AsyncConnection, person: str) -> list[str]:
    """Open reviews of the cases that a person subscribed to."""
    wanted = select(SUBSCRIPTION.c.case_id).where(SUBSCRIPTION.c.person == person)
    return await _open(connection, list((await connection.execute(wanted)).scalars()))


async def every_open(connection: AsyncConnection) -> list[str]:
    """Open reviews of cases that anybody subscribed to."""
    wanted = select(SUBSCRIPTION.c.case_id).distinct()
    return await _open(connection, list((await connection.execute(wanted)).scalars()))


async def _open(connection: AsyncConnection, cases: list[str]) -> list[str]:
    nearest = func.min(REVIEW.c.lead).over(partition_by=[REVIEW.c.case_id, REVIEW.c.until]).label("nearest")
    known = select(REVIEW.c.id, REVIEW.c.lead, nearest).where(REVIEW.c.case_id.in_(cases)).subquery()
    wanted = select(known.c.id).where(known.c.lead == known.c.nearest).order_by(known.c.id)
    return list((await connection.execute(wanted)).scalars())
