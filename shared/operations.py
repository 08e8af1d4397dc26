"""The OpenAPI document of an API: what the edge checks is read from the routes themselves, so it cannot say otherwise.

`recording` and `reading` make the arguments of a route's decorator; `describe` completes the app's document.
"""

from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Any

from fastapi import FastAPI, Response
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.edge import Take, TakeMany, caller
from shared.errors import Refusal

PROBLEM = {"$ref": "#/components/schemas/Problem"}
Told = tuple[str, str]

EVERY: dict[int, Sequence[Told]] = {
    401: [("missing-token", "You are not signed in"), ("invalid-token", "You are not signed in")],
    403: [("scope-too-narrow", "Your token is not for this")],
    500: [("internal", "Something went wrong on our side")],
    503: [
        ("busy", "Others are changing the same things"),
        ("database-away", "The database does not answer"),
        ("not-founded", "This installation is not founded yet"),
        ("behind-the-log", "The database was set back and is taking back what it lacks"),
        ("issuer-unreachable", "The token issuer's keys cannot be had"),
    ],
}
RECORDING: dict[int, Sequence[Told]] = {
    400: [
        ("missing-key", "An Idempotency-Key is needed"),
        ("malformed-key", "The Idempotency-Key is no UUID"),
        ("malformed-json", "The body is not plain JSON"),
    ],
    413: [("body-too-large", "The body is too large")],
    415: [("not-json", "The body must be JSON"), ("encoded-body", "The body must not be compressed")],
    422: [
        ("invalid-request", "The request is not well formed"),
        ("key-reused", "This key was used for another request"),
        ("unknown-reference", "The request names something that is not there"),
    ],
}
MANY: dict[int, Sequence[Told]] = {
    **RECORDING,
    400: [("malformed-json", "The body is not plain JSON")],
    422: [("invalid-request", "The request is not well formed")],
}
"""A call that carries commands with keys of their own: what is wrong with one of them is its own answer."""
VERSIONED: dict[int, Sequence[Told]] = {
    400: [("malformed-version", "If-Match is not one ETag of ours")],
    412: [("stale-version", "It has changed since you saw it")],
    428: [("version-needed", "Say which version you have seen")],
}
STANDING: Sequence[Told] = [("not-found", "Nothing here for you")]
PAGED: dict[int, Sequence[Told]] = {400: [("malformed-cursor", "This cursor is not of this list")]}
PARAMETERS: dict[int, Sequence[Told]] = {422: [("invalid-request", "The request is not well formed")]}


def recording(
    operation: str,
    summary: str,
    answer: type[BaseModel],
    *,
    status: int = 201,
    known: type[BaseModel] | None = None,
    renewed: bool = False,
    refusals: Sequence[type[Refusal]] = (),
) -> dict[str, Any]:
    """Arguments of a POST route that records: its stable name, its answer, and the rules by which it may be refused.

    `known` is what is answered (200) where it is so already and nothing was recorded;
    `renewed` says that the same answer is 200 where the act was another one on a subject that was there.
    """
    told: dict[int, list[Told]] = {}
    for refusal in refusals:
        told.setdefault(refusal.status, []).append((refusal.code, refusal.title))
    answers = {status: _answer(answer, "Recorded.")}
    if known is not None:
        answers[200] = _answer(known, "Known already: nothing was recorded, and there is nothing to promise.")
    if renewed:
        answers[200] = _answer(answer, "Recorded: it follows what was said before.")
    return {
        "operation_id": operation,
        "summary": summary,
        "status_code": status,
        "responses": answers | _problems(told),
    }


def recording_many(operation: str, summary: str, answer: type[BaseModel]) -> dict[str, Any]:
    """Arguments of a POST route that takes many commands, and answers each within one answer."""
    return {"operation_id": operation, "summary": summary, "responses": {200: _answer(answer, "An answer for each.")}}


def reading(
    operation: str, summary: str, answer: type[BaseModel] | UnionType, *, paged: bool = False
) -> dict[str, Any]:
    """Arguments of a GET route; `answer` is one shape, or several of which a reader's standing chooses one."""
    return {
        "operation_id": operation,
        "summary": summary,
        "responses": {200: _answer(answer, "As it stands.")} | _problems(PAGED if paged else {}),
    }


def fetching(operation: str, summary: str, media_type: str, *problems: tuple[int, str, str]) -> dict[str, Any]:
    """Arguments of a GET route that answers a note, a tile or a proof. `problems` are status, code and title."""
    told: dict[int, list[Told]] = {}
    for status, code, title in problems:
        told.setdefault(status, []).append((code, title))
    binary = media_type == "application/octet-stream"
    schema = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    content = {media_type: {"schema": schema | ({"format": "binary"} if binary else {})}}
    return {
        "operation_id": operation,
        "summary": summary,
        "response_class": Response,
        "responses": {200: {"description": "As it stands.", "content": content}} | _problems(told),
    }


def describe(app: FastAPI) -> None:
    """Make the app's OpenAPI document whole: bodies, headers, problems and tokens as `shared.edge` demands them."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain(), list(iter_route_contexts(app.routes)))
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign]


def _completed(document: dict[str, Any], routes: list[RouteContext]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= _bodies(routes) | {"Problem": _problem_schema()}
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "RFC 9068 access token."}
    }
    for context in routes:
        route = context.original_route
        path, method = getattr(route, "path_format", ""), next(iter(getattr(route, "methods", None) or ["GET"])).lower()
        operation = document["paths"].get(path, {}).get(method)
        if isinstance(route, APIRoute) and operation is not None:
            _complete(operation, route)
    return document


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    """Add to one operation what its dependencies check."""
    calls = [dependency.call for dependency in route.dependant.dependencies]
    take = next((call for call in calls if isinstance(call, Take | TakeMany)), None)
    responses = operation["responses"]
    told: list[dict[int, Sequence[Told]]] = []
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    if route.dependant.query_params:
        told.append(PARAMETERS)
    if take is not None or caller in calls:
        operation["security"] = [{"token": []}]
        told += [EVERY, {404: STANDING}]
    if take is not None:
        told.append(RECORDING if take.keyed else MANY)
        operation.setdefault("parameters", []).extend(_headers(take))
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{take.model.__name__}"}}},
        }
    if take is not None and take.versioned:
        told.append(VERSIONED)
    for more in told:
        for status, problems in _problems(more).items():
            _merge(responses.setdefault(str(status), {}), problems)
    operation["responses"] = dict(sorted(responses.items()))


def _headers(take: Take[Any] | TakeMany[Any]) -> Iterable[dict[str, Any]]:
    if take.keyed:
        yield {
            "name": "Idempotency-Key", "in": "header", "required": True,
            "description": "A new UUID for each command; the same one again only to repeat the very same request.",
            "schema": {"type": "string", "format": "uuid"}, "example": "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b",
        }  # fmt: skip
    if take.versioned:
        yield {
            "name": "If-Match", "in": "header", "required": True,
            "description": "The ETag of the version that you have seen.",
            "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,14}"$'}, "example": '"3"',
        }  # fmt: skip


def _bodies(routes: list[RouteContext]) -> dict[str, Any]:
    takes = [
        dependency.call
        for context in routes
        if isinstance(context.original_route, APIRoute)
        for dependency in context.original_route.dependant.dependencies
        if isinstance(dependency.call, Take | TakeMany)
    ]
    models = {take.model.__name__: take.model for take in takes}
    _, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = definitions.get("$defs", {})
    return schemas


def _answer(model: type[BaseModel] | UnionType, description: str) -> dict[str, Any]:
    return {"model": model, "description": description}


def _problems(told: dict[int, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        status: {
            "description": "; ".join(dict.fromkeys(title for _, title in problems)),
            "content": {
                "application/problem+json": {
                    "schema": PROBLEM,
                    "examples": {
                        code: {"value": {"type": f"urn:cadena:problem:{code}", "title": title, "status": status}}
                        for code, title in problems
                    },
                }
            },
        }
        for status, problems in told.items()
    }


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Add the problems of `more` to a response that may hold others of the same status."""
    if not into:
        into.update(more)
        return
    into["description"] = "; ".join(dict.fromkeys([into["description"], more["description"]]))
    media = "application/problem+json"
    into["content"][media]["examples"] |= more["content"][media]["examples"]


def _problem_schema() -> dict[str, Any]:
    member = {"type": "object", "properties": {"pointer": {"type": "string"}, "wrong": {"type": "string"}}}
    return {
        "type": "object",
        "description": "RFC 9457. A refusal that was recorded (409, 403) carries the promises of that fact.",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {"type": "string", "pattern": "^urn:cadena:problem:[a-z-]+$"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": member},
            "promises": {"type": "array", "items": {"type": "string"}},
            "replayed": {"const": "restored"},
        },
    }
