"""Problems (RFC 9457): the one way in which an API says no; it names what to do, and never what it was told.

What nobody foresaw is an opaque 500 with an id; the log holds the id and the cause.
"""

import re
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 50
MAX_NAME = 64
MAX_ROUTE = 200
CLIENT_GONE = 499
"""What is counted for a caller who hung up within a request: nobody reads it, and it is no error of ours."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
"""Unicode's control characters (category Cc), all of them."""
log = structlog.get_logger()


class Problem(Exception):
    """A refusal of the edge: not a fact, nothing was recorded, an idempotency key stays free.

    `code` becomes the type `urn:cadena:problem:<code>`; `detail` says what to do and holds nothing of the request.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.title, self.detail = status, code, title, detail
        self.headers = dict(headers or {})
        self.extra = extra


def problem_body(status: int, code: str, title: str, detail: str = "", **extra: Any) -> bytes:
    """The problem document, byte for byte."""
    document = {"type": f"urn:cadena:problem:{code}", "title": title, "status": status}
    if detail:
        document["detail"] = detail
    return orjson.dumps(document | extra)


def problem_response(problem: Problem) -> Response:
    """A problem as an answer."""
    body = problem_body(problem.status, problem.code, problem.title, problem.detail, **problem.extra)
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def not_found() -> Problem:
    """Unknown, and not yours: the same words for both (G12)."""
    return Problem(
        404, "not-found", "Nothing here for you", "There is nothing under this address that you have standing to see."
    )


def validation_problem(errors: list[Any]) -> Problem:
    """Each wrong member by JSON pointer (RFC 6901) and what is wrong with it; the value itself is not repeated.

    The first fifty, and of a member's name no more than 64 characters: names may be the caller's own.
    """
    members = [
        {
            "pointer": "".join(
                "/" + str(step)[:MAX_NAME].replace("~", "~0").replace("/", "~1") for step in error["loc"]
            ),
            "wrong": error["msg"],
        }
        for error in errors[:MAX_ERRORS]
    ]
    return Problem(
        422,
        "invalid-request",
        "The request is not well formed",
        "Mend the members listed under errors.",
        errors=members,
    )


def install(app: FastAPI) -> None:
    """Make every error of an app a problem."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_hang_up)
    app.add_middleware(PlainPaths)
    app.add_middleware(OpaqueErrors)


def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - the handler is registered for this type only
    return problem_response(error)


def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return problem_response(validation_problem(list(error.errors())))


def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 404:
        return problem_response(not_found())
    if error.status_code == 405:
        allowed = (error.headers or {}).get("allow", "")
        said = f"It takes {allowed}." if allowed else "The API's document says what it takes."
        title = "This address does not take that method"
        return problem_response(Problem(405, "method-not-allowed", title, said, headers=error.headers))
    return problem_response(Problem(error.status_code, "http-error", str(error.detail), headers=error.headers))


def _on_hang_up(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


class PlainPaths:
    """A path with a control character names nothing: routes are matched up to a line's end, and so would take two
    spellings for one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _CONTROL.search(scope["path"]):
            await problem_response(not_found())(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class OpaqueErrors:
    """The outermost layer of an app: what nothing else caught is logged under an id, and the id is all that is told."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            incident = str(uuid.uuid4())
            route = getattr(scope.get("route"), "path_format", "unknown")[:MAX_ROUTE]
            log.exception("unforeseen", incident=incident, route=route)
            problem = Problem(
                500, "internal", "Something went wrong on our side",
                "Try again with the same key; if it stays, tell the operator the id of this incident.",
                incident=incident,
            )  # fmt: skip
            await problem_response(problem)(scope, receive, send)
