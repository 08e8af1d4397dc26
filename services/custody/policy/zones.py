"""Instants and days in the zone of an authority, by the pinned tzdata and never by the machine's own. PURE."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

from services.custody.policy.days import within

VERSION: str = tzdata.IANA_VERSION
"""The release of the time zone database, as explanations name it."""
FINEST = timedelta(seconds=1)
"""No zone changes its clocks at a fraction of a second."""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; ValueError for one that the pinned database does not have."""
    *folders, file = name.split("/")
    known = all(part and part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in (*folders, file))
    place = resources.files("tzdata").joinpath("zoneinfo", *folders, file) if known else None
    if place is None or not place.is_file():
        raise ValueError(f"there is no time zone {name!r} in tzdata {VERSION}; name one as America/Chihuahua")
    with place.open("rb") as text:
        return ZoneInfo.from_file(text, key=name)


def day_of(instant: datetime, name: str) -> date:
    """The date that it is in the zone at an instant."""
    return instant.astimezone(zone(name)).date()


def first_instant(day: date, name: str) -> datetime | None:
    """The instant (UTC) after which the day before never comes again in the zone; None outside the counted years."""
    if not within(day):
        return None
    midnight = datetime.combine(day, time(), zone(name))
    one, other = (midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    early, late = min(one, other), max(one, other)
    if early == late:
        return early
    if early.astimezone(zone(name)).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return late if day_of(late - FINEST, name) < day else early
    return _jump(day, early, late, name)


def _jump(day: date, early: datetime, late: datetime, name: str) -> datetime:
    """Where the clocks jump over the midnight: the first second in [early, late] that is of the day, or after it."""
    low, high = int(early.timestamp()) - 1, int(late.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if day_of(datetime.fromtimestamp(middle, UTC), name) >= day:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)
