"""Counting on a calendar, one day after the other (points 2 to 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.services.custody.policy.second.zone import NotCounted, in_bounds, tomorrow, yesterday

NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Walk = Callable[[date], date]


@dataclass
class Paper:
    """A calendar on the wall, and what a rule and a case make of it."""

    calendar: dict[str, Any]
    observe: bool
    """Whether suspended spans are observed."""
    prisoner: bool

    def __post_init__(self) -> None:
        self.weekend = set(self.calendar.get("weekend", ("saturday", "sunday")))
        self.holidays = {holiday["day"] for holiday in self.calendar.get("holidays", ())}
        self.spans = [
            (date.fromisoformat(span["first"]), date.fromisoformat(span["last"]))
            for span in self.calendar.get("suspended", ())
            if not (self.prisoner and span.get("except") == "detained")
        ]
        self.first, self.last = (
            text and date.fromisoformat(text)
            for text in (self.calendar.get("covers_from"), self.calendar.get("covers_to"))
        )

    def look(self, day: date) -> date:
        """The day, if the calendar says anything of it."""
        if (self.first and day < self.first) or (self.last and day > self.last):
            raise NotCounted
        return day

    def works(self, day: date) -> bool:
        """Is this a working day?"""
        self.look(day)
        return NAMES[day.weekday()] not in self.weekend and day.isoformat() not in self.holidays

    def stands_still(self, day: date) -> bool:
        """Does this day not count at all?"""
        if not self.observe:
            return False
        self.look(day)
        return any(first <= day <= last for first, last in self.spans)


def count(paper: Paper, start: date, n: int, unit: str, way: Walk) -> date:
    """The n-th day from the start, forwards (`tomorrow`) or back (`yesterday`)."""
    if unit in ("month", "year"):
        nominal = same_number(start, n, unit, way)
        n, day = still_between(paper, start, nominal, way), nominal
    else:
        day = in_bounds(start)
    while n:
        day = way(day)
        if not paper.stands_still(day) and (unit != "business_day" or paper.works(day)):
            n -= 1
    return day


def still_between(paper: Paper, start: date, nominal: date, way: Walk) -> int:
    """How many suspended days lie after the start, up to the nominal end."""
    day, still = start, 0
    while day != nominal:
        day = way(day)
        still += paper.stands_still(day)
    return still


def same_number(start: date, n: int, unit: str, way: Walk) -> date:
    """Walk to the day with the same number n months or years off; where there is none, as point 3 says."""
    day, turned = in_bounds(start), 0
    if n == 0:
        return day
    while True:
        before, day = day, way(day)
        turned += (before.month != day.month) if unit == "month" else (before.year != day.year)
        if turned < n:
            continue
        mine, asked = (0, day.day), (0, start.day)
        if unit == "year":
            mine, asked = (day.month, day.day), (start.month, start.day)
        there = mine == asked or turned > n
        if way is tomorrow:
            if there or mine > asked:
                return day
        elif mine <= asked:
            return day


def plain(start: date, n: int, unit: str) -> date:
    """A period of retention: no calendar, days, months or years."""
    if unit == "day":
        day = in_bounds(start)
        for _ in range(n):
            day = tomorrow(day)
        return day
    return same_number(start, n, unit, tomorrow)


def rolled(paper: Paper, day: date, way: Walk) -> date:
    """The first working day outside a suspended span, from this one on."""
    while not paper.works(day) or paper.stands_still(day):
        day = way(day)
    return day


def seconds(n: int) -> timedelta:
    """A period of seconds."""
    return timedelta(seconds=n)


__all__ = ["NotCounted", "Paper", "count", "plain", "rolled", "seconds", "tomorrow", "yesterday"]
