"""A second clock engine, written from docs/law/counting.md alone, for the first to be held against.

It shares no line with `services/custody/policy`: it reads the plain JSON of a question, walks the calendar day by day
and asks each day whether it counts, and searches the first instant of a day minute by minute. Naive and slow.
"""

from typing import Any

from tests.services.custody.policy.second import keeping, merging, zone

Question = dict[str, Any]


def solve(question: Question) -> dict[str, str | None]:
    """Every date of a question, in ISO 8601 (instants in UTC); None: never, or none."""
    found = keep(question) | window(question)
    return found | {"permitted_at": permitted_at(question, found)}


def keep(question: Question) -> dict[str, str | None]:
    """`until`, the last day on which the item is kept, and `review_by`."""
    until, review = keeping.until(question), keeping.review_by(question)
    return {"until": zone.shown(until), "review_by": zone.shown(review)}


def window(question: Question) -> dict[str, str | None]:
    """`opens_at`, `closes_at`, `last_day` and `notice_by` of a question's notice."""
    found = merging.merged(question)
    return {
        "opens_at": zone.written(found.opens_at),
        "closes_at": zone.written(found.closes_at),
        "last_day": zone.shown(found.last_day),
        "notice_by": zone.shown(found.notice_by),
    }


def permitted_at(question: Question, found: dict[str, str | None]) -> str | None:
    """Point 27, from what `keep` and `window` found."""
    notice = question.get("notice")
    if notice is None or found["opens_at"] is None:
        return None
    opens = zone.read(found["opens_at"])
    if all(rule.get("role", "condition") == "exit" for rule in notice["rules"]):
        return zone.written(opens)
    until = keeping.until(question)
    kept_over = None if until is None else zone.first_instant_after(until, question["calendars"][0]["zone"])
    if kept_over is None:
        return None
    permitted = max(opens, kept_over)
    closes = found["closes_at"]
    return None if closes is not None and zone.read(closes) <= permitted else zone.written(permitted)
