"""A key names one command of one account, however often, in parallel and in whichever spelling it arrives (G1)."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.e2e.ledger import Leaf, Ledger, events_of
from tests.e2e.matter import Matter, receipts, sample_body
from tests.e2e.outside import Outside, at_once, command_of, no

TIMES = 50
OTHER_SPELLINGS: dict[str, Callable[[str], str]] = {
    "braces": lambda key: f"{{{key}}}",
    "urn": lambda key: f"urn:uuid:{key}",
    "dashless": lambda key: key.replace("-", ""),
}


@pytest.fixture(scope="module")
def matter(outside: Outside) -> Matter:
    return Matter(outside)


def keys(key: str) -> list[str]:
    """Three spellings of one key, in turn."""
    spellings = [key, key.upper(), f'"{key}"']
    return [spellings[at % len(spellings)] for at in range(TIMES)]


def the_one_answer(answers: list[httpx2.Response], status: int) -> dict[str, Any]:
    """The answer that everyone got, byte for byte; all but one are told that it is a replay."""
    assert {answer.status_code for answer in answers} == {status}, {answer.text[:300] for answer in answers}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers.get("ETag") for answer in answers}) == 1
    assert sorted(answer.headers.get("Idempotent-Replayed", "false") for answer in answers) == (
        ["false"] + ["true"] * (TIMES - 1)
    )
    said: dict[str, Any] = answers[0].json()
    return said


def the_leaves(ledger: Ledger, who: str, key: str, said: dict[str, Any]) -> list[Leaf]:
    """The leaves of the command; they are the promised events, each once, in order."""
    found = ledger.of_command(command_of(who, key))
    assert [leaf.event["id"] for leaf in found] == events_of(said)
    assert [leaf.event["ordinal"] for leaf in found] == list(range(len(found)))
    return found


def test_g1_fifty_times_a_sample_is_one_leaf(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    key, body = str(uuid4()), sample_body(matter.case)
    spelled = [body, body | {"case": matter.case.upper()}]
    answers = at_once(
        [
            partial(outside.send, "custody", "lab", "/v1/samples", spelled[at % 2], key=sent)
            for at, sent in enumerate(keys(key))
        ]
    )
    said = the_one_answer(answers, 201)
    (leaf,) = the_leaves(ledger, "lab", key, said)
    assert (leaf.kind, leaf.event["subject"]) == ("custody.sample.registered", f"sample/{said['id']}")
    assert said["case"] == matter.case
    found = outside.get("custody", "lab", f"/v1/samples?label={body['label']}")["items"]
    assert [sample["id"] for sample in found] == [said["id"]]


def test_g1_fifty_times_an_acceptance_moves_custody_once(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    samples = [matter.register() for _ in range(2)]
    offer = matter.offer([sample["id"] for sample in samples])
    key, body = str(uuid4()), receipts(samples)
    loud = json.loads(json.dumps(body).replace(samples[0]["id"], samples[0]["id"].upper()))
    match = f'"{offer["version"]}"'
    paths = [f"/v1/offers/{offer['id']}:accept", f"/v1/offers/{offer['id'].upper()}:accept"]
    sent = [(path, one) for path in paths for one in (body, loud)]
    answers = at_once(
        [
            partial(outside.send, "custody", "custodian", *sent[at % 4], key=spelled, match=match)
            for at, spelled in enumerate(keys(key))
        ]
    )
    said = the_one_answer(answers, 200)
    kinds = [leaf.kind for leaf in the_leaves(ledger, "custodian", key, said)]
    assert kinds == ["custody.offer.accepted", *["custody.sample.transferred"] * len(samples)]
    for sample in samples:
        assert outside.get("custody", "custodian", f"/v1/samples/{sample['id']}")["links"] == 2


def test_g1_fifty_times_a_subscription_is_one_leaf(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    counsel = outside.hire("defence", "public_defender")
    matter.appoint(counsel)
    other = Matter(outside)
    other.appoint(counsel)
    outside.once_known("notify", counsel, "/v1/subscriptions", {"case": other.case})
    key, sent = str(uuid4()), [{"case": matter.case}, {"case": matter.case.upper()}]
    answers = at_once(
        [
            partial(outside.send, "notify", counsel, "/v1/subscriptions", sent[at % 2], key=spelled)
            for at, spelled in enumerate(keys(key))
        ]
    )
    said = the_one_answer(answers, 201)
    (leaf,) = the_leaves(ledger, counsel, key, said)
    assert leaf.kind == "notify.subscription.made"
    assert leaf.event["data"] == {"case": matter.case, "person": outside.persons[counsel]}


@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_another_spelling_is_no_second_key(spelling: str, outside: Outside, ledger: Ledger, matter: Matter) -> None:
    spell, key = OTHER_SPELLINGS[spelling], str(uuid4())
    body = sample_body(matter.case)
    as_key = outside.send("custody", "lab", "/v1/samples", body, key=spell(key))
    assert no(as_key) == (400, "malformed-key")
    at_notify = outside.send("notify", "lab", "/v1/parties", {"address": "lab@example.org"}, key=spell(key))
    assert no(at_notify) == (400, "malformed-key")
    in_body = outside.send("custody", "lab", "/v1/samples", body | {"case": spell(matter.case)}, key=key)
    assert no(in_body) == (422, "invalid-request")
    assert [wrong["pointer"] for wrong in in_body.json()["errors"]] == ["/case"]
    in_path = outside.send("custody", "court", f"/v1/cases/{spell(matter.case)}", method="GET")
    assert no(in_path) == (404, "not-found")
    assert ledger.of_command(command_of("lab", key)) == []
    said = outside.do("custody", "lab", "/v1/samples", body, key=key)
    assert len(the_leaves(ledger, "lab", key, said)) == 1


def test_a_spent_key_takes_no_other_request(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    key, body = str(uuid4()), sample_body(matter.case)
    said = outside.do("custody", "lab", "/v1/samples", body, key=key)
    others = [
        ("/v1/samples", body | {"seal": "S-OTHER"}),
        ("/v1/samples", sample_body(matter.case)),
        (f"/v1/samples/{said['id']}/amendments", {"changes": {"seal": "S-OTHER"}, "reason": "Sello sustituido"}),
    ]
    for path, other in others:
        answer = outside.send("custody", "lab", path, other, key=key, match='"1"')
        assert no(answer) == (422, "key-reused")
    assert outside.do("custody", "lab", "/v1/samples", body, key=key) == said
    assert len(the_leaves(ledger, "lab", key, said)) == 1


def test_a_key_is_its_account_s_own(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    key, body = str(uuid4()), sample_body(matter.case)
    said = {who: outside.do("custody", who, "/v1/samples", body, key=key) for who in ("lab", "lab_2")}
    assert said["lab"]["id"] != said["lab_2"]["id"]
    for who in said:
        (leaf,) = the_leaves(ledger, who, key, said[who])
        assert leaf.event["actor"]["person"] == outside.persons[who]


def test_a_key_at_two_services_is_two_commands(outside: Outside, ledger: Ledger, matter: Matter) -> None:
    key = str(uuid4())
    at_custody = outside.do("custody", "lab_3", "/v1/samples", sample_body(matter.case), key=key)
    at_notify = outside.do("notify", "lab_3", "/v1/parties", {"address": "lab3@example.org"}, key=key)
    found = ledger.of_command(command_of("lab_3", key))
    assert {leaf.event["id"] for leaf in found} == {*events_of(at_custody), *events_of(at_notify)}
    assert {leaf.kind for leaf in found} == {"custody.sample.registered", "notify.party.address_given"}
    assert len(found) == 2
