"""Both engines find the same dates for whatever may be asked; more protection never brings a date nearer."""

import copy
import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from tests.services.custody.policy.comparing import differing, first
from tests.services.custody.policy.questions import Questions, question
from tests.services.custody.policy.second import solve
from tests.services.custody.policy.second.zone import read
from tests.services.custody.policy.strategies import questions

Node = dict[str, Any]
SEED = 20_260_110


@settings(max_examples=300, derandomize=True)
@given(questions())
def test_both_engines_agree_on_what_hypothesis_finds(asked: Node) -> None:
    assert differing(asked) == {}


@pytest.mark.parametrize("part", range(4))
def test_both_engines_agree_on_random_questions(part: int) -> None:
    for number in range(part * 300, (part + 1) * 300):
        asked = question(Random(SEED + number))
        assert differing(asked) == {}, f"seed {SEED + number}: {json.dumps(asked)}"


def _later(text: str, hours: int = 300) -> str:
    return (datetime.fromisoformat(text) + timedelta(hours=hours)).isoformat()


def later_services(asked: Node, draw: Questions) -> None:
    """Every fact of a recipient some days later, and its recording too."""
    for fact in asked["notice"]["facts"]["facts"]:
        if fact["recipient"] is not None:
            fact["at"], fact["recorded_at"] = _later(fact["at"]), _later(fact["recorded_at"])


def one_more_recipient(asked: Node, draw: Questions) -> None:
    """Another of a required kind whom nobody told."""
    for rule in asked["notice"]["rules"]:
        for step in rule["steps"]:
            for one in step["recipients"]:
                asked["notice"]["facts"]["recipients"].append({"id": f"new-{one['kind']}", "kind": one["kind"]})


def a_recipient_of_nobody(asked: Node, draw: Questions) -> None:
    """No fact about anybody."""
    asked["notice"]["facts"]["facts"] = [one for one in asked["notice"]["facts"]["facts"] if one["recipient"] is None]


def no_court_ever_spoke(asked: Node, draw: Questions) -> None:
    """What courts stated of cases and persons is somebody else's claim."""
    for case in asked["cases"]:
        for where in (case["facts"], *case["facts"]["persons"]):
            said = [*where["dates"].values(), *where.get("circumstances", {}).values()]
            for statement in (one for each in said for one in each):
                statement["by"] = "other"


def one_more_case(asked: Node, draw: Questions) -> None:
    """The item belongs to another case, too; one without any is never free as it is."""
    if asked["cases"]:
        asked["cases"].append(draw.case())


def one_more_rule(asked: Node, draw: Questions) -> None:
    """Another version of the notice rule, and of each case's retention."""
    asked["notice"]["rules"].append(draw.rule())
    for case in asked["cases"]:
        case["rules"].append(draw.retention()) if case["rules"] else None


def one_more_calendar(asked: Node, draw: Questions) -> None:
    """Another version of the calendar."""
    asked["calendars"].append(draw.calendar())


def an_open_objection(asked: Node, draw: Questions) -> None:
    """Somebody objects, however late."""
    asked["notice"]["facts"].setdefault("objections", []).append({"at": "2099-01-01T00:00:00+00:00", "resolved": None})


PROTECTING = (
    later_services, one_more_recipient, a_recipient_of_nobody, no_court_ever_spoke, one_more_case, one_more_rule,
    one_more_calendar, an_open_objection,
)  # fmt: skip


@pytest.mark.parametrize("engine", [first, solve], ids=("first", "second"))
@pytest.mark.parametrize("protect", PROTECTING, ids=lambda protect: protect.__name__)
def test_more_protection_never_brings_a_date_nearer(protect: Any, engine: Any) -> None:
    for number in range(250):
        seed = SEED + 10_000 + number
        draw = Questions(Random(seed))
        asked = draw.question()
        if "notice" not in asked:
            continue
        more = copy.deepcopy(asked)
        protect(more, draw)
        before, after = engine(asked), engine(more)
        for name in ("until", "permitted_at"):
            was, now = before[name], after[name]
            if name == "until" and was is not None:
                was, now = f"{was}T00:00:00Z", None if now is None else f"{now}T00:00:00Z"
            nearer = now is not None and (was is None or read(now) < read(was))
            assert not nearer, f"seed {seed}, {name} {was} -> {now}: {json.dumps(more)}"
