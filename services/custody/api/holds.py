"""Holds: what is under one is not given up. Placed at any time, also while custody is behind the log."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import model_validator

from services.custody.api.answers import HoldAnswer, Holds
from services.custody.api.recording import Id, one, reader_of, record
from services.custody.queries import holds as queries
from services.custody.queries import samples
from services.custody.refusals import HoldOfACourt, NotHeldAnyMore, OccurredInTheFuture, RoleForbids
from services.custody.rules.hold import LiftHold, PlaceHold
from shared.accounts import command_hash, subject_of
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.operations import reading, recording
from shared.paging import PageQuery, answer
from shared.sealed import fresh
from shared.text import Instant, Text, Uuid, canonical_uuid

routes = APIRouter(tags=["holds"], route_class=DirectRoute)
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


class NewHold(Body, json_schema_extra={"example": {"sample": _ID, "reason": "Retesting is asked for."}}):
    """Either the item, whose whole lineage is held, or the case, of which every item is; and why, which is sealed."""

    sample: Uuid | None = None
    case: Uuid | None = None
    reason: Text
    occurred_at: Instant | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.sample is None) == (self.case is None):
            raise ValueError("name a sample or a case, and not both")
        return self


class HoldLift(Body, json_schema_extra={"example": {"reason": "The retesting is done."}}):
    """Why the hold ends; sealed."""

    reason: Text
    occurred_at: Instant | None = None


@routes.post(
    "/v1/holds",
    **recording("placeHold", "Hold an item, or a case", HoldAnswer, refusals=[RoleForbids, OccurredInTheFuture]),
)
async def place(request: Request, call: Annotated[Call[NewHold], Depends(Take(NewHold))]) -> Response:
    """By a court, counsel of record, oversight, the case's authority, or who holds the item. It blocks at once."""
    body = call.body
    command = PlaceHold(
        id=subject_of(command_hash(call.principal.account, call.key)), sample=body.sample, case=body.case,
        reason=fresh("reason", body.reason), occurred_at=body.occurred_at,
    )  # fmt: skip
    return await record(request, call, command)


@routes.get("/v1/holds/{hold:id}", **reading("getHold", "Read a hold", HoldAnswer))
async def get(hold: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """What it covers, who set it, and whether it stands."""
    async with reader_of(request, principal) as reader:
        return one(await queries.hold(reader, hold))


@routes.post(
    "/v1/holds/{hold:id}:lift",
    **recording(
        "liftHold", "Lift a hold", HoldAnswer, status=200,
        refusals=[RoleForbids, HoldOfACourt, NotHeldAnyMore, OccurredInTheFuture],
    ),
)  # fmt: skip
async def lift(hold: Id, request: Request, call: Annotated[Call[HoldLift], Depends(Take(HoldLift))]) -> Response:
    """By the person that set it, or by a court; a court's hold by that court alone."""
    command = LiftHold(hold=hold, reason=fresh("reason", call.body.reason), occurred_at=call.body.occurred_at)
    return await record(request, call, command)


@routes.get("/v1/samples/{sample:id}/holds", **reading("getHolds", "List the holds over a sample", Holds, paged=True))
async def over(
    sample: Id,
    request: Request,
    principal: Annotated[Principal, Depends(caller)],
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Those that cover it and those that did, by its root or its case."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        await samples.sample(reader, sample)
        return answer(request, await queries.over(reader, sample, after, query.limit))
