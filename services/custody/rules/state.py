"""What every state has in common, and the pieces that states are made of. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A subject as its events left it: nothing stands here that its own events, in order, do not say.

    `version` is the sequence of the last event, `updated_at` its time. Members are str, int, bool, date, datetime,
    None, tuples of str, or tuples of flat frozen dataclasses of str; sealed texts stand here as digests.
    """

    id: str
    version: int
    updated_at: datetime
