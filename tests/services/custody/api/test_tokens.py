"""A token says who; a role says what; a scope can only narrow it. Nothing of a refused token is recorded."""

import uuid

import pytest

from tests.services.custody.api.office import Office, a_sample

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("scopes", "may_register", "may_read"),
    [
        ([], True, True),
        (["openid", "notify:read"], True, True),
        (["custody:sample:register"], True, False),
        (["custody:read"], False, True),
        (["custody:read", "custody:sample:register"], True, True),
        (["custody:organisation:register"], False, False),
    ],
)
async def test_scopes_narrow_a_role(office: Office, scopes: list[str], may_register: bool, may_read: bool) -> None:
    case = await office.case()
    await office.sample(case)
    key = str(uuid.uuid4())
    headers = {"Authorization": f"Bearer {office.house.token('lab', scopes=scopes)}", "Idempotency-Key": key}
    made = await office.client.post("/v1/samples", json=a_sample(case), headers=headers)
    read = await office.client.get(f"/v1/cases/{case}", headers=headers)
    assert (made.status_code, read.status_code) == (201 if may_register else 403, 200 if may_read else 403)
    if not may_register:
        assert made.json()["type"] == "urn:cadena:problem:scope-too-narrow"
        assert "insufficient_scope" in made.headers["www-authenticate"]
        assert "promises" not in made.json(), "a narrow token is no act of the person"
        assert (await office.did("lab", "/v1/samples", a_sample(case), key=key))["version"] == 1, "the key is free"


async def test_a_scope_widens_no_role(office: Office) -> None:
    headers = {
        "Authorization": f"Bearer {office.house.token('lab', scopes=['custody:organisation:register'])}",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    body = {"name": "Own court", "kind": "court", "independent": True}
    answer = await office.client.post("/v1/organisations", json=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:cadena:problem:role-forbids")
    assert len(answer.json()["promises"]) == 1, "refused by role to one with standing: a fact (G9)"


@pytest.mark.parametrize("audience", ["notify", "audit", "custody.example"])
async def test_a_token_for_another_service_is_none(office: Office, audience: str) -> None:
    headers = {"Authorization": f"Bearer {office.house.token('lab', audience)}"}
    assert (await office.client.get("/v1/samples?label=A", headers=headers)).status_code == 401


async def test_a_token_that_is_over_is_none(office: Office) -> None:
    headers = {"Authorization": f"Bearer {office.house.token('lab', lifetime=-60)}"}
    assert (await office.client.get("/v1/samples?label=A", headers=headers)).status_code == 401


async def test_an_account_that_custody_does_not_know_finds_nothing_and_can_do_nothing(office: Office) -> None:
    case = await office.case()
    assert (await office.get("stranger", "/v1/samples", label="A")).status_code == 404
    answer = await office.post("stranger", "/v1/samples", a_sample(case))
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:cadena:problem:not-found")


async def test_probes_answer_without_a_token(office: Office) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = await office.client.get(path)
        assert answer.status_code == 200, answer.text
    probes = {"database": "ok", "founded": "ok", "issuer": "ok"}
    assert (await office.client.get("/readyz")).json() == {"ready": True, "probes": probes}
