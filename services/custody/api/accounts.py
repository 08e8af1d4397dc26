"""Accounts: of systems that a person answers for, and the end of any."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.custody.api.answers import AccountAnswer, Accounts
from services.custody.api.persons import Claim
from services.custody.api.recording import Id, reader_of, record
from services.custody.queries import people as queries
from services.custody.refusals import (
    AccountIsClosed,
    AlreadyLinked,
    LastAccountOfCounsel,
    NotAService,
    OperatorNotOfTheOrganisation,
    OwnAccount,
    RoleForbids,
    RoleNotOfTheOrganisation,
)
from services.custody.rules.account import CloseAccount, LinkService, NameOperator
from shared.accounts import account_digest
from shared.auth import Principal
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take, caller
from shared.events import new_id
from shared.facts.people import ServiceRole
from shared.operations import reading, recording
from shared.paging import PageQuery, answer
from shared.sealed import fresh
from shared.text import Text, Uuid, canonical_uuid

routes = APIRouter(tags=["accounts"], route_class=DirectRoute)
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


class NewServiceAccount(Body, json_schema_extra={"example": {
    "organisation": _ID, "role": "lab", "issuer": "https://login.example/realms/puebla", "subject": "service-lims",
}}):  # fmt: skip
    """A system of the organisation, by the `iss` and `sub` of its tokens (client credentials)."""

    organisation: Uuid
    role: ServiceRole
    issuer: Claim
    subject: Claim


class NewOperator(Body, json_schema_extra={"example": {"operator": _ID}}):
    """The person who answers for the system from now on."""

    operator: Uuid


class Closing(Body, json_schema_extra={"example": {"reason": "She left the laboratory."}}):
    """Why the account ends; sealed."""

    reason: Text


@routes.post(
    "/v1/persons/{operator:id}/service-accounts",
    **recording(
        "linkServiceAccount", "Link a system, for which a person answers", AccountAnswer,
        refusals=[RoleForbids, AlreadyLinked, RoleNotOfTheOrganisation, OperatorNotOfTheOrganisation],
    ),
)  # fmt: skip
async def link_service(
    operator: Id, request: Request, call: Annotated[Call[NewServiceAccount], Depends(Take(NewServiceAccount))]
) -> Response:
    """By the registrar. The operator has an account of their own in the organisation. A system approves nothing."""
    body = call.body
    digest = account_digest(body.issuer, body.subject)
    command = LinkService(
        id=new_id(), operator=operator, organisation=body.organisation, role=body.role, account_digest=digest
    )
    return await record(request, call, command)


@routes.post(
    "/v1/accounts/{account:id}:reassign",
    **recording(
        "nameOperator", "Name another operator", AccountAnswer, status=200,
        refusals=[RoleForbids, NotAService, AccountIsClosed, OperatorNotOfTheOrganisation],
    ),
)  # fmt: skip
async def name_operator(
    account: Id, request: Request, call: Annotated[Call[NewOperator], Depends(Take(NewOperator))]
) -> Response:
    """By the registrar. A system that stopped, since its operator left, goes on."""
    return await record(request, call, NameOperator(account=account, operator=call.body.operator))


@routes.post(
    "/v1/accounts/{account:id}:close",
    **recording(
        "closeAccount", "Close an account", AccountAnswer, status=200,
        refusals=[RoleForbids, AccountIsClosed, OwnAccount, LastAccountOfCounsel],
    ),
)  # fmt: skip
async def close(account: Id, request: Request, call: Annotated[Call[Closing], Depends(Take(Closing))]) -> Response:
    """By the registrar or a court, for good; the last account of a counsel of record by a court only. A system
    stops when its operator has no account in the organisation any more.
    """
    return await record(request, call, CloseAccount(account=account, reason=fresh("reason", call.body.reason)))


@routes.get(
    "/v1/persons/{person:id}/accounts", **reading("listAccounts", "List a person's accounts", Accounts, paged=True)
)
async def of_person(
    person: Id,
    request: Request,
    principal: Annotated[Principal, Depends(caller)],
    query: Annotated[PageQuery, Query()],
) -> Response:
    """For registrars and courts: the person's own, closed ones too, and those of systems that it answers for."""
    after = query.after(canonical_uuid)
    async with reader_of(request, principal) as reader:
        return answer(request, await queries.accounts_of(reader, person, after, query.limit))
