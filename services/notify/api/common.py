"""From a call that passed the edge to the recorded answer, and from a token to who reads."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import record as recording
from services.notify.queries import reader
from shared.auth import Principal
from shared.edge import Call, demand_scope, respond
from shared.events import Actor

Id = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


async def record(request: Request, call: Call[Any], verb: str, make: Callable[[str], recording.Command]) -> Response:
    """Record a command of the caller's own person, unless the token's scopes exclude the verb."""
    demand_scope(call.principal, "notify", verb)
    desk: recording.Desk = request.app.state.desk
    asked = recording.Request(call.principal.account, call.key, call.fingerprint)
    return respond(await recording.record(desk, asked, make))


@asynccontextmanager
async def reading(request: Request, principal: Principal) -> AsyncIterator[tuple[AsyncConnection, Actor]]:
    """A snapshot for one request, and who reads it."""
    demand_scope(principal, "notify", "read")
    desk: recording.Desk = request.app.state.desk
    async with reader(desk.engine, principal.account, desk.glance) as (connection, actor, behind):
        request.state.behind = behind
        yield connection, actor
