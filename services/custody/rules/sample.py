"""Samples: what they are, who holds them, until when they are kept. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.samples import Quantity, SampleKind, Unit
from shared.sealed import SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSample(Command):
    """Register an item of a case; the actor's organisation and person become its first custodian."""

    subject_is: ClassVar[str] = "sample/{0.id}"
    target_is: ClassVar[str] = "case/{0.case}"

    id: str
    case: str
    kind: SampleKind
    label: str
    seal: str
    quantity: Quantity
    collected_at: datetime
    collected_place: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendSample(Command):
    """Correct what was said of an item, with a reason; None leaves a member as it is."""

    subject_is: ClassVar[str] = "sample/{0.sample}"

    sample: str
    reason: SealedValue
    kind: SampleKind | None = None
    label: str | None = None
    seal: str | None = None
    quantity: Quantity | None = None
    collected_at: datetime | None = None
    collected_place: SealedValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleState(State):
    """An item. `label` is unique within `registered_by`, the organisation that registered it.

    `holders` are the organisations that ever held it, in order of their first time; `links` counts the links
    (eslabones) of its chain. `offer` and `offered_to` are of the open offer, `proposal` is the open proposal.
    """

    case: str
    kind: SampleKind
    label: str
    seal: str
    amount: int
    unit: Unit
    collected_at: datetime
    collected_place: str
    root: str
    registered_by: str
    custodian_org: str
    custodian_person: str
    holders: tuple[str, ...]
    links: int
    offer: str | None
    offered_to: str | None
    proposal: str | None
    retention_rule: str
    retention_version: int
    retention_until: date

    @property
    def status(self) -> Literal["held", "offered"]:
        """Whether an offer of the item waits for its receiver."""
        return "held" if self.offer is None else "offered"
