"""G12: nobody sees a case in which they have no standing, and cannot tell it from one that does not exist."""

import pytest
import pytest_asyncio

from services.custody.api import answers
from services.custody.authorise import TABLE
from services.custody.queries import visibility
from shared.database import connect
from tests.services.custody.api.office import ACCOUNTS, Office, a_sample

pytestmark = pytest.mark.asyncio(loop_scope="module")

Things = dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(office: Office) -> Things:
    """A case of `prosecutor` with `defence` of record: a sample of `lab`, now held by the store, and proposed."""
    case = await office.case()
    await office.counsel(case)
    sample = (await office.sample(case))["id"]
    offer = await office.offer([sample])
    await office.accept(offer)
    body = {"samples": [sample], "planned_on": "2099-01-01", "reason": "other", "method": "other"}
    proposal = (await office.did("prosecutor", "/v1/proposals", body))["id"]
    return {"case": case, "sample": sample, "offer": offer["id"], "proposal": proposal}


ALL = {"case", "sample", "offer", "proposal"}
SEEN: dict[str, set[str]] = {
    "court": ALL,
    "prosecutor": ALL,
    "prosecutor_2": set(),
    "lab": {"case", "sample", "offer"},  # it registered the sample, and holds it no more
    "lab_2": set(),
    "custodian": ALL,
    "courier": set(),
    "defence": ALL,
    "defence_2": set(),
    "oversight": ALL,
    "auditor": ALL,
    "registrar": set(),
    "stranger": set(),  # a valid token of an account that custody does not know
}


async def test_g12_each_account_sees_what_it_has_standing_in(office: Office, things: Things) -> None:
    assert SEEN.keys() == ACCOUNTS.keys() | {"registrar", "stranger"}
    for account, seen in SEEN.items():
        found = {noun for noun, one in things.items() if await _status(office, account, f"/v1/{noun}s/{one}") == 200}
        assert found == seen, account
        inventory = await _status(office, account, f"/v1/cases/{things['case']}/inventory")
        timeline = await _status(office, account, f"/v1/samples/{things['sample']}/timeline")
        assert (inventory == 200, timeline == 200) == ("case" in seen, "sample" in seen), account


async def _status(office: Office, account: str, path: str) -> int:
    answer = await office.get(account, path)
    assert answer.status_code in (200, 404), answer.text
    return answer.status_code


async def test_g12_a_label_finds_what_you_may_see_and_nothing_else(office: Office, things: Things) -> None:
    case, other = await office.case(), await office.case("prosecutor_2")
    own = await office.sample(case, label="SAME")
    theirs = await office.sample(other, by="lab_2", label="SAME")
    for account, expected in (
        ("lab", {own["id"]}), ("lab_2", {theirs["id"]}), ("prosecutor", {own["id"]}), ("defence", set()),
        ("court", {own["id"], theirs["id"]}), ("courier", set()),
    ):  # fmt: skip
        found = await office.read(account, "/v1/samples", label="SAME")
        assert {one["id"] for one in found["items"]} == expected, account


async def test_g12_an_inventory_shows_a_lab_its_own_items_of_a_case_only(office: Office) -> None:
    case = await office.case()
    own = await office.sample(case)
    theirs = await office.sample(case, by="lab_2")
    shown = await office.read("lab", f"/v1/cases/{case}/inventory")
    assert [one["sample"]["id"] for one in shown["items"]] == [own["id"]]
    shown = await office.read("prosecutor", f"/v1/cases/{case}/inventory")
    assert [one["sample"]["id"] for one in shown["items"]] == [own["id"], theirs["id"]]


async def test_g12_an_item_under_a_guessed_folio_shows_nobody_of_the_case(office: Office) -> None:
    """A laboratory registers an item under a folio that it guessed; so does who holds or once held an item of it."""
    folio = "F-GUESSED"
    case = await office.case(folio=folio)
    await office.counsel(case)
    handed, kept = (await office.sample(case))["id"], (await office.sample(case, by="lab"))["id"]
    await office.accept(await office.offer([handed]))
    guessed = await office.case(by="lab_2", folio=folio)
    own = (await office.sample(guessed, by="lab_2"))["id"]
    brief = {"id": case, "authority": office.house.organisations["prosecutor"], "folio": folio}
    for account, items in (("lab", [handed, kept]), ("lab_2", [own]), ("custodian", [handed])):
        read = await office.get(account, f"/v1/cases/{case}")
        assert (read.status_code, read.json()) == (200, brief), account
        assert "etag" not in read.headers, "a version would tell how much happened in the case"
        inventory = await office.get(account, f"/v1/cases/{case}/inventory")
        answers.Inventory.model_validate(inventory.json())
        assert inventory.json()["case"] == brief, account
        assert [one["sample"]["id"] for one in inventory.json()["items"]] == items, account
        assert office.house.persons["defence"] not in inventory.text + read.text
    for account in ("court", "prosecutor", "defence", "oversight", "auditor"):
        whole = answers.CaseAnswer.model_validate(await office.read(account, f"/v1/cases/{case}"))
        assert ([one.counsel for one in whole.counsel], len(whole.persons)) == ([office.house.persons["defence"]], 1)


async def test_g12_an_offer_with_items_of_two_cases_is_not_shown_to_counsel_of_one(office: Office) -> None:
    mine, other = await office.case(), await office.case("prosecutor_2")
    await office.counsel(mine)
    items = [(await office.sample(mine))["id"], (await office.sample(other))["id"]]
    offer = await office.offer(items)
    for account, status in (("defence", 404), ("prosecutor", 404), ("lab", 200), ("custodian", 200), ("court", 200)):
        assert await _status(office, account, f"/v1/offers/{offer['id']}") == status, account
    assert (await office.post("defence", f"/v1/offers/{offer['id']}:withdraw", {"reason": "none"})).status_code == 404


async def test_every_relation_that_the_table_grants_for_reading_has_a_condition() -> None:
    conditions = {
        "case.read": visibility.CASE, "case.read_brief": visibility.CASE, "sample.read": visibility.SAMPLE,
        "offer.read": visibility.OFFER, "proposal.read": visibility.PROPOSAL, "hold.read": visibility.HOLD,
        "account.read": visibility.REGISTER, "auditor.read": visibility.REGISTER,
    }  # fmt: skip
    granted = {(verb, relation) for (_, verb), relations in TABLE.items() for relation in relations if "read" in verb}
    assert granted
    assert not [(verb, relation) for verb, relation in granted if relation not in conditions[verb]]


async def test_an_auditor_sees_that_something_was_said_and_not_what(office: Office, things: Things) -> None:
    path = f"/v1/samples/{things['sample']}"
    assert (await office.read("court", path))["collected_place"] == a_sample("")["collected_place"]
    assert (await office.read("auditor", path))["collected_place"] is None
    timeline = await office.read("auditor", f"{path}/timeline")
    assert timeline["items"][0]["sealed"] == {"collected_place": None}


@pytest.mark.parametrize("statement", ["DELETE FROM sealed_value", "UPDATE sealed_value SET value = 'Elsewhere'"])
async def test_a_text_that_was_erased_or_changed_is_not_shown(office: Office, statement: str) -> None:
    sample = (await office.sample(await office.case()))["id"]
    owner = await connect(office.house.urls["owner"])
    try:
        of_sample = "WHERE event_id IN (SELECT id FROM event WHERE subject = $1)"
        await owner.execute(f"{statement} {of_sample}", f"sample/{sample}")
    finally:
        await owner.close()
    read = await office.read("lab", f"/v1/samples/{sample}")
    assert (read["collected_place"], read["sealed"].keys()) == (None, {"collected_place"})
    timeline = await office.read("lab", f"/v1/samples/{sample}/timeline")
    assert timeline["items"][0]["sealed"] == {"collected_place": None}
