"""Samples: registered, amended with a reason, read as they stand and as they came to stand so."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import model_validator

from services.custody.api.answers import SampleAnswer, Samples, Timeline
from services.custody.api.recording import Id, one, reader_of, record
from services.custody.queries import samples as queries
from services.custody.queries import timeline as events
from services.custody.refusals import (
    LabelTaken,
    NothingChanges,
    NotTheCustodian,
    OccurredInTheFuture,
    RoleForbids,
    SampleAlreadyOffered,
)
from services.custody.rules.sample import AmendSample, RegisterSample
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.facts.samples import Quantity, SampleKind
from shared.operations import reading, recording
from shared.paging import PageQuery, answer, whole
from shared.sealed import fresh
from shared.text import Code, Instant, Text, Uuid, canonical_uuid

routes = APIRouter(tags=["samples"], route_class=DirectRoute)


class NewSample(Body, json_schema_extra={"example": {
    "case": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b", "kind": "swab", "label": "PUE-2026-00417-A", "seal": "S-118203",
    "quantity": {"amount": 2, "unit": "swab"}, "collected_at": "2026-03-14T09:30:00-06:00",
    "collected_place": "Calle 5 de Mayo 12, Cholula, patio",
}}):  # fmt: skip
    """An item of a case. `occurred_at` is when it came into your hands, if that was not just now."""

    case: Uuid
    kind: SampleKind
    label: Code
    seal: Code
    quantity: Quantity
    collected_at: Instant
    collected_place: Text
    occurred_at: Instant | None = None


class Changes(Body):
    """The members to replace; absent ones stay as they are. One at least."""

    kind: SampleKind | None = None
    label: Code | None = None
    seal: Code | None = None
    quantity: Quantity | None = None
    collected_at: Instant | None = None
    collected_place: Text | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("name at least one member to change")
        return self


class NewAmendment(Body, json_schema_extra={"example": {
    "changes": {"seal": "S-118204"}, "reason": "Seal number misread at intake; photograph 12 shows 118204.",
}}):  # fmt: skip
    """A correction and its reason. What was said before stays in the ledger."""

    changes: Changes
    reason: Text
    occurred_at: Instant | None = None


class LabelQuery(PageQuery):
    """Samples by label. Each organisation uses a label once, so several may have the same."""

    label: Code


@routes.post(
    "/v1/samples",
    **recording(
        "registerSample", "Register a sample", SampleAnswer, refusals=[RoleForbids, LabelTaken, OccurredInTheFuture]
    ),
)
async def register(request: Request, call: Annotated[Call[NewSample], Depends(Take(NewSample))]) -> Response:
    """By a laboratory; its organisation and person become the first custodian."""
    return await record(request, call, registration(call.body))


def registration(body: NewSample) -> RegisterSample:
    """The command of a body, with a new id and a fresh salt."""
    return RegisterSample(
        id=new_id(), case=body.case, kind=body.kind, label=body.label, seal=body.seal, quantity=body.quantity,
        collected_at=body.collected_at, collected_place=fresh("collected_place", body.collected_place),
        occurred_at=body.occurred_at,
    )  # fmt: skip


@routes.post(
    "/v1/samples/{sample:id}/amendments",
    **recording(
        "amendSample", "Correct what was said of a sample", SampleAnswer, status=200,
        refusals=[RoleForbids, SampleAlreadyOffered, NotTheCustodian, LabelTaken, NothingChanges, OccurredInTheFuture],
    ),
)  # fmt: skip
async def amend(
    sample: Id, request: Request, call: Annotated[Call[NewAmendment], Depends(Take(NewAmendment, versioned=True))]
) -> Response:
    """By the laboratory that registered it or holds it; seal and quantity by who holds it. Not under an open offer. A
    retention period never becomes shorter by it.
    """
    body, to = call.body, call.body.changes
    command = AmendSample(
        sample=sample, reason=fresh("reason", body.reason), occurred_at=body.occurred_at,
        kind=to.kind, label=to.label, seal=to.seal, quantity=to.quantity, collected_at=to.collected_at,
        collected_place=None if to.collected_place is None else fresh("collected_place", to.collected_place),
    )  # fmt: skip
    return await record(request, call, command)


@routes.get("/v1/samples", **reading("findSamples", "Find samples by label", Samples, paged=True))
async def find(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[LabelQuery, Query()]
) -> Response:
    """Those of that label that you have standing to see."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        return answer(request, await queries.by_label(reader, query.label, after, query.limit))


@routes.get("/v1/samples/{sample:id}", **reading("getSample", "Read a sample", SampleAnswer))
async def get(sample: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """What it is, who holds it, until when it must be kept."""
    async with reader_of(request, principal) as reader:
        return one(await queries.sample(reader, sample))


@routes.get(
    "/v1/samples/{sample:id}/timeline", **reading("getTimeline", "Read what happened to a sample", Timeline, paged=True)
)
async def timeline(
    sample: Id,
    request: Request,
    principal: Annotated[Principal, Depends(caller)],
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Every event of the sample, whole, and where the ledger holds it."""
    after = query.after(whole)
    async with reader_of(request, principal) as reader:
        await queries.sample(reader, sample)
        return answer(request, await events.timeline(reader, f"sample/{sample}", after, query.limit))
