"""The whole path of an item over HTTP: registered, amended, handed over, proposed for destruction; every answer's shape."""

import jwt
import pytest

from services.custody.api import answers
from tests.services.custody.api.office import Office, an_offer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLANNED = "2099-01-02"


async def test_a_sample_is_registered_amended_and_read_with_its_texts(office: Office) -> None:
    case = await office.case()
    made = await office.sample(case)
    answers.SampleAnswer.model_validate(made)
    assert "collected_place" not in made, "an answer is kept for ever; a text may have to be erased"
    assert made["registered_by"] == office.house.organisations["lab"]
    assert made["retention"]["until"] == "2021-03-14"
    amendment = {"changes": {"seal": "S-2", "collected_place": "Calle 5 de Mayo 21"}, "reason": "misread"}
    path = f"/v1/samples/{made['id']}"
    amended = await office.did("lab", f"{path}/amendments", amendment, if_match=1)
    assert (amended["version"], amended["seal"]) == (2, "S-2")
    read = await office.get("lab", path)
    assert read.headers["etag"] == '"2"'
    answers.SampleAnswer.model_validate(read.json())
    assert read.json()["collected_place"] == "Calle 5 de Mayo 21"


async def test_the_timeline_shows_each_event_its_texts_and_its_place(office: Office) -> None:
    made = await office.sample(await office.case())
    amendment = {"changes": {"seal": "S-2"}, "reason": "misread at intake"}
    await office.did("lab", f"/v1/samples/{made['id']}/amendments", amendment, if_match=1)
    timeline = await office.read("lab", f"/v1/samples/{made['id']}/timeline")
    answers.Timeline.model_validate(timeline)
    first, second = timeline["items"]
    assert [first["event"]["sequence"], second["event"]["sequence"]] == [1, 2]
    assert first["sealed"] == {"collected_place": "Calle 5 de Mayo 12, Cholula"}
    assert second["sealed"] == {"reason": "misread at intake"}
    assert first["seal"] == {"state": "recorded"}
    claims = jwt.decode(made["promises"][0], options={"verify_signature": False})
    assert claims["event"] == first["event"]["id"]


async def test_g5_custody_moves_when_the_receiver_accepts_and_not_before(office: Office) -> None:
    case = await office.case()
    items = [(await office.sample(case))["id"] for _ in range(2)]
    offer = await office.offer(items)
    answers.OfferAnswer.model_validate(offer)
    held = await office.read("lab", f"/v1/samples/{items[0]}")
    assert (held["custodian"]["organisation"], held["status"]) == (office.house.organisations["lab"], "offered")
    accepted = await office.accept(offer)
    assert accepted["status"] == "accepted"
    assert len(accepted["promises"]) == 3, "one for the offer, one for each item"
    held = await office.read("custodian", f"/v1/samples/{items[1]}")
    assert held["custodian"] == {
        "organisation": office.house.organisations["store"], "person": office.house.persons["custodian"],
    }  # fmt: skip
    assert held["links"] == 2


@pytest.mark.parametrize(
    ("verb", "by", "body", "status"),
    [
        ("refuse", "custodian", {"reason": "broken_seal", "note": "torn"}, "refused"),
        ("withdraw", "lab", {"reason": "no courier"}, "withdrawn"),
    ],
)
async def test_an_offer_that_is_not_accepted_leaves_the_item_where_it_is(
    office: Office, verb: str, by: str, body: dict[str, str], status: str
) -> None:
    made = await office.sample(await office.case())
    offer = await office.offer([made["id"]])
    ended = await office.did(by, f"/v1/offers/{offer['id']}:{verb}", body)
    assert ended["status"] == status
    read = await office.read("lab", f"/v1/offers/{offer['id']}")
    answers.OfferAnswer.model_validate(read)
    assert (await office.read("lab", f"/v1/samples/{made['id']}"))["status"] == "held"


async def test_a_seal_that_differs_is_explained_or_refused_as_a_recorded_fact(office: Office) -> None:
    made = await office.sample(await office.case())
    offer = await office.offer([made["id"]])
    receipt = {"sample": made["id"], "seal": "S-9", "condition": "seal_broken"}
    path = f"/v1/offers/{offer['id']}:accept"
    refused = await office.post("custodian", path, {"receipts": [receipt]}, if_match=1)
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["type"] == "urn:cadena:problem:seal-mismatch-unexplained"
    assert len(refused.json()["promises"]) == 1, "a refusal is a fact (G9)"
    taken = {"receipts": [receipt | {"discrepancy": "torn in transit"}]}
    assert (await office.did("custodian", path, taken, if_match=1))["status"] == "accepted"
    timeline = await office.read("custodian", f"/v1/samples/{made['id']}/timeline")
    assert timeline["items"][-1]["sealed"] == {"discrepancy": "torn in transit"}


async def test_a_destruction_is_proposed_with_its_recipients_and_withdrawn(office: Office) -> None:
    case = await office.case()
    await office.counsel(case)
    made = await office.sample(case)
    body = {"samples": [made["id"]], "planned_on": PLANNED, "reason": "retention_over", "method": "incineration",
            "explanation": "Space is needed."}  # fmt: skip
    proposal = await office.did("prosecutor", "/v1/proposals", body)
    answers.ProposalAnswer.model_validate(proposal)
    assert [one["person"] for one in proposal["recipients"]] == [office.house.persons["defence"]]
    read = await office.read("defence", f"/v1/proposals/{proposal['id']}")
    assert read["explanation"] == "Space is needed."
    inventory = await office.read("defence", f"/v1/cases/{case}/inventory")
    answers.Inventory.model_validate(inventory)
    assert inventory["items"][0]["proposal"] == {"id": proposal["id"], "status": "open", "planned_on": PLANNED}
    gone = await office.did("prosecutor", f"/v1/proposals/{proposal['id']}:withdraw", {"reason": "retest ordered"})
    assert gone["status"] == "withdrawn"
    assert (await office.read("defence", f"/v1/samples/{made['id']}"))["proposal"] is None


async def test_people_answers_have_the_documented_shapes(office: Office) -> None:
    body = {"name": "Instituto de Genética", "kind": "lab", "independent": True, "source": "D-1"}
    answers.OrganisationAnswer.model_validate(made := await office.did("registrar", "/v1/organisations", body))
    person = await office.did("registrar", "/v1/persons", {"name": "Әйгерім Сәрсенова"})
    answers.PersonAnswer.model_validate(person)
    link = {"organisation": made["id"], "role": "lab", "issuer": "https://idp.example", "subject": "aigerim"}
    account = await office.did("registrar", f"/v1/persons/{person['id']}/accounts", link)
    answers.AccountAnswer.model_validate(account)


async def test_g12_a_case_that_was_known_is_answered_with_its_id_alone(office: Office) -> None:
    case = await office.case(folio="F-KNOWN")
    await office.counsel(case)
    body = {"authority": office.house.organisations["prosecutor"], "folio": "F-KNOWN"}
    known = await office.post("lab_2", "/v1/cases:resolve", body)
    assert known.status_code == 200
    assert known.json() == {"id": case, **body}
    assert "etag" not in known.headers, "a version would tell how much happened in the case"


async def test_a_retry_repeats_the_answer_byte_for_byte_however_it_spells_the_same(office: Office) -> None:
    made = await office.sample(await office.case())
    key = "0190A1B2-C3D4-7E5F-8A6B-0C1D2E3F4A5B"
    body = an_offer([made["id"]], office.house.organisations["store"])
    first = await office.post("lab", "/v1/offers", body, key=key)
    assert first.status_code == 201, first.text
    shouted = an_offer([made["id"].upper()], office.house.organisations["store"].upper())
    again = await office.post("lab", "/v1/offers", shouted | {"note": None}, key=f'"{key.lower()}"')
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    other = await office.post("lab", "/v1/offers", body | {"purpose": "court"}, key=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:cadena:problem:key-reused")


async def test_a_stale_version_is_told_the_present_one_and_leaves_the_key_free(office: Office) -> None:
    made = await office.sample(await office.case())
    path, key = f"/v1/samples/{made['id']}/amendments", "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5c"
    await office.did("lab", path, {"changes": {"seal": "S-2"}, "reason": "misread"}, if_match=1)
    body = {"changes": {"seal": "S-3"}, "reason": "misread again"}
    stale = await office.post("lab", path, body, key=key, if_match=1)
    assert (stale.status_code, stale.headers["etag"]) == (412, '"2"')
    assert (await office.did("lab", path, body, key=key, if_match=2))["version"] == 3
