"""Routes that are called directly: all that record, and no route that takes more than a request, ids and a body."""

from typing import Annotated

import httpx2
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute

from services.custody.api import ROUTERS
from shared.auth import Principal
from shared.direct import DirectRoute, add_routes
from shared.edge import Body, Call, Take, caller
from shared.problems import install

THING = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


class Words(Body):
    """A body."""

    said: str


class Everyone:
    """Takes anybody for Ana."""

    async def principal(self, authorization: str | None) -> Principal:
        """Ana."""
        return Principal("i", "ana", "a" * 64, "c", frozenset())


def is_direct(route: APIRoute) -> bool:
    return getattr(route.app, "__module__", "") == "starlette.routing"


def test_every_route_that_records_is_called_directly() -> None:
    posts = [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    ]
    assert len(posts) > 20
    assert [route.path for route in posts if not is_direct(route)] == []


def test_a_route_that_takes_anything_else_is_fastapis_own() -> None:
    routes = APIRouter(route_class=DirectRoute)

    @routes.post("/query")
    async def with_query(call: Annotated[Call[Words], Depends(Take(Words))], more: int) -> Response:
        return Response()

    @routes.post("/word/{word}")
    async def with_a_word(word: str, call: Annotated[Call[Words], Depends(Take(Words))]) -> Response:
        return Response()

    @routes.post("/caller")
    async def with_a_caller(who: Annotated[Principal, Depends(caller)]) -> Response:
        return Response()

    @routes.post("/both")
    async def with_both(
        who: Annotated[Principal, Depends(caller)], call: Annotated[Call[Words], Depends(Take(Words))]
    ) -> Response:
        return Response()

    @routes.post("/plain/{thing:id}")
    async def plain(thing: str, call: Annotated[Call[Words], Depends(Take(Words))]) -> Response:
        return Response()

    found = {route.name: is_direct(route) for route in routes.routes if isinstance(route, APIRoute)}
    assert found == {
        "with_query": False, "with_a_word": False, "with_a_caller": False, "with_both": False, "plain": True,
    }  # fmt: skip


async def test_a_direct_route_gets_its_ids_its_call_and_its_request_and_its_problems_are_answers() -> None:
    routes = APIRouter(route_class=DirectRoute)

    @routes.post("/things/{thing:id}")
    async def post(thing: str, request: Request, call: Annotated[Call[Words], Depends(Take(Words))]) -> Response:
        return Response(f"{thing} {request.method} {call.principal.subject} {call.body.said}", 201)

    app = FastAPI()
    app.state.authenticator = Everyone()
    add_routes(app, routes)
    install(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        key = {"Idempotency-Key": THING}
        good = await client.post(f"/things/{THING.upper()}", json={"said": "yes"}, headers=key)
        assert (good.status_code, good.text) == (201, f"{THING} POST ana yes")
        assert (await client.post(f"/things/{THING}", json={"said": 1}, headers=key)).status_code == 422
        assert (await client.post(f"/things/{THING}", json={"said": "yes"})).json()["type"].endswith(":missing-key")
        assert (await client.get(f"/things/{THING}")).status_code == 405
        assert (await client.post("/things/1", json={"said": "yes"}, headers=key)).status_code == 404
