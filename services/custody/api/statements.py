"""What is stated of a case, and what is taken back: days, circumstances, proceedings, ends of roles."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import model_validator

from services.custody.api.answers import CaseAnswer
from services.custody.api.recording import Day, Id, record
from services.custody.policy.anchors import PERSON_ANCHORS
from services.custody.refusals import NotStatedAnyMore, OccurredInTheFuture, RoleForbids, TooManyStatements
from services.custody.rules.statement import (
    DecideProceeding,
    EndRole,
    OpenProceeding,
    StateCircumstance,
    StateDate,
    WithdrawStatement,
)
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take
from shared.events import new_id
from shared.facts.cases import CaseRole
from shared.facts.statements import (
    CaseCircumstance,
    Outcome,
    ProceedingKind,
    StatedAnchor,
    StatementSource,
    Value,
)
from shared.operations import recording
from shared.sealed import fresh
from shared.text import Instant, Text, Uuid

routes = APIRouter(tags=["cases"], route_class=DirectRoute)
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
_SOURCE = {"kind": "judgment", "reference": "CP-112/2019"}
_REFUSALS = [RoleForbids, OccurredInTheFuture, TooManyStatements]


class _Stated(Body):
    source: StatementSource
    occurred_at: Instant | None = None


class NewDate(_Stated, json_schema_extra={"example": {
    "anchor": "discharge", "person": _ID, "day": "2031-04-30", "source": _SOURCE,
}}):  # fmt: skip
    """The day of an anchor, with `person` for what happens to persons. Null: it has not happened, or not any more."""

    anchor: StatedAnchor
    person: Uuid | None = None
    day: Day | None

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if (self.anchor in PERSON_ANCHORS) != (self.person is not None):
            wants = "is of a person: name it" if self.person is None else "is of the case: name no person"
            raise ValueError(f"{self.anchor} {wants}")
        return self


class NewCircumstance(_Stated, json_schema_extra={"example": {
    "circumstance": "stage", "value": "convicted", "source": _SOURCE,
}}):  # fmt: skip
    """What the case is, by a code that the rules in force name; null: none of those."""

    circumstance: CaseCircumstance
    value: Value | None


class NewProceeding(_Stated, json_schema_extra={"example": {"kind": "amparo", "person": _ID, "source": _SOURCE}}):
    """A proceeding that is pending, and whose it is, if it is somebody's."""

    kind: ProceedingKind
    person: Uuid | None = None


class ProceedingDecision(_Stated, json_schema_extra={"example": {
    "day": "2026-10-05", "outcome": "denied", "source": _SOURCE,
}}):  # fmt: skip
    """When and how a proceeding was decided."""

    day: Day
    outcome: Outcome


class RoleEnd(_Stated, json_schema_extra={"example": {"role": "accused", "source": _SOURCE}}):
    """The role that the person has no more."""

    role: CaseRole


class StatementWithdrawal(Body, json_schema_extra={"example": {"reason": "Stated of the wrong person."}}):
    """Why the statement is taken back; sealed."""

    reason: Text
    occurred_at: Instant | None = None


def _recording(operation: str, summary: str) -> dict[str, Any]:
    return recording(operation, summary, CaseAnswer, status=200, refusals=_REFUSALS)


@routes.post("/v1/cases/{case:id}/dates", **_recording("stateDate", "State a day of a case"))
async def state_date(case: Id, request: Request, call: Annotated[Call[NewDate], Depends(Take(NewDate))]) -> Response:
    """By a court, the case's authority or counsel of record. Only a court's word can bring an end nearer."""
    body = call.body
    command = StateDate(
        case=case, id=new_id(), source=body.source, occurred_at=body.occurred_at, anchor=body.anchor,
        person=body.person, day=body.day,
    )  # fmt: skip
    return await record(request, call, command)


@routes.post("/v1/cases/{case:id}/circumstances", **_recording("stateCircumstance", "State what a case is"))
async def state_circumstance(
    case: Id, request: Request, call: Annotated[Call[NewCircumstance], Depends(Take(NewCircumstance))]
) -> Response:
    """By a court, the case's authority or counsel of record."""
    body = call.body
    command = StateCircumstance(
        case=case, id=new_id(), source=body.source, occurred_at=body.occurred_at, circumstance=body.circumstance,
        value=body.value,
    )  # fmt: skip
    return await record(request, call, command)


@routes.post("/v1/cases/{case:id}/proceedings", **_recording("openProceeding", "State that a proceeding is pending"))
async def open_proceeding(
    case: Id, request: Request, call: Annotated[Call[NewProceeding], Depends(Take(NewProceeding))]
) -> Response:
    """By a court, the case's authority or counsel of record. Everything of the case is kept while it is pending."""
    body = call.body
    command = OpenProceeding(
        case=case, id=new_id(), source=body.source, occurred_at=body.occurred_at, kind=body.kind, person=body.person
    )
    return await record(request, call, command)


@routes.post(
    "/v1/cases/{case:id}/proceedings/{proceeding:id}:decide",
    **_recording("decideProceeding", "State that a proceeding was decided"),
)
async def decide_proceeding(
    case: Id, proceeding: Id, request: Request,
    call: Annotated[Call[ProceedingDecision], Depends(Take(ProceedingDecision))],
) -> Response:  # fmt: skip
    """It is over when a court says so; another's word is a claim, and the proceeding stays pending."""
    body = call.body
    command = DecideProceeding(
        case=case, id=new_id(), source=body.source, occurred_at=body.occurred_at, proceeding=proceeding, day=body.day,
        outcome=body.outcome,
    )  # fmt: skip
    return await record(request, call, command)


@routes.post("/v1/cases/{case:id}/persons/{person:id}:end", **_recording("endRole", "State that a role has ended"))
async def end_role(
    case: Id, person: Id, request: Request, call: Annotated[Call[RoleEnd], Depends(Take(RoleEnd))]
) -> Response:
    """It ends when a court says so; another's word is a claim."""
    body = call.body
    command = EndRole(
        case=case, id=new_id(), source=body.source, occurred_at=body.occurred_at, person=person, role=body.role
    )
    return await record(request, call, command)


@routes.post(
    "/v1/cases/{case:id}/statements/{statement:id}:withdraw",
    **recording(
        "withdrawStatement", "Take a statement back", CaseAnswer, status=200,
        refusals=[RoleForbids, OccurredInTheFuture, NotStatedAnyMore],
    ),
)  # fmt: skip
async def withdraw(
    case: Id, statement: Id, request: Request,
    call: Annotated[Call[StatementWithdrawal], Depends(Take(StatementWithdrawal))],
) -> Response:  # fmt: skip
    """By the person that made it, or by a court. It stays in the case, marked as withdrawn."""
    command = WithdrawStatement(
        case=case, statement=statement, reason=fresh("reason", call.body.reason), occurred_at=call.body.occurred_at
    )
    return await record(request, call, command)
