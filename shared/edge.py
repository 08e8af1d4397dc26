"""What every recording request brings: who asks, under which key, at which version, and a body read in one strict way.

The order is fixed, and each step ends the request with a Problem: token 401, Idempotency-Key 400, If-Match 428 or 400,
media type 415, size 413, JSON 400, members 422. Nothing of the input is repeated in an answer but member names.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.background import BackgroundTask
from starlette.convertors import Convertor, register_url_convertor

from shared.accounts import command_hash
from shared.auth import Principal
from shared.canonical import NotCanonical, canonical, strict_loads
from shared.closed import canonical_of
from shared.commands import Answer
from shared.failpoint import reach, reach_when_written
from shared.problems import Problem, validation_problem
from shared.telemetry import bind
from shared.text import canonical_uuid

MAX_BODY_BYTES = 256 * 1024
_VERSION = re.compile(r'"([1-9][0-9]{0,14})"')


class Body(BaseModel):
    """The base of request bodies: closed and frozen. They are read strictly: "1" is not 1, here and in every part."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=Body)


class Authenticates(Protocol):
    """What an app keeps at `app.state.authenticator`."""

    async def principal(self, authorization: str | None) -> Principal:
        """The principal of an Authorization header; Problem 401."""


@dataclass(frozen=True, slots=True)
class Call(Generic[M]):
    """A recording request that passed the edge. `fingerprint` is what a retry under the same key must repeat."""

    principal: Principal
    key: str
    fingerprint: bytes
    if_match: int | None
    body: M


class Take(Generic[M]):
    """The dependency of a recording route: reads the request as a `Call` with a body of `model`.

    `versioned` routes demand If-Match. shared.operations reads both from here, so the document says what is done.
    """

    def __init__(self, model: type[M], *, versioned: bool = False) -> None:
        self.model, self.versioned, self.keyed = model, versioned, True

    async def __call__(self, request: Request) -> Call[M]:
        """Check everything in the order of this module's head."""
        principal = await caller(request)
        key = idempotency_key(request)
        bind(command=command_hash(principal.account, key))
        version = if_match(request) if self.versioned else None
        body = read(self.model, await raw_body(request))
        return Call(principal, key, fingerprint(request, body), version, body)


class TakeMany(Generic[M]):
    """The dependency of a route whose body is a list of commands, each with a key of its own: the call has none.

    A body has at most `max_bytes`; a header Idempotency-Key is not looked at.
    """

    def __init__(self, model: type[M], *, max_bytes: int) -> None:
        self.model, self.max_bytes, self.versioned, self.keyed = model, max_bytes, False, False

    async def __call__(self, request: Request) -> tuple[Principal, M]:
        """Check token, media type, size, JSON and members, in this order."""
        principal = await caller(request)
        return principal, read(self.model, await raw_body(request, self.max_bytes))


async def caller(request: Request) -> Principal:
    """Whom the request's token speaks for; Problem 401, and 422 for a parameter that is given twice."""
    authenticator: Authenticates = request.app.state.authenticator
    given = request.headers.getlist("authorization")
    # Of two headers, or of two values of one parameter, each reader might take another one: then neither counts.
    principal = await authenticator.principal(given[0] if len(given) == 1 else None)
    names = [name for name, _ in request.query_params.multi_items()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise validation_problem([{"loc": ("query", name), "msg": "Give it once."} for name in twice])
    return principal


def demand_scope(principal: Principal, service: str, act: str) -> None:
    """Problem 403 for a token that names scopes of the service, and not this one: `custody:sample:register`.

    A token without any scope of the service leaves all to the account's role; scopes narrow it and never widen it.
    """
    named = {scope for scope in principal.scopes if scope.startswith(f"{service}:")}
    wanted = f"{service}:{act.replace('.', ':')}"
    if named and wanted not in named:
        raise Problem(
            403, "scope-too-narrow", "Your token is not for this", f"Get a token with the scope {wanted}.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
        )  # fmt: skip


def idempotency_key(request: Request) -> str:
    """The key in its one spelling; the quoted form of the IETF draft is taken as well. Problem 400 without a UUID."""
    given = request.headers.getlist("idempotency-key")
    if len(given) != 1:
        raise Problem(
            400, "missing-key", "An Idempotency-Key is needed",
            "Send one header Idempotency-Key with a new UUID; the same one again only to repeat the very same request.",
        )  # fmt: skip
    text = given[0].strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    try:
        return canonical_uuid(text[1:-1] if quoted else text)
    except ValueError as error:
        raise Problem(400, "malformed-key", "The Idempotency-Key is no UUID", str(error)) from error


def if_match(request: Request) -> int:
    """The version that the caller has seen, from a strong ETag such as "3". Problems 428 and 400."""
    given = request.headers.getlist("if-match")
    if not given:
        raise Problem(
            428, "version-needed", "Say which version you have seen",
            "Read the object and send its ETag as If-Match, so that nothing is done to a state that you did not see.",
        )  # fmt: skip
    match = _VERSION.fullmatch(given[0].strip()) if len(given) == 1 else None
    if match is None:
        raise Problem(
            400, "malformed-version", "If-Match is not one ETag of ours", 'Send one strong ETag, such as "3".'
        )
    return int(match[1])


async def raw_body(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body's bytes, read once. Problems 415 for another media type, 413 over 256 kB or another limit."""
    media_type, *parameters = [part.strip().lower() for part in request.headers.get("content-type", "").split(";")]
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type != "application/json" or parameters not in ([], ["charset=utf-8"], ['charset="utf-8"']):
        raise Problem(415, "not-json", "The body must be JSON", "Send Content-Type: application/json, in UTF-8.")
    if encoding != "identity":
        raise Problem(415, "encoded-body", "The body must not be compressed", "Send it without Content-Encoding.")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > max_bytes:
            raise Problem(
                413, "body-too-large", "The body is too large", f"A body has at most {max_bytes} bytes; send less."
            )
    return bytes(raw)


def read(model: type[M], raw: bytes) -> M:
    """A body from its bytes. Problem 400 for what is not plain JSON, 422 with a pointer for each wrong member."""
    try:
        strict_loads(raw)
    except NotCanonical as error:
        raise Problem(400, "malformed-json", "The body is not plain JSON", str(error)[:300]) from error
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise validation_problem(error.errors(include_url=False, include_context=False, include_input=False)) from error


def fingerprint(request: Request, body: Body) -> bytes:
    """SHA-256 of method, path template, path parameters and the canonical JSON of the body; If-Match is not in it.

    So a retry may spell a UUID, an instant or a text differently, as long as it says the same.
    """
    said = body.model_dump(mode="json", exclude_none=True)
    return fingerprint_of(request.method, request.scope["route"].path, request.path_params, type(body), said)


def fingerprint_of(
    method: str, path: str, parameters: Mapping[str, Any], model: type[BaseModel], said: dict[str, Any]
) -> bytes:
    """`fingerprint` from its parts, for a command that came within another request; `said` is of `model`."""
    around = _around(method, path, tuple(parameters.items()))
    return hashlib.sha256(b'{"body":' + canonical_of(model, said) + around).digest()


@lru_cache(maxsize=256)
def _around(method: str, path: str, parameters: tuple[tuple[str, Any], ...]) -> bytes:
    """The canonical JSON of a request behind its body, which comes first by name."""
    return b"," + canonical({"method": method, "parameters": dict(parameters), "path": path})[1:]


def respond(answer: Answer) -> Response:
    """A recorded answer as it goes out: the stored bytes, status and headers."""
    return leaving(Response(answer.body, answer.status, answer.headers))


def leaving(response: Response) -> Response:
    """The answer to what was recorded, at the moment at which it is made: a process may be told to die here."""
    reach("before-answer")
    response.background = BackgroundTask(reach_when_written, "after-answer")
    return response


class IdConvertor(Convertor[str]):
    """Path parameters `{name:id}`: a UUID in either case, lowered. Anything else names nothing: 404, as for unknown."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def convert(self, value: str) -> str:
        """The one spelling."""
        return value.lower()

    def to_string(self, value: str) -> str:
        """The same."""
        return value


register_url_convertor("id", IdConvertor())
