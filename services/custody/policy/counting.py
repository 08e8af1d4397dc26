"""The last day of a period of days, forward or back, by an authority's calendar. PURE.

docs/law/counting.md, points 2 to 8. What the calendar does not cover is not counted: the period has no known end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.custody.policy.days import days_after, months_after, months_before
from services.custody.policy.outcome import Step, step
from services.custody.policy.rules import Unit
from services.custody.policy.working import Working


@dataclass(frozen=True, slots=True)
class Counted:
    """The day on which a period ends; None: not known, `steps` says why."""

    day: date | None
    steps: tuple[Step, ...]


def forward(start: date, n: int, unit: Unit, working: Working, roll: bool) -> Counted:
    """The n-th day (working day, month, year) after `start`, moved to a working day after it if it rolls."""
    return _Count(working, 1).end(start, n, unit, roll)


def back(planned: date, n: int, unit: Unit, working: Working, roll: bool) -> Counted:
    """The n-th day (working day, month, year) before `planned`, moved to a working day before it if it rolls."""
    return _Count(working, -1).end(planned, n, unit, roll)


def nominal(start: date, n: int, unit: Unit, direction: Literal[1, -1] = 1) -> date | None:
    """The end of a period by the calendar of everybody alone; None outside the counted years."""
    if unit == "day":
        return days_after(start, n * direction)
    months = n * 12 if unit == "year" else n
    return months_after(start, months) if direction == 1 else months_before(start, months)


def missing_day(start: date, unit: Unit, day: date) -> tuple[Step, ...]:
    """A step that names the convention, where the month had no day of the number asked for."""
    if unit == "day" or day.day == start.day:
        return ()
    return (step("missing_day_next" if day > start else "missing_day_last", number=start.day, day=day),)


class _Uncovered(Exception):
    """A day was needed of which the calendar says nothing."""


@dataclass(frozen=True, slots=True)
class _Count:
    working: Working
    direction: Literal[1, -1]

    def end(self, start: date, n: int, unit: Unit, roll: bool) -> Counted:
        steps: list[Step] = []
        try:
            day = self._counted(start, n, unit, steps)
            if day is not None:
                day = self._rolled(day, steps) if roll else self._not_rolled(day, steps)
        except _Uncovered as uncovered:
            calendar = self.working.calendar
            why = step("calendar_ends", calendar=calendar.id, version=calendar.version, day=str(uncovered))
            return Counted(None, (*steps, why))
        return Counted(day, tuple(steps) if day is not None else (*steps, step("beyond_time")))

    def _counted(self, start: date, n: int, unit: Unit, steps: list[Step]) -> date | None:
        if unit == "business_day":
            day = self._walk(start, n, self.working.worked)
            if day is not None:
                steps.append(step("business_days", start=start, n=n, day=day))
            return day
        day = nominal(start, n, unit, self.direction)
        if day is None:
            return None
        steps.append(step(f"{unit}s_{'after' if self.direction == 1 else 'before'}", start=start, n=n, day=day))
        steps += missing_day(start, unit, day)
        return self._extended(start, day, steps) if self.working.observes else day

    def _extended(self, start: date, day: date, steps: list[Step]) -> date | None:
        """As many days further, that count, as there are suspended ones in the period."""
        suspended = self._suspended(start, day)
        if not suspended:
            return day
        end = self._walk(day, suspended, self.working.counts)
        if end is not None:
            steps.append(step("suspended_days", n=suspended, day=end))
        return end

    def _suspended(self, start: date, day: date) -> int:
        """Days after the start, up to the end, that do not count."""
        if day == start:
            return 0
        first, last = sorted((start.toordinal() + self.direction, day.toordinal()))
        self._demand(date.fromordinal(first))
        self._demand(date.fromordinal(last))
        return sum(not self.working.counts(date.fromordinal(ordinal)) for ordinal in range(first, last + 1))

    def _demand(self, day: date) -> None:
        """Raises _Uncovered for a day of which the calendar says nothing."""
        if not self.working.covers(day):
            raise _Uncovered(day.isoformat())

    def _walk(self, start: date, n: int, counts: Callable[[date], bool]) -> date | None:
        """The n-th day after (before) a day of those that count."""
        day = start
        while n:
            further = self._next(day)
            if further is None:
                return None
            day = further
            n -= counts(day)
        return day

    def _next(self, day: date) -> date | None:
        further = days_after(day, self.direction)
        if further is not None:
            self._demand(further)
        return further

    def _not_rolled(self, day: date, steps: list[Step]) -> date:
        steps.append(step("not_rolled", day=day))
        return day

    def _rolled(self, day: date, steps: list[Step]) -> date | None:
        self._demand(day)
        moved: date | None = day
        while moved is not None and not self.working.worked(moved):
            moved = self._next(moved)
        if moved is not None and moved != day:
            steps.append(step("rolled", day=day, to=moved, calendar=self.working.calendar.id))
        return moved
