"""Proposals of destruction. Nothing here destroys: a proposal opens the way to notice."""

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BeforeValidator, Field

from services.custody.api.answers import ProposalAnswer
from services.custody.api.recording import Id, SampleIds, one, reader_of, record, sealed
from services.custody.queries import proposals as queries
from services.custody.refusals import (
    AlreadyProposed,
    CasesDiffer,
    PlannedInThePast,
    ProposalClosed,
    RetentionNotOver,
    RoleForbids,
    UnderHold,
)
from services.custody.rules.proposal import MakeProposal, WithdrawProposal
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.facts.proposals import Method, Reason
from shared.operations import reading, recording
from shared.sealed import fresh
from shared.text import Text

routes = APIRouter(tags=["proposals"], route_class=DirectRoute)
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return date.fromisoformat(value)
    raise ValueError("a day is written as 2046-03-15")


Day = Annotated[date, BeforeValidator(_day)]


class NewProposal(Body, json_schema_extra={"example": {
    "samples": [_ID], "planned_on": "2046-04-01", "reason": "retention_over", "method": "incineration",
}}):  # fmt: skip
    """Items of one case, and the day before which they will not be destroyed. `explanation` is sealed."""

    samples: Annotated[SampleIds, Field(max_length=100)]
    planned_on: Day
    reason: Reason
    method: Method
    explanation: Text | None = None


class ProposalWithdrawal(Body, json_schema_extra={"example": {"reason": "Retesting was ordered."}}):
    """Why you take the proposal back; sealed."""

    reason: Text


@routes.post(
    "/v1/proposals",
    **recording(
        "makeProposal", "Propose that samples be destroyed", ProposalAnswer,
        refusals=[RoleForbids, UnderHold, RetentionNotOver, PlannedInThePast, AlreadyProposed, CasesDiffer],
    ),
)  # fmt: skip
async def make(request: Request, call: Annotated[Call[NewProposal], Depends(Take(NewProposal))]) -> Response:
    """By the prosecutor's office whose case it is. Counsel of record is told once the fact is sealed."""
    body = call.body
    command = MakeProposal(
        id=new_id(), samples=tuple(body.samples), planned_on=body.planned_on, reason=body.reason, method=body.method,
        explanation=sealed("explanation", body.explanation),
    )  # fmt: skip
    return await record(request, call, command)


@routes.get("/v1/proposals/{proposal:id}", **reading("getProposal", "Read a proposal", ProposalAnswer))
async def get(proposal: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """Its items, its day, the rule it stands on, and who must be told."""
    async with reader_of(request, principal) as reader:
        return one(await queries.proposal(reader, proposal))


@routes.post(
    "/v1/proposals/{proposal:id}:withdraw",
    **recording(
        "withdrawProposal", "Take a proposal back", ProposalAnswer, status=200, refusals=[RoleForbids, ProposalClosed]
    ),
)  # fmt: skip
async def withdraw(
    proposal: Id, request: Request, call: Annotated[Call[ProposalWithdrawal], Depends(Take(ProposalWithdrawal))]
) -> Response:
    """By the office that proposed. A new proposal starts every notice anew."""
    command = WithdrawProposal(proposal=proposal, reason=fresh("reason", call.body.reason))
    return await record(request, call, command)
