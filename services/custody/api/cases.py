"""Cases: found by authority and folio, the persons in them, counsel of record, and what is kept for them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.custody.api.answers import CaseAnswer, CaseInBrief, Inventory
from services.custody.api.recording import Day, Id, one, reader_of, record
from services.custody.api.review_answers import Reviews
from services.custody.queries import cases as queries
from services.custody.queries import reviews as reviewing
from services.custody.refusals import (
    AlreadyAppointed,
    AlreadyLinked,
    ClientNotInTheCase,
    NotAnAuthority,
    NotCounsel,
    RepresentationUnfit,
    RoleForbids,
    TooManyCounsel,
)
from services.custody.rules.case import AppointCounsel, LinkPerson, OpenCase
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.facts.cases import AppointmentSource, CaseRole, Representation
from shared.operations import reading, recording
from shared.paging import PageQuery, answer
from shared.sealed import fresh
from shared.text import Code, Text, Uuid, canonical_uuid

routes = APIRouter(tags=["cases"], route_class=DirectRoute)
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


class CaseReference(Body, json_schema_extra={"example": {"authority": _ID, "folio": "FGE-PUE-2026-00417"}}):
    """The authority that keeps the case, and the folio under which it does."""

    authority: Uuid
    folio: Code


class NewCasePerson(Body, json_schema_extra={"example": {
    "person": _ID, "role": "convicted", "source": "Sentencia 112/2019, foja 3",
}}):  # fmt: skip
    """A person's role in the case; `source` says where this is known from, and is sealed."""

    person: Uuid
    role: CaseRole
    source: Text


class NewCounsel(Body, json_schema_extra={"example": {
    "counsel": _ID, "client": _ID, "source": {"kind": "court_appointment", "reference": "AC-2026-88"},
}}):  # fmt: skip
    """Who speaks for whom in the case, as what, since which day, and the document that says so."""

    counsel: Uuid
    client: Uuid
    source: AppointmentSource
    capacity: Representation = "counsel"
    since: Day | None = None


@routes.post(
    "/v1/cases:resolve",
    **recording(
        "resolveCase", "Open a case, or find it", CaseAnswer, known=CaseInBrief, refusals=[RoleForbids, NotAnAuthority],
    ),
)  # fmt: skip
async def resolve(request: Request, call: Annotated[Call[CaseReference], Depends(Take(CaseReference))]) -> Response:
    """The same authority and folio always give the same case. One that was known is answered with its id alone."""
    command = OpenCase(id=new_id(), authority=call.body.authority, folio=call.body.folio)
    return await record(request, call, command)


@routes.post(
    "/v1/cases/{case:id}/persons",
    **recording(
        "linkPerson", "Give a person a role in the case", CaseAnswer, status=200, refusals=[RoleForbids, AlreadyLinked]
    ),
)
async def link_person(
    case: Id, request: Request, call: Annotated[Call[NewCasePerson], Depends(Take(NewCasePerson))]
) -> Response:
    """By a court, or the prosecutor's office whose case it is."""
    body = call.body
    command = LinkPerson(case=case, person=body.person, role=body.role, source=fresh("source", body.source))
    return await record(request, call, command)


@routes.post(
    "/v1/cases/{case:id}/counsel",
    **recording(
        "appointCounsel", "Enter counsel of record", CaseAnswer, status=200,
        refusals=[RoleForbids, AlreadyAppointed, NotCounsel, ClientNotInTheCase, RepresentationUnfit, TooManyCounsel],
    ),
)  # fmt: skip
async def appoint_counsel(
    case: Id, request: Request, call: Annotated[Call[NewCounsel], Depends(Take(NewCounsel))]
) -> Response:
    """By a court; an organisation that the convicted or accused person authorised, by that person's counsel of record,
    too. Never by who may propose a destruction.
    """
    body = call.body
    command = AppointCounsel(
        case=case, counsel=body.counsel, client=body.client, source=body.source, capacity=body.capacity,
        since=body.since,
    )  # fmt: skip
    return await record(request, call, command)


@routes.get("/v1/cases/{case:id}", **reading("getCase", "Read a case", CaseAnswer | CaseInBrief))
async def get(case: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """The persons in the case and counsel of record. In brief, without ETag, for who handles items of the case."""
    async with reader_of(request, principal) as reader:
        return one(await queries.case(reader, case))


@routes.get(
    "/v1/cases/{case:id}/inventory", **reading("getInventory", "List what is kept for a case", Inventory, paged=True)
)
async def inventory(
    case: Id,
    request: Request,
    principal: Annotated[Principal, Depends(caller)],
    query: Annotated[PageQuery, Query()],
) -> Response:
    """The items that you have standing to see, each with its custodian, its open offer and its open proposal."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        found = await queries.case(reader, case)
        page = await queries.inventory(reader, case, after, query.limit)
    return answer(request, page, {"case": found})


@routes.get(
    "/v1/cases/{case:id}/reviews", **reading("getReviews", "List the reviews of a case's items", Reviews, paged=True)
)
async def reviews(
    case: Id,
    request: Request,
    principal: Annotated[Principal, Depends(caller)],
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Opened before the keeping of items ends, for who reads the case whole. By a review nothing else happens."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        await queries.case(reader, case)
        return answer(request, await reviewing.of_case(reader, case, after, query.limit))
