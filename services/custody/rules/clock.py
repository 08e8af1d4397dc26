"""What custody's clock allows an account to claim. PURE."""

from __future__ import annotations

from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=60)
"""How far the clocks of honest clients may run ahead of custody's."""


def is_to_come(claimed: datetime, now: datetime) -> bool:
    """Whether an instant that an actor claims lies after `now`, beyond the tolerance."""
    return claimed > now + TOLERANCE
