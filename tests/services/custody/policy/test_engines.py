"""Both engines find the same dates for whatever may be asked; more protection never brings a date nearer."""

import copy
import json
import re
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from tests.services.custody.policy.comparing import READER, differing, first
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


def more_holidays(asked: Node, draw: Questions) -> None:
    """The authority does not work on the days around the services, nor on some of the next three months."""
    for fact in asked["notice"]["facts"]["facts"]:
        days = (datetime.fromisoformat(fact["at"]) + timedelta(days=draw.random.randrange(100)) for _ in range(8))
        for calendar in asked["calendars"]:
            held = calendar.setdefault("holidays", [])
            held += [{"day": day.date().isoformat(), "name": "another"} for day in days]


def one_more_recess(asked: Node, draw: Questions) -> None:
    """A fortnight after the last fact does not count."""
    facts = asked["notice"]["facts"]["facts"]
    if facts:
        first = max(datetime.fromisoformat(fact["at"]) for fact in facts) + timedelta(days=2)
        span = {"first": first.date().isoformat(), "last": (first + timedelta(days=14)).date().isoformat()}
        for calendar in asked["calendars"]:
            calendar.setdefault("suspended", []).append({**span, "name": "another"})


def a_floor(asked: Node, draw: Questions) -> None:
    """Forty days at the least from the recording."""
    for rule in asked["notice"]["rules"]:
        for step in rule["steps"]:
            step.setdefault("floor", {"n": 40, "unit": "day"})


def longer_periods(asked: Node, draw: Questions) -> None:
    """Each period, and each wait after an order, is longer by a third and one."""
    for rule in asked["notice"]["rules"]:
        for period in (*(step["period"] for step in rule["steps"]), rule.get("post_order_wait")):
            if period is not None:
                period["n"] = min(100_000, period["n"] + period["n"] // 3 + 1)


PROTECTING = (
    later_services, one_more_recipient, a_recipient_of_nobody, no_court_ever_spoke, one_more_case, one_more_rule,
    one_more_calendar, an_open_objection, more_holidays, one_more_recess, a_floor, longer_periods,
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


DAY, INSTANT = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{4}-\d\d-\d\dT\S+")
DAYS = ("0001-01-01", "0002-01-01", "0002-01-02", "1899-12-31", "2024-02-29", "9998-12-31", "9999-12-31")
INSTANTS = (
    "1900-01-01T00:00:00+14:00", "1900-01-01T00:00:00-12:00", "2199-12-31T23:59:59-12:00", "2026-04-05T00:30:00-03:00",
)  # fmt: skip
COUNTS = (0, 1, 399, 20_000, 100_000)


def bent(value: Any, draw: Random) -> Any:
    """The question with days, instants and counts at the ends of what the types allow."""
    if isinstance(value, dict):
        return {
            name: draw.choice(COUNTS) if name == "n" and draw.random() < 0.3 else bent(each, draw)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [bent(each, draw) for each in value]
    if not isinstance(value, str) or draw.random() < 0.5:
        return value
    if INSTANT.fullmatch(value):
        return draw.choice(INSTANTS)
    return draw.choice(DAYS) if DAY.fullmatch(value) else value


def test_whatever_the_types_allow_has_an_answer() -> None:
    answered = 0
    for number in range(150):
        draw = Random(SEED + 50_000 + number)
        asked = bent(question(draw), draw)
        try:
            READER.validate_python(asked)
        except ValidationError:
            continue
        first(asked)
        answered += 1
    assert answered > 80
