"""Reports: what is due and where, what is kept only because something is unknown, what an unverified rule keeps."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.custody.api.answers import Samples as SampleList
from services.custody.api.answers import Shape
from services.custody.api.recording import Day, reader_of
from services.custody.law import law_in_force
from services.custody.queries import reports as queries
from services.custody.queries.reader import clock
from services.custody.rules.case_facts import facts_of
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import caller
from shared.operations import reading
from shared.paging import PageQuery, answer, page_of
from shared.text import Uuid, canonical_uuid

routes = APIRouter(tags=["reports"], route_class=DirectRoute)


class DueQuery(PageQuery):
    """The last days of keeping that are asked for, both included; without `first`, all up to `last`."""

    first: Day | None = None
    last: Day


class UnknownCase(Shape):
    """A case with items that have no last day. `missing` names what is not known: an anchor of a person
    (`discharge:<id>`) or of the case, `circumstances`, `pending:<kind>`, `no_rule`; empty where the law names no day.
    """

    id: Uuid
    authority: Uuid
    folio: str
    items: int
    missing: list[str]


class UnknownCases(Shape):
    """Cases by their ids."""

    items: list[UnknownCase]
    next: str | None


@routes.get("/v1/reports/due", **reading("reportDue", "List items by the end of their keeping", SampleList, paged=True))
async def due(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[DueQuery, Query()]
) -> Response:
    """Those that you have standing to see, the first to end first. That the keeping ends permits nothing."""
    after = query.after(_day, canonical_uuid)
    async with reader_of(request, principal) as reader:
        return answer(request, await queries.due(reader, query.first, query.last, after, query.limit))


@routes.get(
    "/v1/reports/unknown",
    **reading("reportUnknown", "List cases whose items have no last day", UnknownCases, paged=True),
)
async def unknown(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[PageQuery, Query()]
) -> Response:
    """Those that you may read whole, each with what is not known."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        law, now = law_in_force(reader.pack), await clock(reader)
        found = await queries.cases_without_a_day(reader, after, query.limit)
        told = [
            ((case.id,), {
                "id": case.id, "authority": case.authority, "folio": case.folio, "items": items,
                "missing": list(law.missing(facts_of(case), now)),
            })
            for case, items in found
        ]  # fmt: skip
        return answer(request, page_of(told, query.limit))


@routes.get(
    "/v1/reports/unverified",
    **reading("reportUnverified", "List items that an unverified rule keeps", SampleList, paged=True),
)
async def unverified(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[PageQuery, Query()]
) -> Response:
    """Those that you have standing to see, kept by a rule whose text was not seen whole, as it stands in force."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        rules = law_in_force(reader.pack).unverified()
        return answer(request, await queries.unverified(reader, rules, after, query.limit))


def _day(value: object) -> str:
    return date.fromisoformat(str(value)).isoformat()
