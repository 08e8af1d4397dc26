"""Statements over HTTP, under a law that asks for them: Wisconsin keeps until the last discharge."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.outside import no
from tests.services.custody.api.office import House, Office, build

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOTHING = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def house(custody_database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> House:
    folder: Path = tmp_path_factory.mktemp("custody")
    return asyncio.run(build(custody_database, folder, "us-wi"))


async def kept_until(office: Office, case: str) -> Any:
    return (await office.sample(case))["retention"]


async def test_g2_an_item_has_a_last_day_by_a_courts_word_and_by_nobody_elses(office: Office) -> None:
    case = await office.case()
    person = await office.convict(case)
    assert await kept_until(office, case) == {"rule": "WI-KEEP", "version": 1, "until": None}
    await office.state("prosecutor", case, "dates", anchor="discharge", person=person, day="2031-04-30")
    assert (await kept_until(office, case))["until"] is None
    await office.state("court", case, "dates", anchor="discharge", person=person, day="2031-04-30")
    assert (await kept_until(office, case))["until"] == "2031-04-30"
    await office.state("court", case, "proceedings", kind="amparo", person=person)
    assert (await kept_until(office, case))["until"] is None


async def test_who_reads_the_case_sees_what_was_stated_and_by_whom(office: Office) -> None:
    case = await office.case()
    person = await office.convict(case)
    stated = await office.state("prosecutor", case, "dates", anchor="death", person=person, day="2024-02-29")
    made = {"organisation": office.house.organisations["prosecutor"], "person": office.house.persons["prosecutor"]}
    assert stated["statements"] == [{
        "id": stated["statements"][0]["id"], "about": "date", "name": "death", "value": "2024-02-29",
        "person": person, "proceeding": None, "standing": "claimed", "made_by": made,
        "source": {"kind": "judgment", "reference": "CP-112/2019", "document_sha256": None},
    }]  # fmt: skip
    assert (await office.read("court", f"/v1/cases/{case}"))["statements"] == stated["statements"]
    await office.sample(case)
    assert set(await office.read("lab", f"/v1/cases/{case}")) == {"id", "authority", "folio"}


async def test_a_statement_is_taken_back_and_stays_to_be_seen(office: Office) -> None:
    case = await office.case()
    opened = await office.state("prosecutor", case, "proceedings", kind="appeal")
    path = f"/v1/cases/{case}/statements/{opened['statements'][0]['id']}:withdraw"
    back = await office.did("prosecutor", path, {"reason": "Stated of the wrong case."})
    assert [one["standing"] for one in back["statements"]] == ["withdrawn"]
    assert no(await office.post("court", path, {"reason": "Again."})) == (409, "not-stated-any-more")


async def test_a_proceeding_is_decided(office: Office) -> None:
    case = await office.case()
    opened = await office.state("prosecutor", case, "proceedings", kind="appeal")
    of = f"proceedings/{opened['statements'][0]['id']}:decide"
    decided = await office.state("court", case, of, day="2026-10-05", outcome="denied")
    assert decided["statements"][1]["proceeding"] == opened["statements"][0]["id"]
    assert decided["statements"][1]["standing"] == "effective"


@pytest.mark.parametrize(
    ("what", "body", "where"),
    [
        ("dates", {"anchor": "discharge", "day": "2031-04-30"}, ""),
        ("dates", {"anchor": "offence", "person": NOTHING, "day": "2031-04-30"}, ""),
        ("dates", {"anchor": "parole?", "day": None}, "/anchor"),
        ("dates", {"anchor": "offence", "day": "1899-12-31"}, "/day"),
        ("dates", {"anchor": "offence", "day": "2031-02-29"}, "/day"),
        ("dates", {"anchor": "offence"}, "/day"),
        ("circumstances", {"circumstance": "stage", "value": "Convicted"}, "/value"),
        ("circumstances", {"circumstance": "material", "value": "kit"}, "/circumstance"),
        ("proceedings", {"kind": "appeal", "by": "court"}, "/by"),
    ],
)
async def test_a_statement_that_says_nothing_is_a_problem(
    office: Office, what: str, body: dict[str, object], where: str
) -> None:
    case = await office.case()
    source = {"kind": "judgment", "reference": "CP-112/2019"}
    answer = await office.post("court", f"/v1/cases/{case}/{what}", {"source": source} | body)
    assert no(answer)[0] == 422
    assert where in [error["pointer"] for error in answer.json()["errors"]]
    assert (await office.read("court", f"/v1/cases/{case}"))["statements"] == []


async def test_a_person_who_is_not_in_the_case_is_named(office: Office) -> None:
    case = await office.case()
    body = {"anchor": "death", "person": NOTHING, "day": None, "source": {"kind": "other", "reference": "X"}}
    answer = await office.post("court", f"/v1/cases/{case}/dates", body)
    assert no(answer) == (422, "unknown-reference")
    assert "No person has the id" in answer.text
