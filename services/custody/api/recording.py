"""What the routes of every noun share: from a call to its recorded answer, from a reader to what it may see."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import Path, Request, Response
from pydantic import AfterValidator, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.queries.reader import Reader, reading
from services.custody.record import record as record_command
from services.custody.rules.command import Command
from services.custody.rules.table import COMMANDS
from shared.auth import Principal
from shared.edge import Call, demand_scope, respond
from shared.outside import SealedIndexGlance
from shared.promise import Promiser
from shared.sealed import SealedValue, fresh
from shared.text import Uuid

Id = Annotated[Uuid, Path(description="A UUID.", examples=["0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"])]


def _once(ids: list[str]) -> list[str]:
    if len(set(ids)) != len(ids):
        raise ValueError("name each sample once")
    return ids


Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
"""A day of a calendar; who writes another century made a mistake."""
SampleIds = Annotated[list[Uuid], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_once)]
"""Samples, each once, in whichever order."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the API records with and reads from; the app keeps it at `app.state.desk`. `glance` tells whether the
    database stands behind the log.
    """

    engine: AsyncEngine
    promiser: Promiser
    glance: SealedIndexGlance


async def record(request: Request, call: Call[Any], command: Command) -> Response:
    """Record the command of a call; its answer, stored before it goes out."""
    demand_scope(call.principal, "custody", COMMANDS[type(command)].verb)
    desk: Desk = request.app.state.desk
    answer = await record_command(
        desk.engine, desk.promiser, call.principal, call.key, call.fingerprint, command, call.if_match,
        desk.glance,
    )  # fmt: skip
    return respond(answer)


@asynccontextmanager
async def reader_of(request: Request, principal: Principal) -> AsyncIterator[Reader]:
    """The principal as a reader of one snapshot."""
    demand_scope(principal, "custody", "read")
    desk: Desk = request.app.state.desk
    async with reading(desk.engine, principal.account, desk.glance) as reader:
        request.state.behind = reader.behind
        yield reader


def one(found: dict[str, Any]) -> Response:
    """One subject as it stands, with its version as ETag, if that is told; nobody on the way may keep it."""
    etag = {"ETag": f'"{found["version"]}"'} if "version" in found else {}
    return Response(orjson.dumps(found), 200, etag | {"Cache-Control": "no-store"}, "application/json")


def sealed(field: str, text: str | None) -> SealedValue | None:
    """An optional text, sealed under the name of the member that carries its digest."""
    return None if text is None else fresh(field, text)
