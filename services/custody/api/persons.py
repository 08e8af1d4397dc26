"""Persons and their accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import StringConstraints

from services.custody.api.answers import AccountAnswer, PersonAnswer
from services.custody.api.recording import Id, record
from services.custody.refusals import AlreadyLinked, RoleForbids, RoleNotOfTheOrganisation
from services.custody.rules.account import LinkAccount
from services.custody.rules.person import RegisterPerson
from shared.accounts import account_digest
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take
from shared.events import new_id
from shared.facts.people import Role
from shared.operations import recording
from shared.sealed import fresh
from shared.text import Name, Uuid

routes = APIRouter(tags=["persons"], route_class=DirectRoute)

Claim = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
"""A claim of a token, taken byte for byte: visible ASCII without spaces (RFC 9068 `iss`, `sub`)."""


class NewPerson(Body, json_schema_extra={"example": {"name": "Lucía Hernández Ortiz"}}):
    """A person: an officer, a party of a case, or counsel. The name is sealed, the id opaque."""

    name: Name


class NewAccount(Body, json_schema_extra={"example": {
    "organisation": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b", "role": "lab",
    "issuer": "https://login.example/realms/puebla", "subject": "f1c2a3",
}}):  # fmt: skip
    """The issuer's `iss` and the account's `sub`, as they stand in its tokens; only their digest is recorded."""

    organisation: Uuid
    role: Role
    issuer: Claim
    subject: Claim


@routes.post("/v1/persons", **recording("registerPerson", "Register a person", PersonAnswer, refusals=[RoleForbids]))
async def register(request: Request, call: Annotated[Call[NewPerson], Depends(Take(NewPerson))]) -> Response:
    """By the registrar, a court or a prosecutor's office."""
    command = RegisterPerson(id=new_id(), person_name=fresh("person_name", call.body.name))
    return await record(request, call, command)


@routes.post(
    "/v1/persons/{person:id}/accounts",
    **recording(
        "linkAccount", "Say whose account it is, and in which role", AccountAnswer,
        refusals=[RoleForbids, AlreadyLinked, RoleNotOfTheOrganisation],
    ),
)  # fmt: skip
async def link_account(
    person: Id, request: Request, call: Annotated[Call[NewAccount], Depends(Take(NewAccount))]
) -> Response:
    """By the registrar. One account is one person, in one organisation, with one role."""
    body = call.body
    digest = account_digest(body.issuer, body.subject)
    command = LinkAccount(
        id=new_id(), person=person, organisation=body.organisation, role=body.role, account_digest=digest
    )
    return await record(request, call, command)
