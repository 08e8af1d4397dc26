"""Until when: a retention period as an expression tree, in the shape in which a pack writes it. PURE.

Each node is the mapping that its members name: `{years: 5, from: conviction}`, `{until: death}`, `{max: [...]}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.custody.policy.anchors import When
from shared.facts.cases import CaseRole


@dataclass(frozen=True, slots=True)
class Years:
    """So many years from a day."""

    years: Annotated[int, Field(ge=1, le=200)]
    since: Annotated[When, Field(alias="from")]


@dataclass(frozen=True, slots=True)
class Months:
    """So many months from a day."""

    months: Annotated[int, Field(ge=1, le=2400)]
    since: Annotated[When, Field(alias="from")]


@dataclass(frozen=True, slots=True)
class Days:
    """So many days from a day."""

    days: Annotated[int, Field(ge=1, le=73_000)]
    since: Annotated[When, Field(alias="from")]


@dataclass(frozen=True, slots=True)
class Until:
    """Until something has happened."""

    until: When


@dataclass(frozen=True, slots=True)
class FixedDate:
    """Until a day that the text names."""

    fixed_date: date


Forever = Literal["forever"]


@dataclass(frozen=True, slots=True)
class Latest:
    """Until the last of these ends."""

    max: Annotated[tuple[Expression, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Earliest:
    """Until the first of these ends."""

    min: Annotated[tuple[Expression, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Each:
    """The expression for each person of the case who has one of the roles, and how the ends are combined."""

    combine: Literal["max", "min"]
    of: Annotated[tuple[CaseRole, ...], Field(min_length=1)]
    keep: Expression


@dataclass(frozen=True, slots=True)
class PerPerson:
    """`keep`, taken over persons."""

    per_person: Each


Expression = Years | Months | Days | Until | FixedDate | Latest | Earliest | PerPerson | Forever
