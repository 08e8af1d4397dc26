"""Many samples in one call: registered, or only looked at beforehand."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Response
from fastapi import Request as HttpRequest
from pydantic import Field

from services.custody.answer import Request
from services.custody.api.answers import BatchAnswer, ValidationAnswer
from services.custody.api.recording import Desk
from services.custody.api.samples import NewSample, registration
from services.custody.batch import Batch, record_batch, validate_batch
from services.custody.rules.sample import RegisterSample
from services.custody.rules.table import COMMANDS
from shared.auth import Principal
from shared.commands import Answer
from shared.direct import DirectRoute
from shared.edge import Body, TakeMany, demand_scope, fingerprint_of, leaving
from shared.operations import recording_many
from shared.problems import validation_problem
from shared.text import Uuid

routes = APIRouter(tags=["samples"], route_class=DirectRoute)

MAX_ITEMS = 1000
MAX_BYTES = 4 * 1024 * 1024
_ID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


_SAMPLE = {
    "key": _ID, "case": _ID, "kind": "swab", "label": "PUE-2026-00417-A", "seal": "S-118203",
    "quantity": {"amount": 2, "unit": "swab"}, "collected_at": "2026-03-14T09:30:00-06:00",
    "collected_place": "Calle 5 de Mayo 12, Cholula, patio",
}  # fmt: skip


class NewSampleWithKey(NewSample, json_schema_extra={"example": _SAMPLE}):
    """A registration as `POST /v1/samples` takes it, and the Idempotency-Key that it would have there."""

    key: Uuid


class NewSamples(Body, json_schema_extra={"example": {"samples": [_SAMPLE]}}):
    """Registrations, each a command with a key of its own; no key twice."""

    samples: Annotated[list[NewSampleWithKey], Field(min_length=1, max_length=MAX_ITEMS)]


_TAKE = TakeMany(NewSamples, max_bytes=MAX_BYTES)
Given = Annotated[tuple[Principal, NewSamples], Depends(_TAKE)]


@routes.post("/v1/samples:batch", **recording_many("registerSamples", "Register up to 1,000 samples", BatchAnswer))
async def register(request: HttpRequest, given: Given) -> Response:
    """In one transaction; each item is answered as `POST /v1/samples` would have answered it. A wrong shape of any item
    refuses the whole call; what a rule refuses, and what names an unknown case, is that item's own answer.
    """
    batch = _batch(*given)
    desk: Desk = request.app.state.desk
    answers, replayed = await record_batch(desk.engine, desk.promiser, batch, desk.glance)
    return leaving(_results(batch, answers, {"Idempotent-Replayed": "true"} if replayed else {}))


@routes.post(
    "/v1/samples:validate",
    **recording_many("validateSamples", "Try up to 1,000 samples, and keep nothing", ValidationAnswer),
)
async def validate(request: HttpRequest, given: Given) -> Response:
    """What `POST /v1/samples:batch` would answer now, with all its checks. `body` is null where it would be recorded; a
    refusal is no fact here, and has no promise.
    """
    batch = _batch(*given)
    desk: Desk = request.app.state.desk
    return _results(batch, await validate_batch(desk.engine, batch, desk.glance), {})


def _batch(principal: Principal, body: NewSamples) -> Batch:
    """The commands with their fingerprints, which are those of single requests. Problem 422 for a key given twice."""
    demand_scope(principal, "custody", COMMANDS[RegisterSample].verb)
    twice: list[Any] = []
    batch: dict[str, tuple[Request, RegisterSample]] = {}
    for at, item in enumerate(body.samples):
        if item.key in batch:
            twice.append({"loc": ("samples", at, "key"), "msg": "another item has this key"})
        said = item.model_dump(mode="json", exclude_none=True)
        del said["key"]
        command = registration(item)
        print_ = fingerprint_of("POST", "/v1/samples", {}, NewSample, said)
        batch[item.key] = Request(principal, item.key, print_, command), command
    if twice:
        raise validation_problem(twice)
    return list(batch.values())


def _results(batch: Batch, answers: list[Answer], headers: dict[str, str]) -> Response:
    """`{"results": […]}` in the order of the items; bodies are the stored bytes."""
    results = [
        {"key": request.key, "status": answer.status, "body": orjson.Fragment(answer.body)}
        for (request, _), answer in zip(batch, answers, strict=True)
    ]
    body = orjson.dumps({"results": results})
    return Response(body, 200, {"Cache-Control": "no-store"} | headers, "application/json")
