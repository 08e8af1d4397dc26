"""Subscriptions: counsel of record asks to be told of a case."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.notify import queries
from services.notify.api.answers import SubscriptionAnswer, Subscriptions
from services.notify.api.common import reading, record
from services.notify.refusals import AlreadySubscribed
from services.notify.rules.subscription import VERB, Subscribe
from shared import operations
from shared.auth import Principal
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.paging import PageQuery, answer
from shared.text import Uuid, canonical_uuid

routes = APIRouter(tags=["subscriptions"])


class NewSubscription(Body, json_schema_extra={"example": {"case": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"}}):
    """The case to be told of."""

    case: Uuid


@routes.post(
    "/v1/subscriptions",
    **operations.recording("subscribe", "Be told of a case", SubscriptionAnswer, refusals=[AlreadySubscribed]),
)
async def subscribe(
    request: Request, call: Annotated[Call[NewSubscription], Depends(Take(NewSubscription))]
) -> Response:
    """By counsel of record of the case, who is told of each proposal in any case: this cannot be undone by silence."""
    subscription = new_id()
    return await record(request, call, VERB, lambda person: Subscribe(subscription, person, call.body.case))


@routes.get(
    "/v1/subscriptions", **operations.reading("listSubscriptions", "List your subscriptions", Subscriptions, paged=True)
)
async def subscriptions(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[PageQuery, Query()]
) -> Response:
    """Your own, oldest first."""
    after = query.after(canonical_uuid)
    async with reading(request, principal) as (connection, actor):
        page = await queries.subscriptions(connection, actor, after, query.limit)
    return answer(request, page)
