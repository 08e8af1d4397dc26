"""What objections, silence and a court's order do to a window. PURE.

docs/law/counting.md, point 22. An objection is never late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.custody.policy.days import days_after
from services.custody.policy.facts import NoticeFacts
from services.custody.policy.outcome import Step, step
from services.custody.policy.periods import over
from services.custody.policy.rules import NoticeRule
from services.custody.policy.service import consented
from services.custody.policy.starts import Told
from services.custody.policy.working import Working
from services.custody.policy.zones import first_instant


@dataclass(frozen=True, slots=True)
class Judged:
    """Instants before which nothing opens; `unmet` bars it altogether."""

    not_before: tuple[datetime, ...]
    unmet: tuple[str, ...]
    steps: tuple[Step, ...]


def judged(rule: NoticeRule, facts: NoticeFacts, told: Told, working: Working) -> Judged:
    """What the objections that were made, and the orders that were entered, allow."""
    unmet = [*_objections(rule, facts)]
    instants: list[datetime] = []
    steps = [step(code) for code in unmet]
    if rule.objection.effect == "hold_until" and any(one.resolved != "withdrawn" for one in facts.objections):
        until = rule.objection.until
        after = days_after(until, 1) if until is not None else None
        at = first_instant(after, working.calendar.zone) if after is not None else None
        steps.append(step("held_until", day=until, at=at))
        if at is None:
            unmet.append("held_until")
        else:
            instants.append(at)
    if rule.silence == "never":
        missing = {one.recipient.id for one in told.parties.addressed} - consented(facts)
        unmet += [f"no_consent:{recipient}" for recipient in sorted(missing)]
        steps += [step("no_consent", recipient=recipient) for recipient in sorted(missing)]
    if _needs_order(rule, facts):
        opened, more = _ordered(rule, facts, working)
        steps += more
        if opened is None:
            unmet.append("no_order")
        else:
            instants.append(opened)
    return Judged(tuple(instants), tuple(unmet), tuple(steps))


def _objections(rule: NoticeRule, facts: NoticeFacts) -> list[str]:
    resolved = [one.resolved for one in facts.objections]
    barred = rule.objection.effect == "absolute_bar" and any(one != "withdrawn" for one in resolved)
    found = {"objection_open": None in resolved, "court_forbids": "court_forbids" in resolved, "barred": barred}
    return [code for code, holds in found.items() if holds]


def _needs_order(rule: NoticeRule, facts: NoticeFacts) -> bool:
    by_court = any(one.resolved == "court_permits" for one in facts.objections)
    return by_court or rule.silence != "proceed" or rule.steps[-1].period is None


def _ordered(rule: NoticeRule, facts: NoticeFacts, working: Working) -> tuple[datetime | None, list[Step]]:
    """From when on the last fitting order of a court has effect; None without one, or if its wait has no known end."""
    order = _order(facts)
    if order is None:
        return None, [step("no_order")]
    wait = rule.post_order_wait
    if wait is None:
        return order, [step("ordered", at=order)]
    roll = rule.steps[-1].roll == "next_business_day"
    found = over(order, wait.n, wait.unit, working, wait.day_rule, roll)
    return found.at, [step("ordered", at=order), step("post_order_wait", n=wait.n, unit=wait.unit), *found.steps]


def _order(facts: NoticeFacts) -> datetime | None:
    """The instant of the last order of a court that is not older than an objection which a court resolved."""
    resolved = [one.at for one in facts.objections if one.resolved == "court_permits"]
    fitting = [
        fact
        for fact in facts.facts
        if fact.kind == "order_entered" and fact.by == "court" and all(at <= fact.at for at in resolved)
    ]
    return fitting[-1].at.astimezone(UTC) if fitting else None
