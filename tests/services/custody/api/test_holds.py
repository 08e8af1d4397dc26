"""Holds over HTTP: placed by whom the table names, seen by whom it concerns, in the way of a proposal at once (G3)."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from tests.services.custody.api.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHY = {"reason": "Retesting is asked for."}


def a_proposal(samples: list[str]) -> dict[str, Any]:
    return {"samples": samples, "planned_on": "2999-01-01", "reason": "retention_over", "method": "incineration"}


@pytest_asyncio.fixture(loop_scope="module")
async def sample(office: Office) -> dict[str, Any]:
    case = await office.case()
    await office.counsel(case)
    return await office.sample(case)


async def test_g3_a_hold_by_counsel_blocks_a_proposal_until_it_is_lifted(
    office: Office, sample: dict[str, Any]
) -> None:
    hold = await office.did("defence", "/v1/holds", WHY | {"sample": sample["id"]})
    assert (hold["status"], hold["root"], hold["version"]) == ("standing", sample["id"], 1)
    refused = await office.post("prosecutor", "/v1/proposals", a_proposal([sample["id"]]))
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:cadena:problem:under-hold")
    assert (await office.post("prosecutor", f"/v1/holds/{hold['id']}:lift", WHY)).status_code == 403
    lifted = await office.did("defence", f"/v1/holds/{hold['id']}:lift", WHY)
    assert (lifted["status"], lifted["version"]) == ("lifted", 2)
    await office.did("prosecutor", "/v1/proposals", a_proposal([sample["id"]]))


async def test_g12_a_hold_is_read_by_whom_it_concerns(office: Office, sample: dict[str, Any]) -> None:
    of_case = await office.did("court", "/v1/holds", WHY | {"case": sample["case"]})
    of_item = await office.did("lab", "/v1/holds", WHY | {"sample": sample["id"]})
    for who in ("court", "prosecutor", "defence", "lab", "oversight"):
        read = await office.read(who, f"/v1/holds/{of_case['id']}")
        assert read["reason"] == WHY["reason"]
        listed = await office.read(who, f"/v1/samples/{sample['id']}/holds")
        assert [one["id"] for one in listed["items"]] == sorted([of_case["id"], of_item["id"]])
    assert (await office.read("auditor", f"/v1/holds/{of_case['id']}"))["reason"] is None
    for who in ("defence_2", "prosecutor_2", "lab_2", "courier"):
        assert (await office.get(who, f"/v1/holds/{of_case['id']}")).status_code == 404
        assert (await office.get(who, f"/v1/samples/{sample['id']}/holds")).status_code == 404


async def test_g1_the_same_key_gives_the_same_hold_and_another_key_another(
    office: Office, sample: dict[str, Any]
) -> None:
    key = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
    body = WHY | {"sample": sample["id"]}
    first, again = [await office.post("defence", "/v1/holds", body, key=key) for _ in range(2)]
    assert first.content == again.content
    assert (await office.did("defence", "/v1/holds", body))["id"] != first.json()["id"]
    assert (await office.did("court", "/v1/holds", body, key=key))["id"] != first.json()["id"]
    assert first.json()["id"][14] == "8"


@pytest.mark.parametrize("named", [{}, {"sample": "A", "case": "A"}])
async def test_a_hold_is_of_an_item_or_of_a_case(office: Office, sample: dict[str, Any], named: dict[str, str]) -> None:
    answer = await office.post("court", "/v1/holds", WHY | dict.fromkeys(named, sample["id"]))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:cadena:problem:invalid-request")


@pytest.mark.parametrize("what", ["sample", "case"])
async def test_g3_of_a_hold_and_a_proposal_at_one_moment_one_sees_the_other(
    office: Office, sample: dict[str, Any], what: str
) -> None:
    named = {"sample": sample["id"], "case": sample["case"]}
    hold, proposal = await asyncio.gather(
        office.post("defence", "/v1/holds", WHY | {what: named[what]}),
        office.post("prosecutor", "/v1/proposals", a_proposal([sample["id"]])),
    )
    assert hold.status_code == 201
    assert proposal.status_code in (201, 409)
    placed, proposed = hold.json()["updated_at"], proposal.json().get("updated_at")
    assert proposed is None or proposed < placed
