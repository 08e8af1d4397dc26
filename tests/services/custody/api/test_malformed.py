"""What is wrong with a request is told by a problem that says what to do; nothing is recorded, and no key is spent."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.database import connect
from tests.services.custody.api.office import House, Office, a_sample

pytestmark = pytest.mark.asyncio(loop_scope="module")

UUID = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
TABLES = ("event", "command", "answer", "sealed_value", "sample", '"case"', "offer", "person", "organisation")
SECRET = "Callejón del Beso 3"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> AsyncIterator[Any]:
    connection = await connect(house.urls["owner"])
    yield connection
    await connection.close()


async def counts(owner: Any) -> dict[str, int]:
    return dict(await owner.fetchrow("SELECT " + ", ".join(f"(SELECT count(*) FROM {t}) AS {t}" for t in TABLES)))


def body(**changes: object) -> dict[str, Any]:
    return a_sample(UUID) | {"label": "L-1", "collected_place": SECRET} | changes


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in body().items() if name != member}


RAW = {
    "nothing": (b"", 400, "malformed-json"),
    "not JSON": (b"case=1", 400, "malformed-json"),
    "cut off": (b'{"case": "', 400, "malformed-json"),
    "trailing comma": (b'{"case": 1,}', 400, "malformed-json"),
    "two documents": (b"{}{}", 400, "malformed-json"),
    "a member twice": (b'{"label": "A", "label": "B"}', 400, "malformed-json"),
    "a member twice, once escaped": (b'{"label": "A", "l\\u0061bel": "B"}', 400, "malformed-json"),
    "a float": (b'{"quantity": {"amount": 1.0, "unit": "swab"}}', 400, "malformed-json"),
    "an exponent": (b'{"quantity": {"amount": 1e3, "unit": "swab"}}', 400, "malformed-json"),
    "NaN": (b'{"quantity": {"amount": NaN, "unit": "swab"}}', 400, "malformed-json"),
    "infinity": (b'{"quantity": {"amount": -Infinity, "unit": "swab"}}', 400, "malformed-json"),
    "beyond 2^53": (b'{"quantity": {"amount": 9007199254740992, "unit": "swab"}}', 400, "malformed-json"),
    "an endless number": (b'{"quantity": ' + b"9" * 100_000 + b"}", 400, "malformed-json"),
    "not UTF-8": (b'{"label": "\xff"}', 400, "malformed-json"),
    "UTF-16": ('{"label": "A"}'.encode("utf-16"), 400, "malformed-json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "malformed-json"),
    "a lone surrogate": (b'{"label": "\\ud800"}', 400, "malformed-json"),
    "a deep list": (b"[" * 50_000 + b"]" * 50_000, 400, "malformed-json"),
    "a deep object": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, "malformed-json"),
    "too large": (b'{"label": "' + b"A" * 300_000 + b'"}', 413, "body-too-large"),
    "a list": (b"[]", 422, "invalid-request"),
    "a string": (b'"sample"', 422, "invalid-request"),
    "null": (b"null", 422, "invalid-request"),
}

MEMBERS = {
    "no case": (without("case"), "/case"),
    "no kind": (without("kind"), "/kind"),
    "no place": (without("collected_place"), "/collected_place"),
    "an unknown member": (body(sieze="S-1"), "/sieze"),
    "a case of null": (body(case=None), "/case"),
    "a UUID in braces": (body(case=f"{{{UUID}}}"), "/case"),
    "a UUID as URN": (body(case=f"urn:uuid:{UUID}"), "/case"),
    "a UUID without dashes": (body(case=UUID.replace("-", "")), "/case"),
    "a UUID with a space": (body(case=f"{UUID} "), "/case"),
    "a number for a UUID": (body(case=7), "/case"),
    "an unknown kind": (body(kind="plasma"), "/kind"),
    "a label with a space": (body(label="A 1"), "/label"),
    "a label with a line break": (body(label="A\n"), "/label"),
    "a label of 65 characters": (body(label="A" * 65), "/label"),
    "a label of nothing": (body(label=""), "/label"),
    "a label with NUL": (body(label="A\0"), "/label"),
    "a label as number": (body(label=7), "/label"),
    "an amount as text": (body(quantity={"amount": "2", "unit": "swab"}), "/quantity/amount"),
    "an amount of true": (body(quantity={"amount": True, "unit": "swab"}), "/quantity/amount"),
    "an amount of nothing": (body(quantity={"amount": 0, "unit": "swab"}), "/quantity/amount"),
    "an amount below nothing": (body(quantity={"amount": -1, "unit": "swab"}), "/quantity/amount"),
    "an unknown unit": (body(quantity={"amount": 1, "unit": "ounce"}), "/quantity/unit"),
    "more in the quantity": (body(quantity={"amount": 1, "unit": "swab", "x": 1}), "/quantity/x"),
    "an instant without offset": (body(collected_at="2026-01-01T00:00:00"), "/collected_at"),
    "an instant as number": (body(collected_at=1767225600), "/collected_at"),
    "a day for an instant": (body(collected_at="2026-01-01"), "/collected_at"),
    "the 30th of February": (body(collected_at="2026-02-30T00:00:00Z"), "/collected_at"),
    "nanoseconds": (body(collected_at="2026-01-01T00:00:00.000000001Z"), "/collected_at"),
    "an instant before the calendar": (body(collected_at="0001-01-01T00:00:00+12:00"), "/collected_at"),
    "a place with an override": (body(collected_place=f"{SECRET}\u202e"), "/collected_place"),
    "a place with a zero-width space": (body(collected_place=f"{SECRET}\u200b"), "/collected_place"),
    "a place with NUL": (body(collected_place=f"{SECRET}\0"), "/collected_place"),
    "a place of spaces": (body(collected_place="   "), "/collected_place"),
    "a place of 2001 characters": (body(collected_place="A" * 2001), "/collected_place"),
    "a claim in figures": (body(occurred_at=0), "/occurred_at"),
}


@pytest.mark.parametrize("name", RAW)
async def test_what_is_no_plain_json_object_is_refused_and_leaves_nothing(
    office: Office, owner: Any, name: str
) -> None:
    raw, status, code = RAW[name]
    before = await counts(owner)
    headers = office.headers("lab", UUID) | {"Content-Type": "application/json"}
    answer = await office.client.post("/v1/samples", content=raw, headers=headers)
    expect(answer, status, code)
    assert await counts(owner) == before


@pytest.mark.parametrize("name", MEMBERS)
async def test_a_wrong_member_is_named_and_its_value_is_not_repeated(office: Office, owner: Any, name: str) -> None:
    sent, pointer = MEMBERS[name]
    before = await counts(owner)
    raw = json.dumps(sent).encode()
    headers = office.headers("lab", UUID) | {"Content-Type": "application/json; charset=utf-8"}
    answer = await office.client.post("/v1/samples", content=raw, headers=headers)
    expect(answer, 422, "invalid-request")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert SECRET not in answer.text
    assert await counts(owner) == before


HEADERS: dict[str, tuple[dict[str, str | None], int, str]] = {
    "no token": ({"Authorization": None}, 401, "missing-token"),
    "another scheme": ({"Authorization": "Basic bGFiOmxhYg=="}, 401, "missing-token"),
    "no JWT": ({"Authorization": "Bearer x"}, 401, "invalid-token"),
    "a huge token": ({"Authorization": "Bearer " + "x" * 10_000}, 401, "invalid-token"),
    "no key": ({"Idempotency-Key": None}, 400, "missing-key"),
    "an empty key": ({"Idempotency-Key": ""}, 400, "malformed-key"),
    "a key in braces": ({"Idempotency-Key": f"{{{UUID}}}"}, 400, "malformed-key"),
    "a key as URN": ({"Idempotency-Key": f"urn:uuid:{UUID}"}, 400, "malformed-key"),
    "a key without dashes": ({"Idempotency-Key": UUID.replace("-", "")}, 400, "malformed-key"),
    "a key of one quote": ({"Idempotency-Key": '"'}, 400, "malformed-key"),
    "two keys in one": ({"Idempotency-Key": f"{UUID}, {UUID}"}, 400, "malformed-key"),
    "no media type": ({"Content-Type": None}, 415, "not-json"),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "not-json"),
    "another charset": ({"Content-Type": "application/json; charset=utf-16"}, 415, "not-json"),
    "compressed": ({"Content-Encoding": "gzip"}, 415, "encoded-body"),
}


@pytest.mark.parametrize("name", HEADERS)
async def test_a_wrong_header_is_refused_and_leaves_nothing(office: Office, owner: Any, name: str) -> None:
    changes, status, code = HEADERS[name]
    before = await counts(owner)
    headers: dict[str, str | None] = {**office.headers("lab", UUID), "Content-Type": "application/json"}
    kept = {header: value for header, value in (headers | changes).items() if value is not None}
    answer = await office.client.post("/v1/samples", content=json.dumps(body()).encode(), headers=kept)
    expect(answer, status, code)
    assert await counts(owner) == before


VERSIONS = {
    "none": (None, 428, "version-needed"),
    "any": ("*", 400, "malformed-version"),
    "weak": ('W/"1"', 400, "malformed-version"),
    "bare": ("1", 400, "malformed-version"),
    "zero": ('"0"', 400, "malformed-version"),
    "several": ('"1", "2"', 400, "malformed-version"),
    "a word": ('"one"', 400, "malformed-version"),
    "endless": (f'"{"9" * 40}"', 400, "malformed-version"),
    "figures of another script": ('"\u0661"'.encode(), 400, "malformed-version"),
}


@pytest.mark.parametrize("name", VERSIONS)
async def test_if_match_is_one_etag_of_ours(office: Office, owner: Any, name: str) -> None:
    version, status, code = VERSIONS[name]
    before = await counts(owner)
    headers: dict[str, Any] = {**office.headers("lab", UUID)}
    if version is not None:
        headers["If-Match"] = version
    amendment = {"changes": {"seal": "S-2"}, "reason": "misread"}
    answer = await office.client.post(f"/v1/samples/{UUID}/amendments", json=amendment, headers=headers)
    expect(answer, status, code)
    assert await counts(owner) == before


OTHERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an offer of nothing": ("/v1/offers", {"samples": []}, "/samples"),
    "an offer of too much": ("/v1/offers", {"samples": [f"{n:08d}{UUID[8:]}" for n in range(201)]}, "/samples"),
    "an item twice": ("/v1/offers", {"samples": [UUID, UUID.upper()]}, "/samples"),
    "a proposal for an instant": ("/v1/proposals", {"planned_on": "2099-01-01T00:00:00Z"}, "/planned_on"),
    "a proposal for week 1": ("/v1/proposals", {"planned_on": "2099-W01-1"}, "/planned_on"),
    "a proposal for a day by number": ("/v1/proposals", {"planned_on": 20990101}, "/planned_on"),
    "an amendment of nothing": (f"/v1/samples/{UUID}/amendments", {"changes": {}, "reason": "none"}, "/changes"),
    "an issuer with a space": (f"/v1/persons/{UUID}/accounts", {"issuer": "a b", "subject": "s"}, "/issuer"),
    "a name of 201 characters": ("/v1/persons", {"name": "A" * 201}, "/name"),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_the_other_bodies_are_as_strict(office: Office, owner: Any, name: str) -> None:
    path, sent, pointer = OTHERS[name]
    before = await counts(owner)
    answer = await office.post("lab", path, sent, if_match=1)
    expect(answer, 422, "invalid-request")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert await counts(owner) == before


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/v1/samples/", 404, "not-found"),
        ("GET", "/v2/samples", 404, "not-found"),
        ("GET", "/v1/samples/7", 404, "not-found"),
        ("GET", f"/v1/samples/%7B{UUID}%7D", 404, "not-found"),
        ("GET", f"/v1/samples/{UUID}%00", 404, "not-found"),
        ("DELETE", f"/v1/samples/{UUID}", 405, "method-not-allowed"),
        ("PUT", "/v1/samples", 405, "method-not-allowed"),
        ("GET", f"/v1/offers/{UUID}:accept", 405, "method-not-allowed"),
        ("GET", "/v1/cases:resolve", 405, "method-not-allowed"),
        ("BREW", "/v1/samples", 405, "method-not-allowed"),
        ("GET", "/v1/samples", 422, "invalid-request"),
        ("GET", "/v1/samples?label=A%201", 422, "invalid-request"),
        ("GET", "/v1/samples?label=A&limit=0", 422, "invalid-request"),
        ("GET", "/v1/samples?label=A&limit=201", 422, "invalid-request"),
        ("GET", "/v1/samples?label=A&limit=x", 422, "invalid-request"),
        ("GET", "/v1/samples?label=A&offset=5", 422, "invalid-request"),
        ("GET", "/v1/samples?label=A&cursor=", 400, "malformed-cursor"),
        ("GET", "/v1/samples?label=A&cursor=%F0%9F%94%92", 400, "malformed-cursor"),
        ("GET", "/v1/samples?label=A&cursor=WzFd", 400, "malformed-cursor"),  # [1]: a key of another list
        ("GET", "/v1/samples?label=A&cursor=WyJhIl0", 400, "malformed-cursor"),  # ["a"]: no UUID
        ("GET", "/v1/samples?label=A&cursor=bnVsbA", 400, "malformed-cursor"),  # null
        ("GET", f"/v1/samples/{UUID}/timeline?cursor=WyJhIl0", 400, "malformed-cursor"),
    ],
)
async def test_addresses_methods_and_queries_say_no_by_problems(
    office: Office, method: str, path: str, status: int, code: str
) -> None:
    answer = await office.client.request(method, path, headers=office.headers("lab"))
    expect(answer, status, code)
    assert status != 405 or answer.headers["allow"]


def expect(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told = answer.json()
    assert (told["type"], told["status"]) == (f"urn:cadena:problem:{code}", status)
    assert told.get("detail") or status == 405
    assert len(answer.content) < 20_000
