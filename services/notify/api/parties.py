"""Parties: each person gives its own address, and nobody another's."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator

from services.notify.address import mail_address
from services.notify.api.answers import PartyAnswer
from services.notify.api.common import Id, reading, record
from services.notify.queries import party
from services.notify.refusals import AddressChangedTooOften
from services.notify.rules.party import VERB_GIVE, GiveAddress
from shared import operations
from shared.auth import Principal
from shared.edge import Body, Call, Take, caller
from shared.facts.notices import Language
from shared.problems import not_found
from shared.sealed import fresh

routes = APIRouter(tags=["parties"])


class NewAddress(Body, json_schema_extra={"example": {"address": "ana.ruiz@example.org", "language": "es"}}):
    """Where you read, and in which language you are written to."""

    address: Annotated[str, AfterValidator(mail_address)]
    language: Language = "es"


@routes.post(
    "/v1/parties",
    **operations.recording(
        "giveAddress", "Give your address", PartyAnswer, renewed=True, refusals=[AddressChangedTooOften]
    ),
)
async def give(request: Request, call: Annotated[Call[NewAddress], Depends(Take(NewAddress))]) -> Response:
    """A mail with a link goes there; the address is used once that link was confirmed. An older one stays till then.

    A mail with an older link that still waits is not sent. At most five addresses in 24 hours.
    """
    address = fresh("address", call.body.address)
    return await record(request, call, VERB_GIVE, lambda person: GiveAddress(person, address, call.body.language))


@routes.get("/v1/parties/{party_id:id}", **operations.reading("getParty", "Read your own address", PartyAnswer))
async def get(party_id: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """Yours only: the addresses of others are told to nobody."""
    async with reading(request, principal) as (connection, actor):
        found = await party(connection, party_id) if party_id == actor.person else None
    if found is None:
        raise not_found()
    headers = {"ETag": f'"{found["version"]}"', "Cache-Control": "no-store"}
    return Response(orjson.dumps(found), 200, headers, "application/json")
