"""Cases and what is kept for them."""

from typing import Any

from sqlalchemy import and_, select

from services.custody.queries.reader import Reader
from services.custody.queries.samples import some
from services.custody.queries.visibility import cases, cases_in_brief
from services.custody.representation import in_brief, representation
from services.custody.rules.sample import SampleState
from services.custody.tables import CASES, OFFERS, PROPOSALS, SAMPLES
from shared.paging import Key, Page, page_of
from shared.problems import not_found


async def case(reader: Reader, case_id: str) -> dict[str, Any]:
    """A case, whole or in brief; Problem 404, by the same two statements, for unknown and for not yours."""
    this = CASES.table.c.id == case_id
    whole = await CASES.where(reader.connection, and_(this, cases(reader.actor)))
    if case_id in whole:
        return representation(whole[case_id])
    brief = await CASES.where(reader.connection, and_(this, cases_in_brief(reader.actor)))
    if case_id not in brief:
        raise not_found()
    return in_brief(brief[case_id])


async def inventory(reader: Reader, case_id: str, after: Key | None, limit: int) -> Page:
    """The visible items of a case in order of their ids, with what is open about each."""
    states = await some(reader, SAMPLES.table.c.case == case_id, after, limit)
    offers, proposals = OFFERS.table.c, PROPOSALS.table.c
    offered = await reader.connection.execute(
        select(offers.id, offers.status, offers.to_org).where(offers.id.in_([s.offer for s in states if s.offer]))
    )
    proposed = await reader.connection.execute(
        select(proposals.id, proposals.status, proposals.planned_on).where(
            proposals.id.in_([s.proposal for s in states if s.proposal])
        )
    )
    open_offers = {row.id: {"id": row.id, "status": row.status, "to_organisation": row.to_org} for row in offered}
    open_proposals = {
        row.id: {"id": row.id, "status": row.status, "planned_on": row.planned_on.isoformat()} for row in proposed
    }
    return page_of([((state.id,), _item(state, open_offers, open_proposals)) for state in states], limit)


def _item(state: SampleState, offers: dict[str, Any], proposals: dict[str, Any]) -> dict[str, Any]:
    return {
        "sample": representation(state),
        "offer": offers.get(state.offer or ""),
        "proposal": proposals.get(state.proposal or ""),
    }
