"""Dates that lie months before or after another, and what is too far away to be counted. PURE.

Source of the missing day: Brazilian Civil Code art. 132 § 3; docs/law/counting.md, points 2 and 3.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

FIRST, LAST = date(2, 1, 1), date(9998, 12, 31)
"""Between these two days, both included, Cadena counts."""
ONE_DAY = timedelta(days=1)


def within(day: date) -> bool:
    """Whether the day lies in the years that are counted."""
    return FIRST <= day <= LAST


def days_after(day: date, n: int) -> date | None:
    """The n-th day after (n < 0: before) a day; None outside the years that are counted."""
    ordinal = day.toordinal() + n
    return date.fromordinal(ordinal) if FIRST.toordinal() <= ordinal <= LAST.toordinal() else None


def months_after(day: date, n: int) -> date | None:
    """The day of the same number `n` months later; where that month has none, the first of the next month."""
    year, month = _month(day, n)
    if not FIRST.year <= year <= LAST.year:
        return None
    if day.day > calendar.monthrange(year, month)[1]:
        return days_after(date(year, month, 1), calendar.monthrange(year, month)[1])
    return date(year, month, day.day)


def months_before(day: date, n: int) -> date | None:
    """The day of the same number `n` months earlier; where that month has none, its last day."""
    year, month = _month(day, -n)
    if not FIRST.year <= year <= LAST.year:
        return None
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _month(day: date, n: int) -> tuple[int, int]:
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return year, month + 1
