"""An authority's calendar as it counts in one matter: which days are worked, which count at all. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from services.custody.policy.calendars import WEEKDAYS, Calendar


@lru_cache(maxsize=256)
def _holidays(calendar: Calendar) -> frozenset[date]:
    return frozenset(holiday.day for holiday in calendar.holidays)


@dataclass(frozen=True, slots=True)
class Working:
    """A calendar, for a case that is a prisoner's or not, and a rule that observes suspended spans or does not."""

    calendar: Calendar
    detained: bool
    observes: bool

    def covers(self, day: date) -> bool:
        """Whether the calendar says anything of the day."""
        first, last = self.calendar.covers_from, self.calendar.covers_to
        return (first is None or first <= day) and (last is None or day <= last)

    def counts(self, day: date) -> bool:
        """Whether the day lies outside every suspended span that applies."""
        return not self.observes or not any(
            span.first <= day <= span.last and not (self.detained and span.exempt == "detained")
            for span in self.calendar.suspended
        )

    def worked(self, day: date) -> bool:
        """Whether the authority works on the day, and it counts."""
        weekend = WEEKDAYS[day.weekday()] in self.calendar.weekend
        return not weekend and day not in _holidays(self.calendar) and self.counts(day)
