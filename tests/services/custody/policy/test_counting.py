"""Periods at the ends of time and of calendars: no day is made up, and nothing is raised."""

from dataclasses import replace
from datetime import date

import pytest

from services.custody.policy.calendars import Calendar, Holiday, Suspended
from services.custody.policy.counting import back, forward
from services.custody.policy.rules import Unit
from services.custody.policy.working import Working

PLAIN = Calendar(id="weekends", version=1, zone="Etc/UTC", source="the week")
LAST, FIRST = date(9998, 12, 31), date(2, 1, 1)


def counting(calendar: Calendar = PLAIN) -> Working:
    return Working(calendar, detained=False, observes=True)


@pytest.mark.parametrize("unit", ["day", "business_day", "month", "year"])
def test_what_ends_after_the_counted_years_is_not_known(unit: Unit) -> None:
    found = forward(date(9998, 12, 30), 5, unit, counting(), roll=True)
    assert (found.day, found.steps[-1].code) == (None, "beyond_time")


@pytest.mark.parametrize("unit", ["day", "business_day", "month", "year"])
def test_what_ends_before_the_counted_years_is_not_known(unit: Unit) -> None:
    assert back(date(2, 1, 3), 5, unit, counting(), roll=True).day is None


def test_a_roll_and_suspended_days_may_run_out_of_the_counted_years() -> None:
    off = replace(PLAIN, holidays=(Holiday(LAST, "the last day"), Holiday(FIRST, "the first day")))
    assert forward(date(9998, 12, 30), 1, "day", counting(off), roll=True).day is None
    assert back(date(2, 1, 2), 1, "day", counting(off), roll=True).day is None
    closed = replace(PLAIN, suspended=(Suspended(date(9998, 12, 29), LAST, "to the end"),))
    assert forward(date(9998, 12, 20), 10, "day", counting(closed), roll=False).day is None


def test_a_period_of_nothing_is_its_start_and_rolls_all_the_same() -> None:
    friday, saturday = date(2026, 1, 9), date(2026, 1, 10)
    assert forward(friday, 0, "day", counting(), roll=True).day == friday
    assert forward(saturday, 0, "day", counting(), roll=True).day == date(2026, 1, 12)
    assert back(saturday, 0, "month", counting(), roll=True).day == friday


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weekend": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}, "the whole week"),
        ({"suspended": (Suspended(date(2026, 1, 2), date(2026, 1, 1), "backwards"),)}, "before it begins"),
        ({"zone": "Nowhere"}, "no time zone 'Nowhere'"),
        ({"zone": "../etc/passwd"}, "no time zone"),
        ({"zone": ""}, "no time zone"),
        ({"zone": "America"}, "no time zone"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        replace(PLAIN, **changes)  # type: ignore[arg-type]
