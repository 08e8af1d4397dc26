"""None is a failure of ours, each gets the answer that it should, and nothing is left behind but the refusals listed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import uuid4

import httpx2
import pytest

from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from tests.attack import bodies, headers, log, stale, tokens, values, wire
from tests.attack.attack import Attack, Front
from tests.attack.target import SETTLE_SECONDS, Target, at_rest, counted, furnish
from tests.e2e.outside import Outside

PROBLEM = {"type", "title", "status", "detail"}


@pytest.fixture(scope="module")
def outside(stack: Stack) -> Iterator[Outside]:
    callers = Outside(stack)
    yield callers
    callers.close()


@pytest.fixture(scope="module")
def target(outside: Outside) -> Target:
    return furnish(outside)


@pytest.fixture(scope="module")
def fronts(outside: Outside) -> dict[str, Front]:
    who = {"lab": "lab", "lab_2": "lab_2", "court": "court", "custodian": "custodian", "prosecutor": "prosecutor"}
    found = {name: Front("custody", outside.mint(one, "custody"), str(uuid4())) for name, one in who.items()}
    found["defence"] = Front("notify", outside.mint("defence", "notify"), str(uuid4()))
    found["auditor"] = Front("audit", outside.mint("auditor", "audit"), "")
    return found


def table(target: Target, fronts: dict[str, Front]) -> list[Attack]:
    """All that leaves no fact."""
    lab, court, custodian, prosecutor = (fronts[name] for name in ("lab", "court", "custodian", "prosecutor"))
    stack = target.outside.stack
    return [
        *bodies.attacks(court, fronts["defence"]),
        *headers.attacks(target, court, custodian, lab),
        *values.attacks(target, lab, court, prosecutor),
        *stale.attacks(target, lab, fronts["lab_2"], custodian, prosecutor),
        *tokens.attacks(tokens.Forger.with_key_of(stack, "custody", "court"), f"/v1/cases/{target.matter.case}"),
        *tokens.attacks(tokens.Forger.with_key_of(stack, "notify", "defence"), "/v1/notices"),
        *tokens.attacks(tokens.Forger.with_key_of(stack, "audit", "auditor"), "/tile/entries/000.p/1"),
        *log.attacks(fronts["auditor"]),
    ]


def sent(client: httpx2.Client, outside: Outside, attack: Attack) -> httpx2.Response:
    url = outside.stack.wiring.url(f"{attack.service} api") + attack.path
    return client.request(attack.method, url, content=attack.body, headers=list(attack.headers))


def judged(attack: Attack, answer: httpx2.Response) -> str | None:
    """What is wrong with an answer, if anything."""
    said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if attack.code is None:
        right = answer.status_code == attack.status
    else:
        right = (
            (answer.status_code, said.get("type")) == (attack.status, f"urn:cadena:problem:{attack.code}")
            and answer.headers["content-type"] == "application/problem+json"
            and said.keys() >= PROBLEM
            and ("promises" in said) == attack.fact
        )
    return (
        None
        if right
        else f"{attack.name}: wanted {attack.status} {attack.code}, got {answer.status_code} {answer.text[:300]}"
    )


def tried(outside: Outside, attacks: Sequence[Attack]) -> list[str]:
    with httpx2.Client(timeout=60) as client:
        verdicts = [judged(one, sent(client, outside, one)) for one in attacks]
    return [verdict for verdict in verdicts if verdict]


def test_every_attack_gets_its_answer_and_leaves_nothing(
    outside: Outside, target: Target, fronts: dict[str, Front]
) -> None:
    attacks = table(target, fronts)
    assert not [name for name, times in Counter(one.name for one in attacks).items() if times > 1]
    with at_rest(outside):
        before = counted(outside)
        wrong = tried(outside, attacks)
        after = counted(outside)
    print(f"{len(attacks)} requests, {len(before)} tables and topics counted")
    assert not wrong, "\n".join(wrong)
    assert after == before


def test_g9_refusals_that_are_facts_are_all_that_is_recorded(
    outside: Outside, target: Target, fronts: dict[str, Front]
) -> None:
    attacks = list(stale.recorded(target, fronts["lab"], fronts["custodian"], fronts["prosecutor"]))
    fresh = [
        Attack(one.name, one.service, one.method, one.path, one.status, one.code,
               tuple((name, str(uuid4()) if name == "idempotency-key" else value) for name, value in one.headers),
               one.body, one.fact)
        for one in attacks
    ]  # fmt: skip
    topic = f"{outside.stack.wiring.topic_prefix}cadena.custody.v1"
    with at_rest(outside):
        before = counted(outside)
        wrong = tried(outside, fresh)
        assert not wrong, "\n".join(wrong)
        wanted = before[topic] + len(fresh)
        wait_until(lambda: counted(outside)[topic] >= wanted, SETTLE_SECONDS, "the refusals to be published")
        after = counted(outside)
    rows = {"custody.event", "custody.command", "custody.answer", "custody.publication", topic}
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == dict.fromkeys(
        rows, len(fresh)
    )


def test_bytes_that_are_no_request_end_the_connection_and_leave_nothing(
    outside: Outside, fronts: dict[str, Front]
) -> None:
    url = outside.stack.wiring.url("custody api")
    with at_rest(outside):
        before = counted(outside)
        got = {raw.name: (wire.statuses(url, raw.sent), raw.statuses) for raw in wire.attacks(fronts["court"].token)}
        after = counted(outside)
    wrong = {
        name: found
        for name, (found, may) in got.items()
        if not (len(found) <= 1 and set(found) <= {s for one in may for s in one})
    }
    assert not wrong
    assert after == before
    assert outside.send("custody", "court", "/v1/samples?label=A-1", method="GET").status_code == 200
