"""Offers: custody moves only when the receiver accepts, stating seal and condition of each item (G5)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from services.custody.api.answers import OfferAnswer
from services.custody.api.recording import Id, SampleIds, one, reader_of, record, sealed
from services.custody.queries import offers as queries
from services.custody.refusals import (
    ItemsOfTheOfferDiffer,
    NotTheCustodian,
    OccurredInTheFuture,
    OfferClosed,
    OfferToItself,
    ReceiverCannotHold,
    RoleForbids,
    SampleAlreadyOffered,
    SealMismatchUnexplained,
)
from services.custody.rules.offer import AcceptOffer, ItemReceipt, MakeOffer, RefuseOffer, WithdrawOffer
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.facts.offers import Condition, Purpose, RefusalReason, Temperature, Transport
from shared.operations import reading, recording
from shared.sealed import fresh
from shared.text import Code, Instant, Name, Text, Uuid

routes = APIRouter(tags=["offers"], route_class=DirectRoute)
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"

MAX_ITEMS = 200
"""Items of one offer: as many as have a receipt each in one event of 60,000 bytes, whatever the receipts say."""


class NewOffer(Body, json_schema_extra={"example": {
    "samples": [_ID], "to_organisation": _ID, "purpose": "analysis", "transport": "by_hand", "temperature": "ambient",
}}):  # fmt: skip
    """Items that your organisation holds, offered to another. `courier` is one without an account."""

    samples: Annotated[SampleIds, Field(max_length=MAX_ITEMS)]
    to_organisation: Uuid
    purpose: Purpose
    transport: Transport
    temperature: Temperature
    courier: Name | None = None
    note: Text | None = None
    occurred_at: Instant | None = None


class NewReceipt(Body):
    """What you saw of one item: the seal number as read, and why it differs from the record if it does."""

    sample: Uuid
    seal: Code
    condition: Condition
    discrepancy: Text | None = None


class Acceptance(Body, json_schema_extra={"example": {
    "receipts": [{"sample": _ID, "seal": "S-118203", "condition": "intact"}],
}}):  # fmt: skip
    """A receipt for each item of the offer, once, and for no other."""

    receipts: Annotated[list[NewReceipt], Field(min_length=1, max_length=MAX_ITEMS)]
    occurred_at: Instant | None = None


class OfferRefusal(Body, json_schema_extra={"example": {
    "reason": "broken_seal", "note": "Bag 2 of 3: seal torn at the left edge, photographs 4 to 6.",
}}):  # fmt: skip
    """Why you do not take the items."""

    reason: RefusalReason
    note: Text | None = None
    occurred_at: Instant | None = None


class OfferWithdrawal(Body, json_schema_extra={"example": {"reason": "Courier did not come."}}):
    """Why you take the offer back; sealed."""

    reason: Text
    occurred_at: Instant | None = None


@routes.post(
    "/v1/offers",
    **recording(
        "makeOffer", "Offer samples to another organisation", OfferAnswer,
        refusals=[RoleForbids, NotTheCustodian, SampleAlreadyOffered, OfferToItself, ReceiverCannotHold,
                  OccurredInTheFuture],
    ),
)  # fmt: skip
async def make(request: Request, call: Annotated[Call[NewOffer], Depends(Take(NewOffer))]) -> Response:
    """By who holds every item. Custody stays with you until the receiver accepts."""
    body = call.body
    command = MakeOffer(
        id=new_id(), samples=tuple(body.samples), to_organisation=body.to_organisation, purpose=body.purpose,
        transport=body.transport, temperature=body.temperature, courier=sealed("courier", body.courier),
        note=sealed("note", body.note), occurred_at=body.occurred_at,
    )  # fmt: skip
    return await record(request, call, command)


@routes.get("/v1/offers/{offer:id}", **reading("getOffer", "Read an offer", OfferAnswer))
async def get(offer: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """Its items and what became of it; the ETag is what acceptance asks for."""
    async with reader_of(request, principal) as reader:
        return one(await queries.offer(reader, offer))


@routes.post(
    "/v1/offers/{offer:id}:accept",
    **recording(
        "acceptOffer", "Take the items of an offer", OfferAnswer, status=200,
        refusals=[RoleForbids, OfferClosed, ItemsOfTheOfferDiffer, SealMismatchUnexplained, OccurredInTheFuture],
    ),
)  # fmt: skip
async def accept(
    offer: Id, request: Request, call: Annotated[Call[Acceptance], Depends(Take(Acceptance, versioned=True))]
) -> Response:
    """By the receiver. Custody of every item moves to you now."""
    receipts = tuple(
        ItemReceipt(
            sample=one.sample,
            seal=one.seal,
            condition=one.condition,
            discrepancy=sealed("discrepancy", one.discrepancy),
        )
        for one in call.body.receipts
    )
    return await record(request, call, AcceptOffer(offer=offer, receipts=receipts, occurred_at=call.body.occurred_at))


@routes.post(
    "/v1/offers/{offer:id}:refuse",
    **recording(
        "refuseOffer", "Do not take the items of an offer", OfferAnswer, status=200,
        refusals=[RoleForbids, OfferClosed, OccurredInTheFuture],
    ),
)  # fmt: skip
async def refuse(
    offer: Id, request: Request, call: Annotated[Call[OfferRefusal], Depends(Take(OfferRefusal))]
) -> Response:
    """By the receiver. The releaser holds the items as before."""
    body = call.body
    command = RefuseOffer(offer=offer, reason=body.reason, note=sealed("note", body.note), occurred_at=body.occurred_at)
    return await record(request, call, command)


@routes.post(
    "/v1/offers/{offer:id}:withdraw",
    **recording(
        "withdrawOffer", "Take an offer back", OfferAnswer, status=200,
        refusals=[RoleForbids, OfferClosed, OccurredInTheFuture],
    ),
)  # fmt: skip
async def withdraw(
    offer: Id, request: Request, call: Annotated[Call[OfferWithdrawal], Depends(Take(OfferWithdrawal))]
) -> Response:
    """By the releaser, before the receiver accepted."""
    command = WithdrawOffer(offer=offer, reason=fresh("reason", call.body.reason), occurred_at=call.body.occurred_at)
    return await record(request, call, command)
