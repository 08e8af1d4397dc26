"""Auditors whom courts appoint to read the log's entries at audit's API."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.custody.api.answers import AuditorAnswer, Auditors
from services.custody.api.persons import Claim
from services.custody.api.recording import Id, one, reader_of, record
from services.custody.queries import people as queries
from services.custody.refusals import AlreadyAuditor, NotAuditorAnyMore, RoleForbids
from services.custody.rules.auditor import AppointAuditor, DismissAuditor
from shared.accounts import account_digest
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.operations import reading, recording
from shared.paging import PageQuery, answer
from shared.sealed import fresh
from shared.text import Code, Sha256, Text, Uuid, canonical_uuid

routes = APIRouter(tags=["auditors"], route_class=DirectRoute)


class NewAuditor(Body, json_schema_extra={"example": {
    "person": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b", "issuer": "https://login.example/realms/puebla",
    "subject": "f1c2a3", "order": "AC-2026-91",
}}):  # fmt: skip
    """Whom the court appoints, by which account, and the number of its order. The account may be linked or not."""

    person: Uuid
    issuer: Claim
    subject: Claim
    order: Code
    document_sha256: Sha256 | None = None


class Dismissal(Body, json_schema_extra={"example": {"reason": "The report is in."}}):
    """Why the appointment ends; sealed."""

    reason: Text


@routes.post(
    "/v1/auditors",
    **recording("appointAuditor", "Appoint an auditor", AuditorAnswer, refusals=[RoleForbids, AlreadyAuditor]),
)
async def appoint(request: Request, call: Annotated[Call[NewAuditor], Depends(Take(NewAuditor))]) -> Response:
    """By a court. Once the fact is sealed, audit's API opens the log's entries to that account."""
    body = call.body
    command = AppointAuditor(
        id=new_id(), person=body.person, account_digest=account_digest(body.issuer, body.subject), order=body.order,
        document_sha256=body.document_sha256,
    )  # fmt: skip
    return await record(request, call, command)


@routes.post(
    "/v1/auditors/{auditor:id}:dismiss",
    **recording(
        "dismissAuditor", "Dismiss an auditor", AuditorAnswer, status=200, refusals=[RoleForbids, NotAuditorAnyMore]
    ),
)
async def dismiss(
    auditor: Id, request: Request, call: Annotated[Call[Dismissal], Depends(Take(Dismissal))]
) -> Response:
    """By a court. What the account's own role permits stays."""
    return await record(request, call, DismissAuditor(auditor=auditor, reason=fresh("reason", call.body.reason)))


@routes.get("/v1/auditors/{auditor:id}", **reading("getAuditor", "Read an appointment", AuditorAnswer))
async def get(auditor: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """For courts, oversight and the registrar."""
    async with reader_of(request, principal) as reader:
        return one(await queries.auditor(reader, auditor))


@routes.get("/v1/auditors", **reading("listAuditors", "List the auditors", Auditors, paged=True))
async def listed(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[PageQuery, Query()]
) -> Response:
    """For courts, oversight and the registrar: who was ever appointed, by which order. For others it is empty."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        return answer(request, await queries.auditors(reader, after, query.limit))
