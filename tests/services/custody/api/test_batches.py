"""Many samples in one call: each item is answered as it would have been alone; retries, overlaps, mistakes (G1, G9)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from shared.database import connect
from shared.events import new_id
from tests.services.custody.api.office import House, Office, a_sample

pytestmark = pytest.mark.asyncio(loop_scope="module")
BATCH, VALIDATE = "/v1/samples:batch", "/v1/samples:validate"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(house: House) -> AsyncIterator[Any]:
    connection = await connect(house.urls["owner"])
    yield connection
    await connection.close()


async def everything(owner: Any) -> dict[str, int]:
    """Rows of every table, and where every sequence stands."""
    tables = await owner.fetch("SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                               " AND relkind IN ('r', 'S') ORDER BY relname")  # fmt: skip
    return {
        row["relname"]: await owner.fetchval(
            f'SELECT {"count(*)" if row["relkind"] == b"r" else "last_value"} FROM "{row["relname"]}"'
        )
        for row in tables
    }


def items(case: str, count: int, **changes: object) -> list[dict[str, Any]]:
    return [a_sample(case) | {"key": new_id()} | changes for _ in range(count)]


async def batch(office: Office, samples: list[dict[str, Any]], by: str = "lab", to: str = BATCH) -> Any:
    answer = await office.client.post(to, json={"samples": samples}, headers=office.headers(by))
    assert answer.status_code == 200, answer.text
    return answer


def results(answer: Any) -> list[Any]:
    found: list[Any] = answer.json()["results"]
    return found


async def test_each_item_is_registered_and_answered_in_the_order_given(office: Office) -> None:
    samples = items(await office.case(), 120)
    answer = await batch(office, samples)
    assert [(one["key"], one["status"], one["body"]["label"]) for one in results(answer)] == [
        (item["key"], 201, item["label"]) for item in samples
    ]
    assert all(len(one["body"]["promises"]) == 1 for one in results(answer))
    read = await office.read("lab", f"/v1/samples/{results(answer)[77]['body']['id']}")
    assert (read["label"], read["collected_place"]) == (samples[77]["label"], samples[77]["collected_place"])


@pytest.mark.parametrize("count", [3, 60])
async def test_g1_a_retry_of_the_batch_or_of_an_item_alone_gets_the_same_bytes(office: Office, count: int) -> None:
    case = await office.case()
    samples = items(case, count)
    samples[2]["label"] = samples[0]["label"]
    first, again = await batch(office, samples), await batch(office, samples)
    assert first.content == again.content
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    for item, result in list(zip(samples, results(first), strict=True))[:3]:
        said = {name: value for name, value in item.items() if name != "key"}
        alone = await office.post("lab", "/v1/samples", said, key=item["key"])
        assert (alone.status_code, alone.json()) == (result["status"], result["body"])
        assert alone.headers["idempotent-replayed"] == "true"


async def test_g1_an_item_recorded_alone_is_answered_by_its_bytes_within_a_batch(office: Office) -> None:
    [one, two] = items(await office.case(), 2)
    alone = await office.post("lab", "/v1/samples", {k: v for k, v in one.items() if k != "key"}, key=one["key"])
    answer = await batch(office, [one, two])
    assert alone.content in answer.content
    assert "idempotent-replayed" not in answer.headers


async def test_g1_two_batches_that_overlap_wait_for_each_other_and_record_each_key_once(
    office: Office, owner: Any
) -> None:
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before, samples = await owner.fetchval(deadlocks), items(await office.case(), 80)
    answers = await asyncio.gather(
        batch(office, samples[:60]),
        batch(office, samples[:19:-1]),
        batch(office, samples),
        batch(office, samples[::-1]),
    )
    said: dict[str, set[str]] = {}
    for answer in answers:
        for one in results(answer):
            said.setdefault(one["key"], set()).add(str(one["body"]))
    assert {len(bodies) for bodies in said.values()} == {1}
    labels = [item["label"] for item in samples]
    assert await owner.fetchval("SELECT count(*) FROM sample WHERE label = ANY($1)", labels) == 80
    await owner.execute("SELECT pg_stat_clear_snapshot()")
    assert await owner.fetchval(deadlocks) == before


async def test_labels_fought_for_by_batches_in_opposite_orders_go_to_one_and_nothing_deadlocks(
    office: Office, owner: Any
) -> None:
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    case, before = await office.case(), await owner.fetchval(deadlocks)
    one, two = items(case, 60), items(case, 60)
    for mine, other in zip(one, reversed(two), strict=True):
        other["label"] = mine["label"]
    answers = await asyncio.gather(batch(office, one), batch(office, two))
    assert sorted(result["status"] for answer in answers for result in results(answer)) == [201] * 60 + [409] * 60
    await owner.execute("SELECT pg_stat_clear_snapshot()")
    assert await owner.fetchval(deadlocks) == before


async def test_g9_a_refusal_is_its_items_answer_and_a_fact_and_the_others_go_in(office: Office, owner: Any) -> None:
    samples = items(await office.case(), 4)
    samples[1]["label"] = samples[0]["label"]
    samples[2]["collected_at"] = "2999-01-01T00:00:00Z"
    before = await everything(owner)
    found = results(await batch(office, samples))
    after = await everything(owner)
    assert [one["status"] for one in found] == [201, 409, 409, 201]
    codes = [one["body"].get("type", "").removeprefix("urn:cadena:problem:") for one in found]
    assert codes == ["", "label-taken", "occurred-in-the-future", ""]
    assert all(one["body"]["promises"] for one in found)
    assert {name: after[name] - before[name] for name in ("event", "sample", "command", "answer", "sealed_value")} == {
        "event": 4, "sample": 2, "command": 4, "answer": 4, "sealed_value": 2,
    }  # fmt: skip


async def test_g9_a_role_that_registers_nothing_is_refused_item_by_item(office: Office) -> None:
    found = results(await batch(office, items(await office.case(), 2), by="court"))
    assert [(one["status"], one["body"]["type"]) for one in found] == [(403, "urn:cadena:problem:role-forbids")] * 2


async def test_a_mistake_is_its_items_answer_leaves_its_key_free_and_the_others_go_in(
    office: Office, owner: Any
) -> None:
    case = await office.case()
    samples = items(case, 4)
    used = await office.post("lab", "/v1/samples", a_sample(case), key=samples[0]["key"])
    assert used.status_code == 201
    samples[2]["case"] = new_id()
    found = results(await batch(office, samples))
    codes = [one["body"].get("type", "").removeprefix("urn:cadena:problem:") for one in found]
    assert [one["status"] for one in found] == [422, 201, 422, 201]
    assert codes == ["key-reused", "", "unknown-reference", ""]
    assert await owner.fetchval("SELECT count(*) FROM command WHERE key = $1", samples[2]["key"]) == 0
    mended = results(await batch(office, [samples[2] | {"case": case}]))
    assert mended[0]["status"] == 201


async def test_only_mistakes_record_nothing(office: Office, owner: Any) -> None:
    before = await everything(owner)
    samples = items(new_id(), 3)
    assert {one["status"] for one in results(await batch(office, samples))} == {422}
    after = await everything(owner)
    assert {name for name in after if after[name] != before[name]} <= set()


@pytest.mark.parametrize("to", [BATCH, VALIDATE])
async def test_bad_shapes_refuse_the_whole_call_with_the_place_of_each(office: Office, owner: Any, to: str) -> None:
    samples = items(await office.case(), 5)
    samples[1]["kind"] = "plasma"
    samples[3] |= {"label": "with space", "key": "7"}
    del samples[4]["seal"]
    before = await everything(owner)
    answer = await office.client.post(to, json={"samples": samples}, headers=office.headers("lab"))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:cadena:problem:invalid-request")
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/samples/1/kind", "/samples/3/label", "/samples/3/key", "/samples/4/seal",
    }  # fmt: skip
    assert await everything(owner) == before


@pytest.mark.parametrize("to", [BATCH, VALIDATE])
async def test_a_key_given_twice_none_and_too_many_refuse_the_whole_call(office: Office, owner: Any, to: str) -> None:
    samples, before = items(new_id(), 3), await everything(owner)
    samples[2]["key"] = samples[0]["key"].upper()
    for sent, pointer in ((samples, "/samples/2/key"), ([], "/samples"), (items(new_id(), 1001), "/samples")):
        answer = await office.client.post(to, json={"samples": sent}, headers=office.headers("lab"))
        assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (422, [pointer])
    assert await everything(owner) == before


@pytest.mark.parametrize("to", [BATCH, VALIDATE])
async def test_who_is_linked_to_nobody_or_has_no_token_gets_no_results(office: Office, owner: Any, to: str) -> None:
    before = await everything(owner)
    for who, status in (("stranger", 404), (None, 401)):
        headers = office.headers(who) if who else {}
        answer = await office.client.post(to, json={"samples": items(new_id(), 1)}, headers=headers)
        assert answer.status_code == status
    assert await everything(owner) == before


async def test_no_key_of_the_call_is_needed_and_one_is_not_looked_at(office: Office) -> None:
    case = await office.case()
    token = office.headers("lab")["Authorization"]
    for more in ({}, {"Idempotency-Key": "none"}):
        answer = await office.client.post(
            BATCH, json={"samples": items(case, 1)}, headers={"Authorization": token} | more
        )
        assert results(answer)[0]["status"] == 201


async def test_validation_says_what_the_batch_then_does_and_keeps_nothing(office: Office, owner: Any) -> None:
    case = await office.case()
    samples = items(case, 5)
    done = await office.post("lab", "/v1/samples", {k: v for k, v in samples[0].items() if k != "key"},
                             key=samples[0]["key"])  # fmt: skip
    samples[2]["label"] = samples[1]["label"]
    samples[3]["case"] = new_id()
    samples[4]["label"] = done.json()["label"]
    before = await everything(owner)
    tried = results(await batch(office, samples, to=VALIDATE))
    assert await everything(owner) == before
    registered = results(await batch(office, samples))
    assert [one["status"] for one in tried] == [one["status"] for one in registered] == [201, 201, 409, 422, 409]
    assert (tried[0]["body"], tried[1]["body"]) == (done.json(), None)
    for one, two in zip(tried[2:], registered[2:], strict=True):
        assert one["body"] == {name: value for name, value in two["body"].items() if name != "promises"}
