"""What another pack would change of an item: for the preview that comes before any change of the pack (G10). PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.custody.policy.retention import no_nearer
from shared.facts.samples import Retention

Why = Literal["later", "day_unknown", "other_rule", "kept_longer"]
"""The last day is later; it is not known any more; another rule says the same day; or the new rule's end is nearer, so
what stands holds."""


@dataclass(frozen=True, slots=True)
class Change:
    """What stands, what would stand, and what the new rule alone says, where that is another day."""

    why: Why
    was: Retention
    becomes: Retention
    rule_alone: Retention | None = None


def change(was: Retention, computed: Retention) -> Change | None:
    """The change of an item that is kept as `was`, by a pack that says `computed`; None for none."""
    if was.until == computed.until:
        return None if was == computed else Change("other_rule", was, computed)
    becomes = no_nearer(was, computed)
    if becomes != computed:
        return Change("kept_longer", was, becomes, computed)
    return Change("day_unknown" if becomes.until is None else "later", was, becomes)
