"""What is known of an item, its cases and a notice, and who said so. PURE.

Statements stand in the order in which they were recorded. docs/law/counting.md, points 10 and 17, says which count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from services.custody.policy.anchors import CaseAnchor, ItemAnchor, PersonAnchor
from services.custody.policy.rules import Circumstance, Proof, RecipientKind, Start
from shared.facts.cases import CaseRole

Value = TypeVar("Value")


def _placed(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError(
            f"the instant {instant.isoformat()} has no offset from UTC; write it as 2026-01-10T23:30:00-06:00"
        )
    if not 1900 <= instant.year <= 2199:
        raise ValueError(f"the year of {instant.isoformat()} is not between 1900 and 2199")


@dataclass(frozen=True, slots=True)
class Statement(Generic[Value]):
    """What somebody recorded; None: it has not happened, or not any more."""

    value: Value | None
    by: Literal["court", "other"]


Days = tuple[Statement[date], ...]
Codes = tuple[Statement[str], ...]


@dataclass(frozen=True, slots=True)
class RoleOf:
    """A person's role in the case. `ended` by a court: they never had it, or have it no more."""

    role: CaseRole
    ended: bool = False


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person of a case."""

    person: str
    roles: tuple[RoleOf, ...]
    dates: dict[PersonAnchor, Days] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proceeding:
    """An appeal, an amparo, a petition of innocence; over only when a court entered its decision."""

    kind: str
    decided: Days = ()


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case to which an item belongs."""

    case: str
    persons: tuple[PersonFacts, ...] = ()
    dates: dict[CaseAnchor, Days] = field(default_factory=dict)
    circumstances: dict[Circumstance, Codes] = field(default_factory=dict)
    proceedings: tuple[Proceeding, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """An item; circumstances of its own (`material`) stand beside those of its cases."""

    item: str
    dates: dict[ItemAnchor, Days] = field(default_factory=dict)
    circumstances: dict[Circumstance, Codes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A party of a notice; `instead_of` another that was not served."""

    id: str
    kind: RecipientKind
    instead_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFact:
    """What became of a notice, or what else a clock may start from. `recipient` is None for facts of the case."""

    kind: Start | Literal["bounced", "contradicted", "consented"]
    at: datetime
    recorded_at: datetime
    by: Literal["proposer", "court", "carrier", "receiver", "notify"]
    recipient: str | None = None
    proof: Proof | None = None

    def __post_init__(self) -> None:
        """ValueError for an instant that cannot be placed on a calendar."""
        _placed(self.at)
        _placed(self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionFact:
    """Somebody objected; `resolved` says how it ended, if it did."""

    at: datetime
    resolved: Literal["withdrawn", "court_permits", "court_forbids"] | None = None

    def __post_init__(self) -> None:
        """ValueError for an instant that cannot be placed on a calendar."""
        _placed(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """Everything recorded about the notices of one proposal, in the order of its recording."""

    recipients: tuple[Recipient, ...] = ()
    facts: tuple[NoticeFact, ...] = ()
    objections: tuple[ObjectionFact, ...] = ()
    planned_on: date | None = None
