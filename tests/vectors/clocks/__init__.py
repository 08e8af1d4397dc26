"""Dates worked out by hand: `*.yaml` by theme, each with its rule's source and the counting in words.

To keep them readable a vector leaves out what no counting looks at, and what is the same in most: `filled` adds it.
`zone`, `holidays`, `suspended`, `covers` make the one calendar; `rule` (or `rules`) and `recipients`, `facts`,
`objections`, `planned_on` the notice; `keep` the retention rules' one expression, or `cases` in full.
A recipient is `id: kind` (or a mapping), a fact a list: kind, recipient (or ~), instant, by, and perhaps proof, then the
instant of its recording (else its own). An instant without an offset is UTC.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Node = dict[str, Any]
SOURCE = {"text": "as the vector's source says", "text_seen": True, "mark": "S"}
ENTRY: Node = {"version": 1, "source": SOURCE, "valid_from": "2000-01-01", "says": {"es": "una regla", "en": "a rule"}}
FACT = ("kind", "recipient", "at", "by", "proof", "recorded_at")
DATES = ("until", "review_by", "opens_at", "closes_at", "last_day", "notice_by", "permitted_at")


class Plain(yaml.SafeLoader):
    """YAML whose days and instants stay text, as in JSON."""


Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in kinds if tag != "tag:yaml.org,2002:timestamp"]
    for first, kinds in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Vector:
    """A question and what is to be found; dates that `expected` does not name are not compared."""

    name: str
    source: str
    counting: str
    question: Node
    expected: Node


@cache
def vectors() -> tuple[Vector, ...]:
    """All of them."""
    files = sorted(Path(__file__).parent.glob("*.yaml"))
    return tuple(
        Vector(f"{file.stem}: {one['name']}", one["source"], one["counting"], filled(one), one["expected"])
        for file in files
        for one in yaml.load(file.read_text("utf-8"), Plain)["vectors"]  # noqa: S506 - a SafeLoader
    )


def filled(one: Node) -> Node:
    """The whole question."""
    calendar = {"id": "here", "version": 1, "zone": one.get("zone", "Etc/UTC"), "source": "the vector"}
    calendars = one.get(
        "calendars", [{name: one[name] for name in ("holidays", "suspended", "weekend") if name in one}]
    )
    keep = {
        "facts": {"case": "1"},
        "rules": [{"id": "K-1", "cases": [{"keep": one.get("keep", {"fixed_date": "2000-01-01"})}]}],
    }
    question: Node = {
        "calendars": [
            _named(calendar | each | dict(zip(("covers_from", "covers_to"), one.get("covers", ()), strict=False)))
            for each in calendars
        ],
        "item": {"item": "LAB-1", **one.get("item", {})},
        "cases": [_case(case) for case in one.get("cases", [keep | {"facts": {"case": "1", **one.get("case", {})}}])],
    }
    rules = one.get("rules") or ([one["rule"]] if "rule" in one else [])
    if rules:
        question["notice"] = {"rules": [_rule(rule) for rule in rules], "facts": _facts(one)}
    return question


def _named(calendar: Node) -> Node:
    days = [{"day": day, "name": "a holiday"} for day in calendar.get("holidays", ())]
    spans = [{"name": "recess", **span} for span in calendar.get("suspended", ())]
    return calendar | {"holidays": days, "suspended": spans}


def _case(case: Node) -> Node:
    facts = {"case": "1", **case.get("facts", {})}
    return {"facts": facts, "rules": [ENTRY | {"id": "K-1"} | rule for rule in case.get("rules", ())]}


def _rule(rule: Node) -> Node:
    """A rule of one step may write its step's members as its own."""
    whole = ENTRY | {"id": "N-1", "objection": {"effect": "court_decides"}, "silence": "proceed"} | rule
    if "steps" not in whole:
        members = (
            "recipients",
            "starts_at",
            "period",
            "floor",
            "service_by",
            "on_bounce",
            "day_rule",
            "roll",
            "suspended",
        )
        whole["steps"] = [{name: whole.pop(name) for name in members if name in whole}]
    whole["steps"] = [_step(step) for step in whole["steps"]]
    return whole


def _step(step: Node) -> Node:
    wanted = [{"kind": kind} if isinstance(kind, str) else kind for kind in step.get("recipients", ["convicted"])]
    start = step["starts_at"]
    if isinstance(start, str) and start != "count_back_from_planned":
        start = {"start": start}
    return {"period": None, **step, "recipients": wanted, "starts_at": start}


def _facts(one: Node) -> Node:
    recipients = [
        {"id": who, **(kind if isinstance(kind, dict) else {"kind": kind})}
        for who, kind in one.get("recipients", {"ana": "convicted"}).items()
    ]
    told: Node = {"recipients": recipients, "facts": [_fact(fact) for fact in one.get("facts", ())]}
    told["objections"] = [{"at": _instant(each[0]), "resolved": each[1]} for each in one.get("objections", ())]
    return told | ({"planned_on": one["planned_on"]} if "planned_on" in one else {})


def _fact(fact: list[Any]) -> Node:
    told = dict(zip(FACT, fact, strict=False))
    told["at"], told["recorded_at"] = _instant(told["at"]), _instant(told.get("recorded_at", told["at"]))
    return told


def _instant(text: str) -> str:
    return text if text.endswith("Z") or text[-6] in "+-" else text + "Z"
