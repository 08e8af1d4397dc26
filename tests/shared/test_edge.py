"""The edge that all APIs share: its order, what a retry must repeat, and what it counts and says of itself."""

import hashlib
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Query, Request, Response
from prometheus_client import REGISTRY
from pydantic import BaseModel
from structlog.testing import capture_logs

from shared import problems
from shared.auth import Principal
from shared.canonical import canonical
from shared.commands import Answer
from shared.edge import Body, Call, Take, respond
from shared.operations import describe, recording
from shared.paging import PageQuery
from shared.text import Instant, Text, Uuid
from shared.traffic import Traffic

KEY = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
PATH = f"/v1/things/{KEY}"


class Quantity(BaseModel):
    amount: int


class Thing(Body, json_schema_extra={"example": {"name": "x"}}):
    name: Text
    near: Uuid | None = None
    at: Instant | None = None
    quantity: Quantity | None = None


class ThingAnswer(BaseModel):
    fingerprint: str


class Token:
    async def principal(self, authorization: str | None) -> Principal:
        if authorization != "Bearer good":
            raise problems.Problem(401, "invalid-token", "You are not signed in", "Sign in.")
        return Principal("issuer", "subject", "ab" * 32, "client", frozenset())


def make_app() -> FastAPI:
    app = FastAPI(redirect_slashes=False)

    async def told(call: Call[Thing]) -> Response:
        body = f'{{"fingerprint": "{call.fingerprint.hex()}", "key": "{call.key}", "if_match": {call.if_match or 0}}}'
        return respond(Answer(201, {"Content-Type": "application/json"}, body.encode()))

    @app.post("/v1/things/{thing:id}", **recording("makeThing", "Make", ThingAnswer))
    async def make(thing: Uuid, call: Annotated[Call[Thing], Depends(Take(Thing))]) -> Response:
        return await told(call)

    @app.post("/v1/things/{thing:id}:change", **recording("changeThing", "Change", ThingAnswer, status=200))
    async def change(thing: Uuid, call: Annotated[Call[Thing], Depends(Take(Thing, versioned=True))]) -> Response:
        return await told(call)

    @app.get("/v1/broken")
    async def broken(request: Request) -> Response:
        raise RuntimeError("a secret")

    @app.get("/v1/broken/{secret:path}")
    async def broken_below(secret: str) -> Response:
        raise RuntimeError

    @app.get("/v1/things")
    async def things(query: Annotated[PageQuery, Query()]) -> Response:
        return Response(str(query.limit))

    app.state.authenticator = Token()
    describe(app)
    problems.install(app)
    app.add_middleware(Traffic)
    return app


async def send(path: str = PATH, body: Any = None, method: str = "POST", **headers: str) -> httpx2.Response:
    named = {"Authorization": "Bearer good", "Idempotency-Key": KEY} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    transport = httpx2.ASGITransport(make_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        if isinstance(body, bytes):
            return await client.request(method, path, content=body, headers=named)
        return await client.request(method, path, json={"name": "a"} if body is None else body, headers=named)


async def test_a_fingerprint_is_the_hash_of_the_one_form_of_what_was_asked() -> None:
    said = {"body": {"name": "ñ"}, "method": "POST", "parameters": {"thing": KEY}, "path": "/v1/things/{thing:id}"}
    assert await fingerprint(body={"name": "ñ"}) == hashlib.sha256(canonical(said)).hexdigest()


async def fingerprint(path: str = PATH, body: Any = None, **headers: str) -> str:
    answer = await send(path, body, **headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["fingerprint"])


def counted(route: str, status: str | None = None) -> float:
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    return sum(
        sample.value
        for sample in samples
        if sample.name == "cadena_http_answers_total"
        and sample.labels["route"] == route
        and status in (None, sample.labels["status"])
    )


async def test_each_step_of_the_edge_comes_before_the_next() -> None:
    everything_wrong: dict[str, str] = {
        "Authorization": "",
        "Idempotency_Key": "x",
        "If_Match": "x",
        "Content_Type": "x",
    }
    mended = [
        ("invalid-token", {}), ("malformed-key", {"Authorization": "Bearer good"}),
        ("malformed-version", {"Idempotency_Key": KEY}), ("not-json", {"If_Match": '"1"'}),
        ("malformed-json", {"Content_Type": "application/json"}),
    ]  # fmt: skip
    headers = everything_wrong
    for code, mend in mended:
        headers = headers | mend
        answer = await send(f"{PATH}:change", b"{", **headers)
        assert answer.json()["type"] == f"urn:cadena:problem:{code}"


async def test_a_retry_may_spell_the_same_differently() -> None:
    said = {"name": "Caf\u00e9", "near": KEY, "at": "2026-01-01T06:00:00Z", "quantity": {"amount": 1}}
    same = [
        {"quantity": {"amount": 1}, "at": "2026-01-01T00:00:00-06:00", "near": KEY.upper(), "name": "Cafe\u0301"},
        said | {"at": "2026-01-01T06:00:00.000000Z"},
    ]
    first = await fingerprint(body=said)
    assert {await fingerprint(body=one) for one in same} == {first}
    assert await fingerprint(PATH.upper().replace("/V1/THINGS", "/v1/things"), said) == first
    assert await fingerprint(body=said, Idempotency_Key=f'"{KEY.upper()}"') == first


async def test_another_body_another_thing_or_another_verb_is_another_request() -> None:
    first = await fingerprint()
    others = [
        await fingerprint(body={"name": "b"}),
        await fingerprint(body={"name": "a", "quantity": {"amount": 1}}),
        await fingerprint(f"{PATH[:-1]}c"),
        await fingerprint(f"{PATH}:change", If_Match='"1"'),
    ]
    assert len({first, *others}) == 5


async def test_if_match_is_read_and_is_no_part_of_what_a_retry_repeats() -> None:
    answers = [(await send(f"{PATH}:change", If_Match=f'"{version}"')).json() for version in (1, 2)]
    assert [answer["if_match"] for answer in answers] == [1, 2]
    assert answers[0]["fingerprint"] == answers[1]["fingerprint"]


async def test_parts_of_a_body_are_read_as_strictly_as_the_whole() -> None:
    answer = await send(body={"name": "a", "quantity": {"amount": "1"}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/quantity/amount", "wrong": "Input should be a valid integer"}]


async def test_names_in_errors_are_cut_and_errors_are_bounded() -> None:
    answer = await send(body={"name": "a"} | {f"{n}~/" + "x" * 500: 1 for n in range(200)})
    errors = answer.json()["errors"]
    assert len(errors) == 50
    assert all(len(error["pointer"]) < 80 and error["pointer"].startswith("/") for error in errors)
    assert "~0~1" in errors[0]["pointer"]


async def test_a_body_that_never_ends_is_cut_off() -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    transport = httpx2.ASGITransport(make_app())
    headers = {"Authorization": "Bearer good", "Idempotency-Key": KEY, "Content-Type": "application/json"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.post(PATH, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= 6 * 65_536


async def test_names_of_query_parameters_are_cut_and_errors_are_bounded_too() -> None:
    answer = await send("/v1/things?" + "&".join(f"{n}" + "x" * 100 + "=1" for n in range(200)), method="GET")
    errors = answer.json()["errors"]
    assert (answer.status_code, len(errors)) == (422, 50)
    assert all(len(error["pointer"]) < 80 for error in errors)


@pytest.mark.parametrize("bad", ["1_0", "%201", "5.0", "%2B5", "%D9%A1"])
async def test_a_number_in_a_query_has_one_spelling(bad: str) -> None:
    assert (await send("/v1/things?limit=10", method="GET")).text == "10"
    assert (await send(f"/v1/things?limit={bad}", method="GET")).status_code == 422


@pytest.mark.parametrize("path", ["/v1/things%0a", f"{PATH}%0A", "/v1/things%00", "/v1/things%7f"])
async def test_a_path_with_a_control_character_is_no_second_spelling(path: str) -> None:
    answer = await send(path, method="POST" if KEY in path else "GET")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:cadena:problem:not-found")


async def test_who_hangs_up_within_a_body_is_no_error_of_ours() -> None:
    before = counted("/v1/things/{thing}", "499")
    arriving = [{"type": "http.request", "body": b'{"na', "more_body": True}, {"type": "http.disconnect"}]
    headers = {"authorization": "Bearer good", "idempotency-key": KEY, "content-type": "application/json"}
    scope = {
        "type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip

    async def receive() -> Any:
        return arriving.pop(0)

    async def no_answer(message: Any) -> None:
        assert not message.get("body")

    with capture_logs() as logs:
        await make_app()(scope, receive, no_answer)
    assert [entry["event"] for entry in logs] == ["no"]
    assert counted("/v1/things/{thing}", "499") == before + 1


async def test_the_log_of_what_nobody_foresaw_holds_no_path_of_a_caller() -> None:
    with capture_logs() as logs:
        await send("/v1/broken/" + "secret" * 100, method="GET")
    (entry,) = (entry for entry in logs if entry["event"] == "unforeseen")
    assert entry["route"] == "/v1/broken/{secret}"
    assert "secretsecret" not in str(entry)


async def test_what_nobody_foresaw_tells_an_id_and_nothing_else() -> None:
    answer = await send("/v1/broken", method="GET")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.json()["incident"]


@pytest.mark.parametrize(
    ("method", "path", "route"), [("POST", PATH, "/v1/things/{thing}"), ("BREW", "/v9/guess", "unknown")]
)
async def test_answers_are_counted_by_route_and_guesses_under_one_name(method: str, path: str, route: str) -> None:
    before = counted(route)
    await send(path, method=method)
    assert counted(route) == before + 1
    assert not [sample for metric in REGISTRY.collect() for sample in metric.samples if KEY in str(sample.labels)]


def test_the_document_says_what_the_edge_demands() -> None:
    document = make_app().openapi()
    change = document["paths"]["/v1/things/{thing}:change"]["post"]
    make = document["paths"]["/v1/things/{thing}"]["post"]
    assert {one["name"] for one in change["parameters"]} == {"thing", "Idempotency-Key", "If-Match"}
    assert {one["name"] for one in make["parameters"]} == {"thing", "Idempotency-Key"}
    assert "428" in change["responses"]
    assert "428" not in make["responses"]
    assert make["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}
    assert document["components"]["schemas"]["Thing"]["additionalProperties"] is False
    assert document["components"]["schemas"]["Quantity"]
    assert make["security"] == [{"token": []}]
    (limit,) = (one for one in document["paths"]["/v1/things"]["get"]["parameters"] if one["name"] == "limit")
    assert (limit["schema"]["minimum"], limit["schema"]["maximum"]) == (1, 200)
