"""Notices: what became of each message. Accepted by a mail server is a fact, and not service (G4)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.notify import queries
from services.notify.api.answers import Notices
from services.notify.api.common import reading
from shared import operations
from shared.auth import Principal
from shared.edge import caller
from shared.paging import PageQuery, answer
from shared.text import Uuid, canonical_uuid

routes = APIRouter(tags=["notices"])


class NoticeQuery(PageQuery):
    """A page, of one proposal's or one review's notices if it is named."""

    proposal: Uuid | None = None
    review: Uuid | None = None


@routes.get("/v1/notices", **operations.reading("listNotices", "List notices", Notices, paged=True))
async def notices(
    request: Request, principal: Annotated[Principal, Depends(caller)], query: Annotated[NoticeQuery, Query()]
) -> Response:
    """Those to you, oldest first; all of them for courts, oversight and auditors."""
    after = query.after(canonical_uuid)
    async with reading(request, principal) as (connection, actor):
        page = await queries.notices(connection, actor, query.proposal, query.review, after, query.limit)
    return answer(request, page)
