"""One notice's window: who was told when, and from which instant period and floor are over. PURE.

docs/law/counting.md, points 16 to 21, for one step of a rule under one calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.custody.policy.counting import back
from services.custody.policy.days import days_after
from services.custody.policy.facts import NoticeFacts
from services.custody.policy.outcome import Step, step
from services.custody.policy.parties import Addressed, required, substitutes
from services.custody.policy.periods import Over, over
from services.custody.policy.rules import PROSECUTION, EarlierOf, LaterOf, NoticeStep, Period, StartOf
from services.custody.policy.service import SERVICES, Allowed, Begun, serving
from services.custody.policy.starts import Told, running
from services.custody.policy.working import Working
from services.custody.policy.zones import day_of, first_instant

TELLING = SERVICES | {"sent"}


@dataclass(frozen=True, slots=True)
class Counted:
    """What a step's facts give. `at`: period and floor are over; None with `period` None: only an order opens."""

    told: Told
    at: datetime | None
    last_day: date | None
    notice_by: date | None
    unmet: tuple[str, ...]
    steps: tuple[Step, ...]


def counted(rule: NoticeStep, facts: NoticeFacts, working: Working, allowed: Allowed) -> Counted:
    """The window of a step, before objections and orders."""
    parties = required(rule, facts.recipients)
    told = Told(facts.recipients, parties, serving(rule, facts, allowed))
    missing = tuple(f"nobody_to_tell:{kind}" for kind in parties.missing)
    found = _found(rule, _Matter(told, working, facts.planned_on))
    steps = (*parties.steps, *told.served.steps, *found.steps)
    return Counted(told, found.at, found.last_day, found.notice_by, (*missing, *found.unmet), steps)


@dataclass(frozen=True, slots=True)
class _Matter:
    told: Told
    working: Working
    planned_on: date | None


def _found(rule: NoticeStep, matter: _Matter) -> _Found:
    if rule.period is None:
        return _Found(steps=(step("order_alone"),))
    if rule.starts_at == "count_back_from_planned":
        return _back(rule, rule.period, matter)
    if matter.told.parties.missing:
        return _Found()
    return _onward(rule, rule.period, rule.starts_at, matter)


def served_outside(told: Told, seconds: bool, zone: str) -> Over:
    """From when on it counts that somebody outside the prosecution was served; never, if nobody was (G4)."""
    outside = {party.id for party in told.recipients if party.kind not in PROSECUTION}
    for begun in told.served.begun:
        if begun.fact.recipient in outside and begun.fact.kind in SERVICES:
            after = days_after(day_of(begun.at, zone), 1)
            at = begun.at if seconds else first_instant(after, zone) if after is not None else None
            return Over(at, (step("served_outside", recipient=begun.fact.recipient or "", at=begun.at),))
    return Over(None, (step("nobody_served"),))


@dataclass(frozen=True, slots=True)
class _Found:
    at: datetime | None = None
    last_day: date | None = None
    notice_by: date | None = None
    unmet: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


def _onward(rule: NoticeStep, period: Period, starts_at: StartOf | LaterOf | EarlierOf, matter: _Matter) -> _Found:
    """The period and the floor from the start that the rule names."""
    start = running(starts_at, matter.told)
    if start.at is None or start.recorded_at is None:
        return _Found(unmet=("clock_not_started",), steps=start.steps)
    roll = rule.roll == "next_business_day"
    main = over(start.at, period.n, period.unit, matter.working, rule.day_rule, roll)
    return _ended(rule, Over(main.at, (*start.steps, *main.steps)), start.recorded_at, matter)


def _back(rule: NoticeStep, period: Period, matter: _Matter) -> _Found:
    """The last day for the notice, counted back from the planned day, and whether everybody was told by then."""
    planned = matter.planned_on
    if planned is None:
        return _Found(unmet=("nothing_planned",), steps=(step("nothing_planned"),))
    by, steps = _notice_by(rule, period, planned, matter.working)
    if by is None:
        return _Found(unmet=("no_known_end",), steps=steps)
    recorded: list[datetime] = []
    for one in matter.told.parties.addressed:
        begun = _told_by(one, by, matter)
        if begun is None:
            late = step("told_too_late", recipient=one.recipient.id, by=by)
            return _Found(notice_by=by, unmet=("told_too_late",), steps=(*steps, late))
        recorded.append(begun.fact.recorded_at)
    if not recorded:
        return _Found(notice_by=by, unmet=("clock_not_started",), steps=steps)
    at = first_instant(planned, matter.working.calendar.zone)
    main = Over(at, (*steps, step("planned", day=planned, at=at)))
    return replace(_ended(rule, main, max(recorded), matter), notice_by=by)


def _notice_by(
    rule: NoticeStep, period: Period, planned: date, working: Working
) -> tuple[date | None, tuple[Step, ...]]:
    if period.unit == "second":
        begins = first_instant(planned, working.calendar.zone)
        by = None if begins is None else day_of(begins - timedelta(seconds=period.n), working.calendar.zone)
        return by, (step("notice_by", day=by),)
    found = back(planned, period.n, period.unit, working, rule.roll == "next_business_day")
    return found.day, (*found.steps, step("notice_by", day=found.day))


def _told_by(addressed: Addressed, by: date, matter: _Matter) -> Begun | None:
    """The first sending or service that reached a recipient, or a substitute, by the day."""
    told, zone = matter.told, matter.working.calendar.zone
    for party in (addressed.recipient, *substitutes(addressed.recipient, told.recipients)):
        for begun in told.served.begun:
            if begun.fact.recipient == party.id and begun.fact.kind in TELLING and day_of(begun.at, zone) <= by:
                return begun
    return None


def _ended(rule: NoticeStep, main: Over, recorded_at: datetime, matter: _Matter) -> _Found:
    """The later of the period and the floor, which is counted from the recording."""
    ends = [main]
    if rule.floor is not None:
        floor = over(recorded_at, rule.floor.n, rule.floor.unit, matter.working, rule.day_rule, roll=False)
        ends.append(Over(floor.at, (step("floor", recorded_at=recorded_at), *floor.steps)))
    steps = tuple(told for one in ends for told in one.steps)
    instants = [one.at for one in ends if one.at is not None]
    if len(instants) < len(ends):
        return _Found(unmet=("no_known_end",), steps=steps)
    at = max(instants)
    return _Found(at, _last_day(at, matter.working.calendar.zone), steps=(*steps, step("window_over", at=at)))


def _last_day(at: datetime, zone: str) -> date | None:
    """The objectors' last day: the one before that which begins at `at`; the day of `at` if it lies within one."""
    day = day_of(at, zone)
    return days_after(day, -1) if first_instant(day, zone) == at else day
