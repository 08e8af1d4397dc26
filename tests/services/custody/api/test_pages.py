"""Pages by keyset: each item once, in order, whatever is recorded between two pages; and what the ledger holds."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.database import connect
from tests.services.custody.api.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def walk(office: Office, account: str, path: str, **query: str | int) -> list[list[dict[str, Any]]]:
    """Every page, by `next`; the Link header must say the same."""
    pages: list[list[dict[str, Any]]] = []
    while True:
        answer = await office.get(account, path, **query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        pages.append(body["items"])
        link = answer.links.get("next")
        if body["next"] is None:
            assert link is None
            return pages
        assert link is not None
        assert parse_qs(urlsplit(link["url"]).query)["cursor"] == [body["next"]]
        assert urlsplit(link["url"]).netloc == "", "a Link must not repeat the Host that a caller sent"
        query["cursor"] = body["next"]


async def test_an_inventory_is_read_page_by_page(office: Office) -> None:
    case = await office.case()
    made = [(await office.sample(case))["id"] for _ in range(5)]
    pages = await walk(office, "lab", f"/v1/cases/{case}/inventory", limit=2)
    assert [[one["sample"]["id"] for one in page] for page in pages] == [made[:2], made[2:4], made[4:]]
    assert [len(page) for page in await walk(office, "lab", f"/v1/cases/{case}/inventory", limit=5)] == [5]


async def test_what_comes_in_between_two_pages_shifts_nothing(office: Office) -> None:
    case = await office.case()
    made = [(await office.sample(case))["id"] for _ in range(2)]
    first = await office.read("lab", f"/v1/cases/{case}/inventory", limit=1)
    made.append((await office.sample(case))["id"])
    rest = await walk(office, "lab", f"/v1/cases/{case}/inventory", limit=200, cursor=first["next"])
    assert [first["items"][0]["sample"]["id"], *(one["sample"]["id"] for page in rest for one in page)] == made


async def test_a_timeline_is_read_page_by_page_in_order_of_versions(office: Office) -> None:
    sample = (await office.sample(await office.case()))["id"]
    for version in (1, 2):
        body = {"changes": {"seal": f"S-{version + 1}"}, "reason": "misread"}
        await office.did("lab", f"/v1/samples/{sample}/amendments", body, if_match=version)
    pages = await walk(office, "lab", f"/v1/samples/{sample}/timeline", limit=2)
    assert [[one["event"]["sequence"] for one in page] for page in pages] == [[1, 2], [3]]


async def test_same_labels_are_paged_too_and_an_unused_one_is_an_empty_page(office: Office) -> None:
    case = await office.case()
    made = [(await office.sample(case, by=lab, label="TWICE"))["id"] for lab in ("lab", "lab_2")]
    pages = await walk(office, "court", "/v1/samples", label="TWICE", limit=1)
    assert [one["id"] for page in pages for one in page] == made
    assert await walk(office, "court", "/v1/samples", label="NEVER") == [[]]


async def test_a_sealed_event_shows_its_index_and_the_head_that_covers_it(office: Office) -> None:
    made = await office.sample(await office.case())
    path = f"/v1/samples/{made['id']}/timeline"
    event = (await office.read("lab", path))["items"][0]["event"]["id"]
    worker = await connect(office.house.urls["worker"])
    try:
        await worker.execute("INSERT INTO sealed (event_id, idx, size) VALUES ($1, 7, 12)", event)
    finally:
        await worker.close()
    assert (await office.read("lab", path))["items"][0]["seal"] == {"state": "sealed", "index": 7, "head": 12}
