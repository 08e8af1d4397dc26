"""What is due, what is unknown, what an unverified rule keeps: for a reader what they may see, for the operator all."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.custody import reporting
from services.custody.loops.retention import Recomputing
from shared.database import engine
from tests.e2e.outside import no
from tests.services.custody.api.commands import custody
from tests.services.custody.api.office import House, Office, build

pytestmark = pytest.mark.asyncio(loop_scope="module")
SOURCE = "urn:cadena:demo:custody"
SPAN = {"first": "2031-01-01", "last": "2031-12-31"}


@pytest.fixture(scope="module")
def house(custody_database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> House:
    folder: Path = tmp_path_factory.mktemp("custody")
    return asyncio.run(build(custody_database, folder, "us-wi"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dated(office: Office, custody_database: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """Two items that end in 2031, one in 2032, and one of a case in which nobody was discharged."""
    found: dict[str, str] = {}
    for name, day in (("may", "2031-05-31"), ("april", "2031-04-30"), ("later", "2032-01-01"), ("unknown", None)):
        case = await office.case()
        person = await office.convict(case)
        found |= {name: (await office.sample(case))["id"], f"case {name}": case, f"person {name}": person}
        if day:
            await office.state("court", case, "dates", anchor="discharge", person=person, day=day)
    pool = engine(custody_database["worker"], pool_size=1)
    while await Recomputing(pool, SOURCE).step():
        pass
    await pool.dispose()
    yield found


async def test_what_is_due_comes_in_the_order_of_the_days_page_by_page(office: Office, dated: dict[str, str]) -> None:
    first = await office.read("prosecutor", "/v1/reports/due", limit=1, **SPAN)
    second = await office.read("prosecutor", "/v1/reports/due", limit=1, cursor=first["next"], **SPAN)
    assert [one["id"] for one in first["items"] + second["items"]] == [dated["april"], dated["may"]]
    assert second["next"] is None
    everything = await office.read("prosecutor", "/v1/reports/due", last="2099-01-01")
    assert [one["id"] for one in everything["items"]] == [dated[name] for name in ("april", "may", "later")]


async def test_g12_a_stranger_is_told_of_nothing(office: Office, dated: dict[str, str]) -> None:
    for account in ("prosecutor_2", "lab_2", "defence", "courier"):
        for path in ("/v1/reports/due", "/v1/reports/unknown", "/v1/reports/unverified"):
            span = SPAN if path.endswith("due") else {}
            assert (await office.read(account, path, **span))["items"] == [], (account, path)


async def test_what_is_not_known_is_named_for_who_reads_the_case_whole(office: Office, dated: dict[str, str]) -> None:
    found = await office.read("prosecutor", "/v1/reports/unknown")
    authority = office.house.organisations["prosecutor"]
    (one,) = found["items"]
    assert one.pop("folio").startswith("F-")
    assert one == {
        "id": dated["case unknown"], "authority": authority, "items": 1,
        "missing": [f"discharge:{dated['person unknown']}"],
    }  # fmt: skip
    assert (await office.read("lab", "/v1/reports/unknown"))["items"] == []


async def test_a_pending_proceeding_is_what_keeps(office: Office, dated: dict[str, str]) -> None:
    case = await office.case()
    person = await office.convict(case)
    await office.state("court", case, "dates", anchor="discharge", person=person, day="2031-04-30")
    await office.state("court", case, "proceedings", kind="amparo")
    await office.sample(case)
    found = {one["id"]: one["missing"] for one in (await office.read("court", "/v1/reports/unknown"))["items"]}
    assert found[case] == ["pending:amparo"]


async def test_every_rule_of_wisconsin_was_seen(office: Office, dated: dict[str, str]) -> None:
    assert (await office.read("court", "/v1/reports/unverified"))["items"] == []


@pytest.mark.parametrize("query", [{}, {"last": "2031-02-29"}, {"last": "2031-01-01", "first": "x"}])
async def test_a_span_that_is_none_is_a_problem(office: Office, query: dict[str, Any]) -> None:
    assert no(await office.get("court", "/v1/reports/due", **query))[0] in (400, 422)


async def rows(office: Office, of: Any, *arguments: Any) -> list[dict[str, Any]]:
    async with reporting.reading(office.house.urls["api"]) as connection:
        return [row async for row in of(connection, *arguments)]


async def test_the_operator_sees_holders_and_months(office: Office, dated: dict[str, str]) -> None:
    found = await rows(office, reporting.due_rows, date(2031, 1, 1), date(2032, 12, 31))
    assert [(row["holder"], row["month"], row["rule"], row["items"], row["first"]) for row in found] == [
        ("lab", "2031-04", "WI-KEEP", 1, "2031-04-30"), ("lab", "2031-05", "WI-KEEP", 1, "2031-05-31"),
        ("lab", "2032-01", "WI-KEEP", 1, "2032-01-01"),
    ]  # fmt: skip
    unknown = await rows(office, reporting.unknown_rows)
    assert dated["case unknown"] in {row["case"] for row in unknown}
    assert await rows(office, reporting.unverified_rows) == []


async def test_the_command_prints_columns_or_json(office: Office, dated: dict[str, str]) -> None:
    plain = await custody(office.house, "report", "due", "--first", "2031-04-01", "--last", "2031-04-30")
    assert [line.split("\t") for line in plain[1].splitlines()] == [
        ["holder", "organisation", "month", "rule", "version", "items", "first"],
        ["lab", office.house.organisations["lab"], "2031-04", "WI-KEEP", "1", "1", "2031-04-30"],
    ]
    code, out, _ = await custody(office.house, "report", "unknown", "--json")
    assert code == 0
    assert [f"discharge:{dated['person unknown']}"] in [json.loads(line)["missing"] for line in out.splitlines()]
    assert (await custody(office.house, "report", "unverified"))[:2] == (0, "none\n")
    code, _, error = await custody(office.house, "report", "due", "--last", "tomorrow")
    assert (code, error) == (2, "'tomorrow' is no day; write it as 2027-12-31\n")
