"""Routes that are called directly: FastAPI describes them, and does not solve their dependencies at each request.

What a recording route takes is the request, ids of its path and what one `Take` reads. To have FastAPI find that out
each time takes longer than to decide upon the command.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter
from starlette.routing import request_response

from shared.edge import IdConvertor, Take, TakeMany


class DirectRoute(APIRoute):
    """A route that is called directly if it takes nothing else than that; any other is FastAPI's own."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **described: Any) -> None:
        super().__init__(path, endpoint, **described)
        name = _taken(self)
        if name is not None:
            self.app = request_response(_direct(endpoint, self.dependant, name))


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Add the routes of a router without prefix as the app's own, each matched once."""
    app.router.routes.extend(router.routes)


def _taken(route: APIRoute) -> str | None:
    """The argument that gets what the route's one Take reads; None if the route takes anything else."""
    wanted = route.dependant
    other = (
        wanted.query_params, wanted.header_params, wanted.cookie_params, wanted.body_params,
        wanted.background_tasks_param_name, wanted.response_param_name, wanted.http_connection_param_name,
        wanted.websocket_param_name, wanted.security_scopes_param_name,
        not all(isinstance(convertor, IdConvertor) for convertor in route.param_convertors.values()),
        {param.name for param in wanted.path_params} ^ route.param_convertors.keys(),
        len(wanted.dependencies) != 1,
    )  # fmt: skip
    if any(other) or not isinstance(wanted.dependencies[0].call, Take | TakeMany):
        return None
    return wanted.dependencies[0].name


def _direct(
    endpoint: Callable[..., Awaitable[Response]], wanted: Dependant, name: str
) -> Callable[[Request], Awaitable[Response]]:
    take: Any = wanted.dependencies[0].call
    asked = wanted.request_param_name

    async def called(request: Request) -> Response:
        given = dict(request.path_params)
        if asked is not None:
            given[asked] = request
        given[name] = await take(request)
        return await endpoint(**given)

    return called
