"""The days of an authority: which are worked, and which do not count at all. PURE.

Calendars are data with versions (`calendars/*.yaml`), made from what the authority published; none is taken from a
library, which would guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.custody.policy.zones import zone

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day on which the authority does not work."""

    day: date
    name: str


@dataclass(frozen=True, slots=True)
class Suspended:
    """A span, both days included, in which no day counts; `except_` names the cases that it does not touch."""

    first: date
    last: date
    name: str
    exempt: Annotated[Literal["detained"] | None, Field(alias="except")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """One authority's calendar. It says nothing of days outside `covers_from` … `covers_to` (None: of all)."""

    id: str
    version: int
    zone: str
    """IANA name."""
    source: str
    weekend: tuple[Weekday, ...] = ("saturday", "sunday")
    holidays: tuple[Holiday, ...] = ()
    suspended: tuple[Suspended, ...] = ()
    covers_from: date | None = None
    covers_to: date | None = None

    def __post_init__(self) -> None:
        """ValueError for a zone that there is not, a week without a working day, a span that ends before it begins."""
        zone(self.zone)
        if set(self.weekend) == set(WEEKDAYS):
            raise ValueError("the weekend is the whole week; name the days on which the authority does not work")
        for span in self.suspended:
            if span.last < span.first:
                raise ValueError(f"the span {span.name!r} ends on {span.last} before it begins on {span.first}")
