"""What was computed, and every step on the way, in a form that words are put to later. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

Values = tuple[tuple[str, str | int], ...]
NEVER = "never"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the counting: `code` names its sentence in `phrases/`, `values` fill it."""

    code: str
    values: Values = ()


def step(code: str, **values: str | int | date | datetime | None) -> Step:
    """A step; days and instants (UTC) are written in ISO 8601, None as `never`."""
    return Step(code, tuple((name, _text(value)) for name, value in values.items()))


def _text(value: str | int | date | datetime | None) -> str | int:
    match value:
        case None:
            return NEVER
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Keep:
    """Until when an item is kept: through `until`, itself included; None: never over, as the facts stand.

    `review_by` is a day on which somebody must look, and permits nothing. `unknown` names what was not known.
    """

    until: date | None
    review_by: date | None
    unknown: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What a notice opens. `opens_at` is an instant in UTC; None: never, as the facts stand.

    From `closes_at` on it is too late. `last_day` is the objectors' own; `notice_by` the last day for a notice that is
    counted back from a planned day.
    """

    opens_at: datetime | None
    closes_at: datetime | None
    last_day: date | None
    notice_by: date | None
    unmet: tuple[str, ...]
    anomalies: tuple[str, ...]
    steps: tuple[Step, ...]
