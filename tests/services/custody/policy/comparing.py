"""The first engine's answer to a question in plain JSON, in the words of the second; and where they differ."""

from typing import Any

from pydantic import TypeAdapter

from services.custody.policy.engine import answer
from services.custody.policy.question import Question
from tests.services.custody.policy.second import solve, zone

Node = dict[str, Any]
Dates = dict[str, str | None]
READER: TypeAdapter[Question] = TypeAdapter(Question)


def first(question: Node) -> Dates:
    """Every date by the first engine. It also checks what the last step says."""
    found = answer(READER.validate_python(question))
    window = found.window
    said = str(dict(found.steps[-1].values).get("at"))
    permitted = zone.written(found.permitted_at)
    if permitted != (None if said == "never" else zone.written(zone.read(said))):
        raise AssertionError(f"the last step says {said!r}, the answer {permitted!r}")
    return {
        "until": zone.shown(found.keep.until),
        "review_by": zone.shown(found.keep.review_by),
        "opens_at": zone.written(window.opens_at) if window else None,
        "closes_at": zone.written(window.closes_at) if window else None,
        "last_day": zone.shown(window.last_day) if window else None,
        "notice_by": zone.shown(window.notice_by) if window else None,
        "permitted_at": permitted,
    }


def differing(question: Node) -> dict[str, tuple[str | None, str | None]]:
    """Where the engines differ: what the first says, and the second."""
    one, other = first(question), solve(question)
    return {name: (one[name], other[name]) for name in other if one[name] != other[name]}
