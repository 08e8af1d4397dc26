"""The feed: sealed events in the ledger's order, those that concern the reader and no others (G12), none skipped."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.custody.queries import changes
from shared.database import connect
from shared.events import new_id
from tests.services.custody.api.office import House, Office, a_sample
from tests.services.custody.little_log import LittleLog

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> AsyncIterator[Any]:
    connection = await connect(house.urls["owner"])
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ledger(house: House, owner: Any) -> LittleLog:
    ledger = LittleLog(state=house.settings().state_dir)
    await ledger.seal(owner)
    return ledger


async def followed(office: Office, account: str, after: int | None = None, limit: int = 500) -> list[dict[str, Any]]:
    """All pages behind `after`, to the end."""
    items: list[dict[str, Any]] = []
    while True:
        query = {"limit": limit} | ({} if after is None else {"after": after})
        page = await office.read(account, "/v1/changes", **query)
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None or page["next"] == page["sealed_up_to"] - 1:
            assert [item["index"] for item in items] == sorted({item["index"] for item in items})
            return items
        assert page["next"] > (-1 if after is None else after)
        after = page["next"]


def about(items: list[dict[str, Any]], *ids: str) -> list[str]:
    return [item["event"]["type"].split(".", 3)[3] for item in items
            if any(one in (item["event"].get("subject") or "") for one in ids)]  # fmt: skip


async def test_what_concerns_the_reader_comes_as_it_was_sealed_and_no_other(
    office: Office, owner: Any, ledger: LittleLog
) -> None:
    begin = len(ledger.entries) - 1
    sample = await office.sample(await office.case())
    offer = await office.offer([sample["id"]])
    assert await followed(office, "lab", begin) == []
    await ledger.seal(owner)
    lab, store = await followed(office, "lab", begin), await followed(office, "custodian", begin)
    assert about(lab, sample["id"], offer["id"]) == ["sample.registered.v1", "offer.made.v1", "sample.offered.v1"]
    assert about(store, sample["id"], offer["id"]) == about(lab, sample["id"], offer["id"])
    assert [item["event"] for item in await followed(office, "lab_2", begin)] == []
    for item in lab:
        assert item["event"]["id"].encode() in ledger.entries[item["index"]]


@pytest.mark.parametrize(("limit", "span"), [(1, 2000), (2, 3), (500, 1), (3, 7)])
async def test_pages_of_any_length_give_the_same_events(
    office: Office, owner: Any, ledger: LittleLog, monkeypatch: pytest.MonkeyPatch, limit: int, span: int
) -> None:
    await office.sample(await office.case())
    await ledger.seal(owner)
    whole = await followed(office, "lab")
    monkeypatch.setattr(changes, "SPAN", span)
    assert await followed(office, "lab", limit=limit) == whole
    assert len(whole) > 3


async def test_a_cursor_that_the_ledger_has_not_reached_is_told(office: Office, ledger: LittleLog) -> None:
    """It would be silent until the ledger came there, and what came before would be missed."""
    last = len(ledger.entries) - 1
    assert (await office.read("lab", "/v1/changes", after=last))["next"] == last
    for beyond in (last + 1, last + 1000):
        answer = await office.get("lab", "/v1/changes", after=beyond)
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:cadena:problem:malformed-cursor")


async def test_a_reader_of_all_cases_gets_cases_too_and_nobody_gets_persons(
    office: Office, owner: Any, ledger: LittleLog
) -> None:
    await ledger.seal(owner)
    nouns = {(item["event"].get("subject") or "/").partition("/")[0] for item in await followed(office, "court")}
    assert {"case", "sample", "offer"} <= nouns
    assert not nouns & {"person", "organisation", "installation"}


async def test_what_is_sealed_later_is_never_skipped(office: Office, owner: Any, ledger: LittleLog) -> None:
    case = await office.case()
    one, two = await office.sample(case), await office.sample(case)
    await ledger.seal(owner, all_but=1)
    early = await office.read("lab", "/v1/changes", limit=500)
    ledger.pad(3)
    await ledger.seal(owner)
    late = await followed(office, "lab", early["next"])
    assert about(late, one["id"], two["id"]) == ["sample.registered.v1"]
    assert (late[0]["index"], early["sealed_up_to"]) == (len(ledger.entries) - 1, len(ledger.entries) - 4)


async def test_what_lies_beyond_the_position_that_was_read_is_not_told(
    office: Office, owner: Any, ledger: LittleLog
) -> None:
    await office.sample(await office.case())
    await ledger.seal(owner)
    await ledger.read_up_to(owner, len(ledger.entries) - 1)
    page = await office.read("lab", "/v1/changes", limit=500)
    await ledger.read_up_to(owner, len(ledger.entries))
    assert page["sealed_up_to"] == len(ledger.entries) - 1
    assert all(item["index"] < page["sealed_up_to"] for item in page["items"])


async def test_a_refusal_is_for_who_tried_and_for_who_may_read_what_it_names(
    office: Office, owner: Any, ledger: LittleLog
) -> None:
    await ledger.seal(owner)
    begin, case = len(ledger.entries) - 1, await office.case()
    taken = await office.sample(case)
    refused = await office.post("lab", "/v1/samples", a_sample(case) | {"label": taken["label"]})
    assert refused.status_code == 409
    await ledger.seal(owner)
    for who, sees in (("lab", True), ("prosecutor", True), ("court", True), ("lab_2", False), ("prosecutor_2", False),
                      ("custodian", False)):  # fmt: skip
        types = [item["event"]["type"] for item in await followed(office, who, begin)]
        assert ("org.cadena.custody.command.refused.v1" in types) == sees, who


async def test_standing_is_that_of_today(office: Office, owner: Any, ledger: LittleLog) -> None:
    await ledger.seal(owner)
    begin, case = len(ledger.entries) - 1, await office.case()
    await office.sample(case)
    await ledger.seal(owner)
    assert await followed(office, "defence", begin) == []
    await office.counsel(case)
    assert len(await followed(office, "defence", begin)) == 2


@pytest.mark.parametrize(
    "query", ["after=-1", "after=+1", "after=x", "limit=0", "limit=501", "cursor=7", "after=1e3", "after=1&after=2"]
)
async def test_what_is_no_index_or_limit_is_refused(office: Office, query: str) -> None:
    answer = await office.client.get(f"/v1/changes?{query}", headers=office.headers("lab"))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:cadena:problem:invalid-request")


async def test_who_is_nobody_has_no_feed(office: Office) -> None:
    assert (await office.get("stranger", "/v1/changes")).status_code == 404
    assert new_id() not in str(await office.read("courier", "/v1/changes"))
