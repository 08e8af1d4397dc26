"""Retention (points 11 to 15). An end is a day, or None: never."""

from datetime import date
from typing import Any

from tests.services.custody.policy.second.stated import CASE, ITEM, has_role, known, may_hold, must_hold, pending
from tests.services.custody.policy.second.walking import NotCounted, plain
from tests.services.custody.policy.second.zone import in_bounds

Node = dict[str, Any]
End = date | None
UNITS = {"years": "year", "months": "month", "days": "day"}


def until(question: Node) -> End:
    """The last day on which the item is kept, by all rules of all its cases."""
    ends: list[End] = []
    for case in question["cases"]:
        rules = case.get("rules", ())
        ends += [by_rule(rule, case["facts"], question["item"]) for rule in rules] or [None]
        if pending(case["facts"]):
            ends.append(None)
    return latest(ends)


def review_by(question: Node) -> End:
    """The earliest day on which somebody has to look."""
    days: list[End] = []
    for case in question["cases"]:
        for rule in case.get("rules", ()):
            for branch in rule["cases"]:
                if must_hold(branch.get("when", {}), case["facts"], question["item"]):
                    if branch.get("review_by") is not None:
                        days.append(end(branch["review_by"], case["facts"], question["item"], None))
                    break
    return earliest(days)


def by_rule(rule: Node, case: Node, item: Node) -> End:
    """Point 13: the latest over the branches that may hold, up to the first that must."""
    ends: list[End] = []
    for branch in rule["cases"]:
        when = branch.get("when", {})
        if may_hold(when, case, item):
            ends.append(end(branch["keep"], case, item, None))
        if must_hold(when, case, item):
            return latest(ends)
    return None


def not_before(expression: Any, question: Node) -> End:
    """Point 24: the latest end of a notice rule's own expression over the cases."""
    return latest([end(expression, case["facts"], question["item"], None) for case in question["cases"]])


def latest(ends: list[End]) -> End:
    """The last of them; never if one is never, or if there is none."""
    days = [day for day in ends if day is not None]
    return max(days) if days and len(days) == len(ends) else None


def earliest(ends: list[End]) -> End:
    """The first that there is."""
    return min((day for day in ends if day is not None), default=None)


def end(node: Any, case: Node, item: Node, person: Node | None) -> End:
    """The end of an expression, for a person where it stands under `per_person`."""
    if node == "forever":
        return None
    ((name, value),) = [(name, value) for name, value in node.items() if name != "from"]
    if name in ("max", "min"):
        ends = [end(part, case, item, person) for part in value]
        return latest(ends) if name == "max" else earliest(ends)
    if name == "per_person":
        ends = [end(value["keep"], case, item, one) for one in case.get("persons", ()) if has_role(one, value["of"])]
        return latest(ends) if value["combine"] == "max" else earliest(ends)
    try:
        if name == "fixed_date":
            return in_bounds(date.fromisoformat(value))
        day = when(value if name == "until" else node["from"], case, item, person)
        if day is None:
            return None
        return in_bounds(day) if name == "until" else plain(day, value, UNITS[name])
    except NotCounted:
        return None


def when(node: Any, case: Node, item: Node, person: Node | None) -> End:
    """The day on which an anchor, or several, happened."""
    if isinstance(node, str):
        if node in ITEM:
            return known(item.get("dates", {}).get(node, ()), of_item=True)
        of = case if node in CASE else person or {}
        return known(of.get("dates", {}).get(node, ()))
    if "any_of" in node:
        return earliest([when(one, case, item, person) for one in node["any_of"]])
    return latest([when(one, case, item, person) for one in node["all_of"]])
