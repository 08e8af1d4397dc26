"""Days and instants of a place: no arithmetic, a search (point 1 and the second half of point 2)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class NotCounted(Exception):
    """Nothing can be counted here: a year out of bounds, a day of which the calendar says nothing."""


def in_bounds(day: date) -> date:
    """The day, if it lies in the years 2 to 9998."""
    if not 2 <= day.year <= 9998:
        raise NotCounted
    return day


def tomorrow(day: date) -> date:
    """The day after."""
    return in_bounds(in_bounds(day) + ONE_DAY)


def yesterday(day: date) -> date:
    """The day before."""
    return in_bounds(in_bounds(day) - ONE_DAY)


@cache
def place(name: str) -> ZoneInfo:
    """A zone from the pinned package, whatever the machine has."""
    with (resources.files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def read(text: str) -> datetime:
    """An instant, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def written(instant: datetime | None) -> str | None:
    """An instant as the vectors write it."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown(day: date | None) -> str | None:
    """A day as the vectors write it."""
    return None if day is None else day.isoformat()


def day_of(instant: datetime, name: str) -> date:
    """The date that a clock on the wall of the place shows."""
    return instant.astimezone(place(name)).date()


@cache
def first_instant(day: date, name: str) -> datetime:
    """The first instant from which on no earlier day is ever shown again."""
    utc = datetime.combine(in_bounds(day), time(0), UTC)
    offsets = [
        (utc + timedelta(hours=hours)).astimezone(place(name)).utcoffset() or timedelta() for hours in (-30, 0, 30)
    ]
    begin = utc - max(offsets) - timedelta(hours=3)
    minutes = int((max(offsets) - min(offsets) + timedelta(hours=6)) / MINUTE)
    before = [m for m in range(minutes + 1) if day_of(begin + m * MINUTE, name) < day]
    last = begin + before[-1] * MINUTE
    while day_of(last + SECOND, name) < day:
        last += SECOND
    return last + SECOND


def first_instant_after(day: date, name: str) -> datetime | None:
    """The first instant of the day after; None: out of bounds."""
    try:
        return first_instant(tomorrow(day), name)
    except NotCounted:
        return None
