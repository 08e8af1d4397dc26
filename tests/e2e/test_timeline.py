"""What custody shows of an item is what the ledger holds, and whatever was promised is kept (G1)."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from deploy.local.waiting import wait_until
from tests.e2e.ledger import Ledger, claims, events_of
from tests.e2e.matter import Matter, receipts
from tests.e2e.outside import EFFECT_SECONDS, Outside

SEEN = ("lab", "custodian", "prosecutor", "court", "auditor", "oversight")


@pytest.fixture(scope="module")
def life(outside: Outside) -> tuple[str, list[dict[str, Any]]]:
    """A sample with all that can happen to it, and every answer that a caller got, in order."""
    matter = Matter(outside)
    sample = matter.register(collected_place="Junto a la cisterna")
    path = f"/v1/samples/{sample['id']}"
    change = {"changes": {"seal": "S-2"}, "reason": "Sello sustituido"}
    amended = outside.do("custody", "lab", f"{path}/amendments", change, match='"1"')
    offer = matter.offer([sample["id"]])
    broken = {"reason": "broken_seal", "note": "Sello roto"}
    refused = outside.do("custody", "custodian", f"/v1/offers/{offer['id']}:refuse", broken)
    again = matter.offer([sample["id"]])
    taken = outside.do(
        "custody", "custodian", f"/v1/offers/{again['id']}:accept", receipts([amended]), match=f'"{again["version"]}"'
    )
    proposal = matter.propose([sample["id"]])
    back = outside.do("custody", "prosecutor", f"/v1/proposals/{proposal['id']}:withdraw", {"reason": "Peritaje nuevo"})
    return sample["id"], [sample, amended, offer, refused, again, taken, proposal, back]


@pytest.fixture(scope="module")
def timeline(outside: Outside, life: tuple[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The sample's timeline when all of it is sealed."""

    def all_sealed() -> list[dict[str, Any]] | None:
        items: list[dict[str, Any]] = outside.get("custody", "lab", f"/v1/samples/{life[0]}/timeline")["items"]
        assert {item["seal"]["state"] for item in items} <= {"recorded", "sealed"}
        return items if all(item["seal"]["state"] == "sealed" for item in items) else None

    return wait_until(all_sealed, EFFECT_SECONDS, "custody to see the sample's events sealed")


def test_every_event_is_there_in_order(timeline: list[dict[str, Any]], life: tuple[str, list[dict[str, Any]]]) -> None:
    kinds = [item["event"]["type"].removeprefix("org.cadena.custody.sample.").removesuffix(".v1") for item in timeline]
    assert kinds == [
        "registered", "amended", "offered", "offer_ended", "offered", "transferred", "destruction_proposed",
        "destruction_withdrawn",
    ]  # fmt: skip
    assert [item["event"]["sequence"] for item in timeline] == list(range(1, len(timeline) + 1))
    promised = {event for said in life[1] for event in events_of(said)}
    assert {item["event"]["id"] for item in timeline} <= promised


def test_index_and_head_are_those_of_the_proof(timeline: list[dict[str, Any]], ledger: Ledger) -> None:
    leaves = ledger.leaves()
    for item in timeline:
        seal = item["seal"]
        place = ledger.proof(item["event"]["id"], seal["head"])
        assert place is not None
        assert (place.index, place.size) == (seal["index"], seal["head"])
        assert leaves[seal["index"]].event == item["event"]
    assert [item["seal"]["index"] for item in timeline] == sorted(item["seal"]["index"] for item in timeline)


def test_everyone_with_standing_sees_the_same(
    timeline: list[dict[str, Any]], life: tuple[str, list[dict[str, Any]]], outside: Outside
) -> None:
    for who in SEEN:
        items = outside.get("custody", who, f"/v1/samples/{life[0]}/timeline")["items"]
        assert [(item["event"], item["seal"]) for item in items] == [(item["event"], item["seal"]) for item in timeline]
        # An auditor checks form: that something was said, and never what.
        place = None if who == "auditor" else "Junto a la cisterna"
        assert items[0]["sealed"] == {"collected_place": place}


def test_g1_every_promise_is_kept(outside: Outside, ledger: Ledger, tmp_path: Path) -> None:
    taken = Matter(outside).register()
    case = taken["case"]
    body = {key: taken[key] for key in ("kind", "label", "seal", "quantity", "collected_at")}
    again = outside.send("custody", "lab", "/v1/samples", body | {"case": case, "collected_place": "Patio"})
    assert (again.status_code, len(again.json()["promises"])) == (409, 1)
    ledger.settle()
    promises = list(dict.fromkeys(outside.promises))
    sources = {claims(promise)["iss"].rpartition(":")[2] for promise in promises}
    assert sources == {"custody", "notify"}
    report = ledger.verify(promises, tmp_path)
    assert report["result"] == "ok"
    assert report["promises"] == {"fulfilled": len(promises), "pending": 0, "broken": 0, "forged": 0}


def test_a_promise_is_of_the_leaf_s_bytes(
    life: tuple[str, list[dict[str, Any]]], timeline: list[dict[str, Any]], ledger: Ledger
) -> None:
    leaves = {leaf.event["id"]: leaf for leaf in ledger.leaves()}
    for promise in (promise for said in life[1] for promise in said["promises"]):
        said = claims(promise)
        leaf = leaves[said["event"]]
        assert said["sha256"] == hashlib.sha256(leaf.raw).hexdigest()
        assert (said["iss"], said["time"]) == (leaf.event["source"], leaf.event["time"])
