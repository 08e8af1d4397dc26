"""A period as a rule writes it, from an instant to the instant from which it is over. PURE.

docs/law/counting.md, points 1, 2, 9 and 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.custody.policy.counting import forward
from services.custody.policy.days import days_after
from services.custody.policy.outcome import Step, step
from services.custody.policy.rules import Unit
from services.custody.policy.working import Working
from services.custody.policy.zones import day_of, first_instant


@dataclass(frozen=True, slots=True)
class Over:
    """From which instant (UTC) a period is over; None: no such instant is known."""

    at: datetime | None
    steps: tuple[Step, ...]


def over(start: datetime, n: int, unit: Unit, working: Working, day_rule: Literal["on", "after"], roll: bool) -> Over:
    """When the period of `n` units from `start` is over: `on` its last day, or `after` it."""
    if unit == "second":
        at = start + timedelta(seconds=n)
        return Over(at, (step("seconds_after", start=start, n=n, at=at),))
    zone = working.calendar.zone
    first = day_of(start, zone)
    counted = forward(first, n, unit, working, roll)
    steps = (step("starts_on", at=start, zone=zone, day=first), *counted.steps)
    if counted.day is None:
        return Over(None, steps)
    opening = counted.day if day_rule == "on" else days_after(counted.day, 1)
    at_ = first_instant(opening, zone) if opening is not None else None
    return Over(at_, (*steps, step(f"opens_{day_rule}", day=counted.day, at=at_)))
