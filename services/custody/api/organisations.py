"""Organisations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.custody.api.answers import OrganisationAnswer
from services.custody.api.recording import record
from services.custody.refusals import RoleForbids
from services.custody.rules.organisation import RegisterOrganisation
from shared.direct import DirectRoute
from shared.edge import Body, Call, Take
from shared.events import new_id
from shared.facts.people import OrganisationKind
from shared.operations import recording
from shared.text import Code, Name

routes = APIRouter(tags=["organisations"], route_class=DirectRoute)


class NewOrganisation(Body, json_schema_extra={"example": {
    "name": "Servicios Periciales de Puebla", "kind": "lab", "independent": False, "source": "DOF-2024-117",
}}):  # fmt: skip
    """An institution. `independent` is of the prosecution, `source` the number of the document that says so."""

    name: Name
    kind: OrganisationKind
    independent: bool
    source: Code | None = None


@routes.post(
    "/v1/organisations",
    **recording("registerOrganisation", "Register an institution", OrganisationAnswer, refusals=[RoleForbids]),
)
async def register(
    request: Request, call: Annotated[Call[NewOrganisation], Depends(Take(NewOrganisation))]
) -> Response:
    """By the registrar."""
    body = call.body
    command = RegisterOrganisation(
        id=new_id(), name=body.name, kind=body.kind, independent=body.independent, source=body.source
    )
    return await record(request, call, command)
