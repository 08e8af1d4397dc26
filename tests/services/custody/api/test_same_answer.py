"""G12: unknown and not yours are one answer, byte for byte but for the id, by the same SQL statements: every route."""

import uuid
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute, iter_route_contexts

from deploy.local.issuer import ISSUER
from services.custody.api.recording import Desk
from services.custody.app import routes
from tests.services.custody.api.office import Office, an_offer
from tests.shared.statements import heard

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
REASON = {"reason": "none"}
STATED = {"source": {"kind": "judgment", "reference": "A-1"}}
Things = dict[str, str]
Body = dict[str, Any]

# Route → an account without standing, and the body; `{sample}` and so on stand for the id that is unknown or not yours.
ACTS: dict[str, tuple[str, Body]] = {
    "/v1/cases/{case:id}/persons": ("prosecutor_2", {"person": NOBODY, "role": "victim", "source": "none"}),
    "/v1/cases/{case:id}/counsel": (
        "defence_2",
        {"counsel": NOBODY, "client": NOBODY, "source": {"kind": "court_appointment", "reference": "A-1"}},
    ),
    "/v1/cases/{case:id}/dates": ("prosecutor_2", {"anchor": "offence", "day": None} | STATED),
    "/v1/cases/{case:id}/circumstances": ("defence_2", {"circumstance": "stage", "value": None} | STATED),
    "/v1/cases/{case:id}/proceedings": ("prosecutor_2", {"kind": "appeal"} | STATED),
    "/v1/cases/{case:id}/proceedings/{proceeding:id}:decide": (
        "defence_2",
        {"day": "2026-10-05", "outcome": "denied"} | STATED,
    ),
    "/v1/cases/{case:id}/persons/{person:id}:end": ("prosecutor_2", {"role": "convicted"} | STATED),
    "/v1/cases/{case:id}/statements/{statement:id}:withdraw": ("defence_2", REASON),
    "/v1/samples/{sample:id}/amendments": ("lab_2", {"changes": {"seal": "S-7", "label": "L-7"}} | REASON),
    "/v1/offers/{offer:id}:accept": (
        "lab_2",
        {"receipts": [{"sample": "{sample}", "seal": "S-1", "condition": "intact"}]},
    ),
    "/v1/offers/{offer:id}:refuse": ("lab_2", {"reason": "other"}),
    "/v1/offers/{offer:id}:withdraw": ("lab_2", REASON),
    "/v1/proposals/{proposal:id}:withdraw": ("prosecutor_2", REASON),
    "/v1/holds/{hold:id}:lift": ("prosecutor_2", REASON),
    "/v1/accounts/{account:id}:close": ("lab", REASON),
    "/v1/accounts/{account:id}:reassign": ("lab", {"operator": NOBODY}),
    "/v1/auditors/{auditor:id}:dismiss": ("auditor", REASON),
    # What is named in the body alone.
    "/v1/offers": ("lab_2", an_offer(["{sample}"], NOBODY)),
    "/v1/proposals": (
        "prosecutor_2",
        {"samples": ["{sample}", "{other}"], "planned_on": "2099-01-01", "reason": "other", "method": "other"},
    ),
    "/v1/holds": ("lab_2", {"sample": "{sample}"} | REASON),
}
CASE_HOLD: Body = {"case": "{case}"} | REASON
READERS = ("prosecutor_2", "lab_2", "courier", "defence_2", "stranger")
NEEDS_NO_STANDING = {
    "/v1/organisations", "/v1/persons", "/v1/cases:resolve", "/v1/auditors",
    "/v1/samples", "/v1/samples:batch", "/v1/samples:validate",  # a laboratory registers under any case it can name
    "/v1/persons/{person:id}/accounts", "/v1/persons/{operator:id}/service-accounts",  # by role alone: see below
}  # fmt: skip


def of(method: str) -> set[str]:
    """The paths of the app's routes."""
    found = (context.original_route for context in iter_route_contexts(routes().routes))
    return {route.path for route in found if isinstance(route, APIRoute) and method in (route.methods or ())}


async def test_every_route_that_names_something_is_tried() -> None:
    assert set(ACTS) <= of("POST")
    assert of("POST") - set(ACTS) == NEEDS_NO_STANDING


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(office: Office) -> Things:
    """Something of each kind, of the prosecutor's, the lab's and the store's; and accounts that keep no register."""
    case = await office.case()
    await office.counsel(case)
    first, second, third = [(await office.sample(case))["id"] for _ in range(3)]
    offer = await office.offer([first])
    body = {"samples": [second], "planned_on": "2099-01-01", "reason": "other", "method": "other"}
    proposal = await office.did("prosecutor", "/v1/proposals", body)
    stated = await office.state("court", case, "proceedings", kind="appeal")
    hold = await office.did("court", "/v1/holds", {"sample": third} | REASON)
    linked = await office.read("registrar", f"/v1/persons/{office.house.persons['lab']}/accounts")
    appointed = await office.did("court", "/v1/auditors", {
        "person": office.house.persons["defence"], "issuer": ISSUER, "subject": "expert", "order": "A-1",
    })  # fmt: skip
    return {
        "case": case, "sample": first, "other": second, "offer": offer["id"], "proposal": proposal["id"],
        "hold": hold["id"], "account": linked["items"][0]["id"], "auditor": appointed["id"],
        "person": office.house.persons["lab"],
        "proceeding": stated["statements"][0]["id"], "statement": stated["statements"][0]["id"],
    }  # fmt: skip


def filled(template: Any, ids: Things) -> Any:
    """A path or body with the ids in their places."""
    if isinstance(template, dict):
        return {name: filled(value, ids) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, ids) for value in template]
    for noun, one in ids.items():
        template = template.replace(f"{{{noun}:id}}", one).replace(f"{{{noun}}}", one) if template else template
    return template


def unknown(things: Things) -> Things:
    """As many ids that nothing has."""
    return {noun: str(uuid.uuid4()) for noun in things}


@pytest.mark.parametrize("path", sorted(path for path in of("GET") if "{" in path))
async def test_g12_a_read_of_what_is_unknown_and_of_what_is_not_yours(
    office: Office, things: Things, path: str
) -> None:
    for account in READERS:
        theirs = await _watched(office, "GET", account, filled(path, things))
        nobodys = await _watched(office, "GET", account, filled(path, unknown(things)))
        assert theirs[0][0] == 404, (account, theirs[0])
        assert theirs == nobodys, account
        assert len(theirs[1]) > 0


@pytest.mark.parametrize("path", [*ACTS, "/v1/holds of a case"])
async def test_g12_an_act_on_what_is_unknown_and_on_what_is_not_yours(
    office: Office, things: Things, path: str
) -> None:
    account, body = ACTS.get(path, ("lab_2", CASE_HOLD))
    path = path.removesuffix(" of a case")
    answers = []
    for ids in (things, unknown(things)):
        answers.append(await _watched(office, "POST", account, filled(path, ids), filled(body, ids)))
    assert answers[0][0][0] == 404, answers[0]
    assert answers[0] == answers[1]
    assert any(" FOR " in statement for statement in answers[0][1]), "it was looked for, under locks"


async def test_g12_what_a_list_finds_of_others_is_what_it_finds_of_nothing(office: Office, things: Things) -> None:
    label = (await office.read("lab", f"/v1/samples/{things['sample']}"))["label"]
    for account in READERS[:-1]:
        theirs = await _watched(office, "GET", account, f"/v1/samples?label={label}")
        assert theirs == await _watched(office, "GET", account, "/v1/samples?label=NEVER-USED")
        assert theirs[0][0] == 200


async def test_g12_by_role_alone_the_answer_does_not_tell_whether_a_person_exists(
    office: Office, things: Things
) -> None:
    body = {"organisation": NOBODY, "role": "lab", "issuer": ISSUER, "subject": "x"}
    for path in ("/v1/persons/{person}/accounts", "/v1/persons/{person}/service-accounts"):
        answers = []
        for ids in (things, unknown(things)):
            answer = await office.post("prosecutor", filled(path, ids), body)
            said = answer.json()
            assert (answer.status_code, len(said.pop("promises"))) == (403, 1)
            assert said.pop("target") == f"person/{ids['person']}"
            answers.append(said)
        assert answers[0] == answers[1]


async def _watched(
    office: Office, method: str, account: str, path: str, body: Body | None = None
) -> tuple[tuple[int, bytes, list[tuple[str, str]]], list[str]]:
    """Status, body and headers of the answer, and the statements that it took."""
    transport = office.client._transport
    assert isinstance(transport, httpx2.ASGITransport)
    app: Any = transport.app
    desk: Desk = app.state.desk
    headers = office.headers(account, if_match=1) if method == "POST" else office.headers(account)
    with heard(desk.engine) as asked:
        answer = await office.client.request(method, path, json=body, headers=headers)
    return (answer.status_code, answer.content, sorted(answer.headers.items())), asked
