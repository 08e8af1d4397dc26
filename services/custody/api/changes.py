"""The feed of what concerns the reader, for systems that keep a copy of their own."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.custody.api.answers import Feed
from services.custody.api.recording import reader_of
from services.custody.queries import changes as queries
from shared.auth import Principal
from shared.edge import caller
from shared.operations import reading
from shared.text import PLAIN_DIGITS

routes = APIRouter(tags=["changes"])
MAX_INDEX = 2**53 - 1


class FeedQuery(BaseModel):
    """Where the page begins, and how long it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    after: Annotated[
        int | None, Field(ge=0, le=MAX_INDEX, description="`next` of the page before; none to begin."), PLAIN_DIGITS
    ] = None
    limit: Annotated[int, Field(ge=1, le=500, description="How many events a page has at most."), PLAIN_DIGITS] = 100


@routes.get("/v1/changes", **reading("listChanges", "Follow what concerns you", Feed, paged=True))
async def changes(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[FeedQuery, Query()]
) -> Response:
    """Sealed events in the order of the ledger, as far as you have standing to see them today. A page may be empty and
    not the last: you have all when `next` is `sealed_up_to` less one.
    """
    async with reader_of(request, principal) as reader:
        page = await queries.changes(reader, query.after, query.limit)
    body = orjson.dumps({"items": page.items, "next": page.next, "sealed_up_to": page.size})
    return Response(body, 200, {"Cache-Control": "no-store"}, "application/json")
