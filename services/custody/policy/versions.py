"""Of several windows, by versions of a rule and of a calendar that changed in mid-clock, the strictest. PURE.

docs/law/counting.md, points 25 and 26.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.custody.policy.outcome import Window, step


def strictest(found: Sequence[Window]) -> Window:
    """The latest opening and last day (never, if one is never), the earliest closing and day for the notice."""
    opens = [one.opens_at for one in found if one.opens_at is not None]
    days = [one.last_day for one in found if one.last_day is not None]
    merged = Window(
        opens_at=max(opens) if len(opens) == len(found) else None,
        closes_at=min((one.closes_at for one in found if one.closes_at is not None), default=None),
        last_day=max(days) if len(days) == len(found) else None,
        notice_by=min((one.notice_by for one in found if one.notice_by is not None), default=None),
        unmet=once(code for one in found for code in one.unmet),
        anomalies=once(code for one in found for code in one.anomalies),
        steps=tuple(told for one in found for told in one.steps),
    )
    return closed(merged)


def closed(found: Window) -> Window:
    """The window; never open, if it closes before it opens or as it does."""
    if found.opens_at is None or found.closes_at is None or found.opens_at < found.closes_at:
        return found
    too_late = step("closed_before_open", opens=found.opens_at, closes=found.closes_at)
    return replace(found, opens_at=None, unmet=once((*found.unmet, "closed")), steps=(*found.steps, too_late))


def once(codes: Iterable[str]) -> tuple[str, ...]:
    """Each code once, in the order of its first place."""
    return tuple(dict.fromkeys(codes))
