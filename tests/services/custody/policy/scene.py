"""Questions to the clock engine, from little: a rule, what was recorded, a calendar."""

from typing import Any

from pydantic import TypeAdapter

from services.custody.policy.engine import answer
from services.custody.policy.outcome import Window
from services.custody.policy.question import Answer, Question

QUESTION = TypeAdapter(Question)
ENTRY = {
    "version": 1,
    "source": {"text": "a statute", "text_seen": True, "mark": "S"},
    "valid_from": "2000-01-01",
    "says": {"es": "una regla", "en": "a rule"},
}
PROOFS = ["acknowledgement", "postal_receipt", "personal_service", "court_record", "sworn_statement"]


def calendar(zone: str = "Etc/UTC", **members: Any) -> dict[str, Any]:
    """A calendar of weekends, and whatever else is said of it."""
    return {"id": "weekends", "version": 1, "zone": zone, "source": "the week", **members}


def happened(kind: str, recipient: str | None, at: str, **members: Any) -> dict[str, Any]:
    """A fact that a court entered at once, proved by its record; a day stands for its noon in UTC."""
    instant = at if "T" in at else f"{at}T12:00:00Z"
    fact = {"kind": kind, "recipient": recipient, "at": instant, "recorded_at": instant, "by": "court"}
    return fact | {"proof": None if kind in ("sent", "bounced", "contradicted") else "court_record"} | members


def served(at: str = "2026-01-10", recipient: str = "convicted", **members: Any) -> dict[str, Any]:
    """Somebody was served."""
    return happened("served", recipient, at, **members)


def notice_rule(step: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A rule of one notice: 90 days after service of the convicted person, unless said otherwise."""
    one = {
        "recipients": [{"kind": "convicted"}],
        "starts_at": {"start": "served"},
        "period": {"n": 90, "unit": "day"},
        "service_by": PROOFS,
    }
    return ENTRY | {
        "id": "NOTICE", "role": "exit", "objection": {"effect": "court_decides"}, "silence": "proceed",
        "steps": [one | step],
    } | members  # fmt: skip


def retention_rule(keep: Any, **members: Any) -> dict[str, Any]:
    """A rule with one case that always holds."""
    return ENTRY | {"id": "KEEP", "cases": [{"keep": keep}]} | members


def ask(**members: Any) -> Answer:
    """The answer to a question of one item; one case without rules, unless said otherwise."""
    asked = {"calendars": [calendar()], "item": {"item": "LAB-1"}, "cases": [], "notice": None} | members
    return answer(QUESTION.validate_python(asked))


def kept(keep: Any, case: dict[str, Any] | None = None, **item: Any) -> str | None:
    """The last day of keeping under one expression; what is said of the case stands beside its name."""
    cases = [{"facts": {"case": "1"} | (case or {}), "rules": [retention_rule(keep)]}]
    until = ask(item={"item": "LAB-1"} | item, cases=cases).keep.until
    return until.isoformat() if until else None


def opened(
    *facts: dict[str, Any],
    step: dict[str, Any] | None = None,
    rule: dict[str, Any] | None = None,
    rules: list[dict[str, Any]] | None = None,
    calendars: list[dict[str, Any]] | None = None,
    recipients: tuple[str, ...] = ("convicted",),
    cases: list[dict[str, Any]] | None = None,
    **noticed: Any,
) -> Window:
    """The window that facts open. Recipients are called as their kind: `convicted`, or `convicted/2` for a second."""
    parties = [{"id": name, "kind": name.partition("/")[0]} for name in recipients]
    notice = {
        "rules": rules or [notice_rule(step or {}, **(rule or {}))],
        "facts": {"recipients": parties, "facts": list(facts)} | noticed,
    }
    window = ask(calendars=calendars or [calendar()], notice=notice, cases=cases or []).window
    assert window is not None
    return window


def day(window: Window) -> str | None:
    """The objectors' last day."""
    return window.last_day.isoformat() if window.last_day else None


def at(window: Window) -> str | None:
    """From which instant the notice no longer stands in the way."""
    return window.opens_at.isoformat() if window.opens_at else None


def court(value: Any) -> list[dict[str, Any]]:
    """What a court entered."""
    return [{"value": value, "by": "court"}]


def claim(value: Any) -> list[dict[str, Any]]:
    """What somebody else stated."""
    return [{"value": value, "by": "other"}]
