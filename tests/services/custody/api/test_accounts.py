"""Accounts of systems, the end of accounts, and auditors of courts, as their callers meet them."""

import asyncio
import uuid
from typing import Any

import pytest

from deploy.local.issuer import ISSUER
from services.custody.api import answers
from shared.accounts import account_digest
from shared.database import connect
from shared.events import Event
from tests.services.custody.api.office import Office, a_sample, an_offer

pytestmark = pytest.mark.asyncio(loop_scope="module")
LEFT = {"reason": "She left."}


async def person(office: Office, subject: str, organisation: str = "lab", role: str = "lab") -> tuple[str, str]:
    """A new person with an account; ids of both."""
    one = (await office.did("registrar", "/v1/persons", {"name": f"Name of {subject}"}))["id"]
    link = {
        "organisation": office.house.organisations[organisation], "role": role, "issuer": ISSUER, "subject": subject,
    }  # fmt: skip
    return one, (await office.did("registrar", f"/v1/persons/{one}/accounts", link))["id"]


async def system(office: Office, operator: str, subject: str) -> dict[str, Any]:
    body = {
        "organisation": office.house.organisations["lab"], "role": "lab", "issuer": ISSUER, "subject": subject,
    }  # fmt: skip
    return await office.did("registrar", f"/v1/persons/{operator}/service-accounts", body)


def fresh() -> str:
    return f"subject-{uuid.uuid4().hex[:8]}"


async def test_a_system_registers_in_its_operators_name_and_its_events_say_so(office: Office) -> None:
    chemist, lims = fresh(), fresh()
    operator, _ = await person(office, chemist)
    account = await system(office, operator, lims)
    answers.AccountAnswer.model_validate(account)
    assert (account["kind"], account["person"], account["status"]) == ("service", operator, "open")
    sample = await office.sample(await office.case(by=lims), by=lims)
    assert sample["custodian"]["person"] == operator
    [item] = (await office.read(lims, f"/v1/samples/{sample['id']}/timeline"))["items"]
    actor = item["event"]["actor"]
    assert actor == {
        "person": operator, "org": office.house.organisations["lab"], "role": "lab", "account": account["id"],
    }  # fmt: skip


async def test_g5_a_system_prepares_an_offer_and_accepts_none(office: Office) -> None:
    lims = fresh()
    operator, _ = await person(office, fresh())
    await system(office, operator, lims)
    case = await office.case()
    sample = (await office.sample(case, by=lims))["id"]
    await office.did(lims, "/v1/offers", an_offer([sample], office.house.organisations["store"]))
    theirs = (await office.sample(case, by="lab_2"))["id"]
    to_us = await office.offer([theirs], by="lab_2", to="lab")
    receipts = {"receipts": [{"sample": theirs, "seal": "S-1", "condition": "intact"}]}
    refused = await office.post(lims, f"/v1/offers/{to_us['id']}:accept", receipts, if_match=1)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:cadena:problem:role-forbids")
    assert len(refused.json()["promises"]) == 1, "a fact (G9)"
    await office.did("lab", f"/v1/offers/{to_us['id']}:accept", receipts, if_match=1)


async def test_closing_an_account_ends_it_at_once_and_stops_its_systems(office: Office) -> None:
    chemist, lims, assistant = fresh(), fresh(), fresh()
    operator, account = await person(office, chemist)
    service = await system(office, operator, lims)
    case = await office.case()
    await office.sample(case, by=lims)
    closed = await office.did("registrar", f"/v1/accounts/{account}:close", LEFT)
    assert (closed["status"], len(closed["promises"])) == ("closed", 2)
    for who in (chemist, lims):
        assert (await office.post(who, "/v1/samples", a_sample(case))).status_code == 404
        assert (await office.get(who, "/v1/samples", label="A")).status_code == 404
    listed = answers.Accounts.model_validate(await office.read("court", f"/v1/persons/{operator}/accounts"))
    assert {one.id: one.status for one in listed.items} == {account: "closed", service["id"]: "stopped"}
    other, _ = await person(office, assistant)
    again = await office.did("registrar", f"/v1/accounts/{service['id']}:reassign", {"operator": other})
    assert (again["status"], again["person"]) == ("open", other)
    assert (await office.sample(case, by=lims))["custodian"]["person"] == other


async def test_a_subject_that_moved_is_linked_anew(office: Office) -> None:
    subject = fresh()
    one, account = await person(office, subject)
    taken = await office.post("registrar", f"/v1/persons/{one}/accounts", {
        "organisation": office.house.organisations["lab_2"], "role": "lab", "issuer": ISSUER, "subject": subject,
    })  # fmt: skip
    assert taken.json()["type"] == "urn:cadena:problem:already-linked"
    await office.did("registrar", f"/v1/accounts/{account}:close", LEFT)
    moved = {
        "organisation": office.house.organisations["lab_2"], "role": "lab", "issuer": ISSUER, "subject": subject,
    }  # fmt: skip
    await office.did("registrar", f"/v1/persons/{one}/accounts", moved)
    sample = await office.sample(await office.case(), by=subject)
    assert sample["registered_by"] == office.house.organisations["lab_2"]


async def test_g2_counsels_last_account_is_closed_by_a_court_alone(office: Office) -> None:
    subject = fresh()
    one, account = await person(office, subject, "defender", "defence")
    office.house.persons[subject] = one
    case = await office.case()
    await office.counsel(case, subject)
    refused = await office.post("registrar", f"/v1/accounts/{account}:close", LEFT)
    assert refused.json()["type"] == "urn:cadena:problem:last-account-of-counsel"
    assert (await office.get(subject, f"/v1/cases/{case}")).status_code == 200
    await office.did("court", f"/v1/accounts/{account}:close", LEFT)
    assert (await office.get(subject, f"/v1/cases/{case}")).status_code == 404
    whole = await office.read("court", f"/v1/cases/{case}")
    assert [counsel["counsel"] for counsel in whole["counsel"]] == [one], "the appointment stands, and is told of"


async def test_two_who_close_each_other_leave_one(office: Office) -> None:
    """Each holds its own account while it waits for the other's; one of them finds itself closed."""
    first, second = fresh(), fresh()
    accounts = [(await person(office, one, "court", "court"))[1] for one in (first, second)]
    both = await asyncio.gather(
        office.post(first, f"/v1/accounts/{accounts[1]}:close", LEFT),
        office.post(second, f"/v1/accounts/{accounts[0]}:close", LEFT),
    )
    assert sorted(answer.status_code for answer in both) == [200, 404], [answer.text for answer in both]


async def test_g12_a_court_appoints_an_auditor_that_no_registrar_linked(office: Office) -> None:
    expert = (await office.did("court", "/v1/persons", {"name": "Perita independiente"}))["id"]
    subject = fresh()
    body = {"person": expert, "issuer": ISSUER, "subject": subject, "order": "AC-2026-91"}
    made = await office.did("court", "/v1/auditors", body)
    answers.AuditorAnswer.model_validate(made)
    assert made["account_digest"] == account_digest(ISSUER, subject)
    assert (await office.get(subject, "/v1/samples", label="A")).status_code == 404, "entries, and nothing of custody"
    again = await office.post("court", "/v1/auditors", body)
    assert again.json()["type"] == "urn:cadena:problem:already-auditor"
    refused = await office.post("registrar", "/v1/auditors", body)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:cadena:problem:role-forbids")
    await office.did("court", f"/v1/auditors/{made['id']}:dismiss", {"reason": "The report is in."})
    for who, seen in (("court", True), ("oversight", True), ("registrar", True), ("lab", False), ("auditor", False)):
        listed = answers.Auditors.model_validate(await office.read(who, "/v1/auditors", limit=200))
        assert (made["id"] in {one.id for one in listed.items if one.status == "dismissed"}) is seen, who
        assert bool(listed.items) is seen


async def test_the_reason_of_a_closing_is_sealed_and_not_in_the_event(office: Office) -> None:
    _, account = await person(office, fresh())
    await office.did("registrar", f"/v1/accounts/{account}:close", {"reason": "Found drunk at work"})
    api = await connect(office.house.urls["api"])
    try:
        rows = await api.fetch("SELECT bytes FROM event WHERE subject = $1 ORDER BY sequence", f"account/{account}")
        kept = await api.fetchval("SELECT count(*) FROM sealed_value WHERE value = 'Found drunk at work'")
    finally:
        await api.close()
    facts = [Event.from_bytes(row["bytes"]) for row in rows]
    assert [one.type.rpartition("account.")[2] for one in facts] == ["linked.v1", "closed.v1"]
    assert (b"drunk" in rows[1]["bytes"], kept) == (False, 1)
