"""Until which day an item is kept. PURE.

Periods in years end on the day of the same number in the month; where that month has no such day, on the day after
(Brazilian Civil Code art. 132 § 3). Days are days of UTC.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from shared.canonical import canonical
from shared.facts.people import Pack
from shared.facts.samples import Retention


@dataclass(frozen=True, slots=True)
class Rule:
    """Keep an item for `years` from the day it was collected on."""

    id: str
    version: int
    years: int

    def retention(self, collected_at: datetime) -> Retention:
        """The last day on which the item is kept, under this rule and version."""
        return self._from(collected_at.astimezone(UTC).date())

    @lru_cache(maxsize=4096)  # noqa: B019  rules are few, and stay
    def _from(self, day: date) -> Retention:
        """What is collected on one day is kept until one day."""
        return Retention(rule=self.id, version=self.version, until=add_years(day, self.years))

    def pack(self) -> Pack:
        """The rule by name, version and the SHA-256 of its canonical JSON, as leaf 0 states it."""
        return Pack(id=self.id, version=self.version, sha256=hashlib.sha256(canonical(asdict(self))).hexdigest())


FLAT = Rule(id="flat", version=1, years=20)


def add_years(day: date, years: int) -> date:
    """The same day, `years` later; 29 February becomes 1 March in a year that has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def later(standing: Retention, computed: Retention) -> Retention:
    """Which of two retentions holds: never one that ends before the standing one (G2, G10)."""
    return computed if computed.until > standing.until else standing
