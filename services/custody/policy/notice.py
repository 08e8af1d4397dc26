"""From when on a notice no longer stands in the way, by one version of its rule and of the calendar. PURE.

docs/law/counting.md, points 20 to 25.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.custody.policy.calendars import Calendar
from services.custody.policy.ends import End, Matter, end, latest
from services.custody.policy.facts import CaseFacts, ItemFacts, NoticeFacts
from services.custody.policy.orders import judged
from services.custody.policy.outcome import Step, Window, step
from services.custody.policy.periods import over
from services.custody.policy.rules import ExecuteWithin, NoticeRule, StartOf
from services.custody.policy.service import CASE_STARTS, Allowed
from services.custody.policy.standing import may_hold, possible
from services.custody.policy.starts import Told, running
from services.custody.policy.versions import closed, once
from services.custody.policy.window import Counted, counted, served_outside
from services.custody.policy.working import Working
from services.custody.policy.zones import VERSION


@dataclass(frozen=True, slots=True)
class About:
    """The item and the cases that a notice is about, and what was recorded of it."""

    item: ItemFacts
    cases: tuple[CaseFacts, ...]
    facts: NoticeFacts


def window(rule: NoticeRule, calendar: Calendar, about: About) -> Window:
    """What the facts open under a rule; all that it says must be over."""
    steps, last = _stepped(rule, calendar, about)
    working = _working(calendar, about, rule.steps[-1].suspended == "observe")
    order = judged(rule, about.facts, last.told, working)
    period = rule.steps[-1].period
    served = served_outside(last.told, period is not None and period.unit == "second", calendar.zone)
    forbidden = any(may_hold(when, about.item, case) for when in rule.forbidden for case in about.cases)
    unmet = (
        *last.unmet,
        *(("nobody_served",) if served.at is None else ()),
        *(("forbidden",) if forbidden else ()),
        *order.unmet,
    )
    told = (*steps, *served.steps, *((step("forbidden", rule=rule.id),) if forbidden else ()), *order.steps)
    needed = [] if period is None else [last.at]
    instants = [at for at in (*needed, served.at, *order.not_before) if at is not None]
    opens = None if unmet else max(instants)
    closes, closing = _closes(rule, about.facts, last.told, calendar)
    found = Window(
        opens_at=opens,
        closes_at=closes,
        last_day=last.last_day,
        notice_by=last.notice_by,
        unmet=once(unmet),
        anomalies=last.told.served.anomalies,
        steps=(*told, *closing, step("window_opens", rule=rule.id, version=rule.version, at=opens)),
    )
    return closed(found)


def _stepped(rule: NoticeRule, calendar: Calendar, about: About) -> tuple[tuple[Step, ...], Counted]:
    """The last of the rule's notices, each of which begins where the one before it opened."""
    earliest = _not_before(rule, about)
    allowed = Allowed(calendar.zone, earliest.day, never=rule.not_before is not None and earliest.day is None)
    known = "verified" if rule.verified else "unverified"
    steps: list[Step] = [
        step("notice_rule", rule=rule.id, version=rule.version, source=rule.source.text, known=known),
        step("calendar", calendar=calendar.id, version=calendar.version, zone=calendar.zone, tzdata=VERSION),
        *earliest.steps,
    ]
    for place, one in enumerate(rule.steps, start=1):
        found = counted(one, about.facts, _working(calendar, about, one.suspended == "observe"), allowed)
        if len(rule.steps) > 1:
            steps.append(step("notice_step", n=place, of=len(rule.steps)))
        steps += found.steps
        opened = None if found.unmet else found.at
        allowed = Allowed(calendar.zone, allowed.not_before, opened, never=allowed.never or opened is None)
    return tuple(steps), found


def _not_before(rule: NoticeRule, about: About) -> End:
    """The day until which the rule allows no notice: the latest of its ends over the cases."""
    if rule.not_before is None or not about.cases:
        return End(None)
    found = latest([end(rule.not_before, Matter(about.item, case)) for case in about.cases])
    return End(found.day, found.unknown, (*found.steps, step("not_before", day=found.day)))


def _working(calendar: Calendar, about: About, observes: bool) -> Working:
    """The calendar as it counts here: a prisoner's case is one where nobody stated anything else."""
    custody = [possible("custody", about.item, case) for case in about.cases]
    detained = bool(custody) and all(one.values == {"detained"} and not one.anything for one in custody)
    return Working(calendar, detained, observes)


def _closes(
    rule: NoticeRule, facts: NoticeFacts, told: Told, calendar: Calendar
) -> tuple[datetime | None, tuple[Step, ...]]:
    """From when on it is too late, by `execute_within`; None if the rule or the facts set no end."""
    within = rule.execute_within
    since = _since(within, facts, told) if within is not None else None
    if within is None or since is None:
        return None, ()
    found = over(since, within.n, within.unit, Working(calendar, detained=False, observes=False), "after", roll=False)
    return found.at, (*found.steps, step("closes", start=since, n=within.n, unit=within.unit, at=found.at))


def _since(within: ExecuteWithin, facts: NoticeFacts, told: Told) -> datetime | None:
    if within.since not in CASE_STARTS:
        return running(StartOf(within.since), told).at
    return next((fact.at.astimezone(UTC) for fact in facts.facts if fact.kind == within.since), None)
