"""Facts about proposals of destruction. Nothing here destroys: a proposal opens the way to notice. PURE."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact, Part
from shared.facts.samples import SampleKind
from shared.text import Code, SealedDigest, Uuid

Reason = Literal["retention_over", "consumed_remainder", "contaminated", "duplicate", "court_direction", "other"]
Method = Literal["incineration", "autoclave", "chemical", "shredding", "other"]


class ProposedItem(Part):
    """One item as it stands at the proposal: what it is, which case, who holds it, until when it must be kept."""

    sample: Uuid
    case: Uuid
    label: Code
    kind: SampleKind
    held_by: Uuid
    retention_until: date


class Recipient(Part):
    """A party that must be told, in which capacity and in which case; it cannot be muted."""

    person: Uuid
    case: Uuid
    capacity: Literal["counsel_of_record"]


class ProposalRule(Part):
    """The rule under which destruction is proposed, by id and version."""

    id: str
    version: int


class ProposalMade(Fact):
    """Subject `proposal/<id>`: destruction of items is proposed for a day, not before it."""

    name: ClassVar[str] = "custody.proposal.made.v1"
    items: Annotated[list[ProposedItem], Field(min_length=1, max_length=100)]
    planned_on: date
    reason: Reason
    method: Method
    rule: ProposalRule
    recipients: list[Recipient]
    explanation: SealedDigest | None = None


class SampleDestructionProposed(Fact):
    """The item is under an open proposal."""

    name: ClassVar[str] = "custody.sample.destruction_proposed.v1"
    proposal: Uuid
    planned_on: date


class ProposalWithdrawn(Fact):
    """The proposal is taken back; a new one starts every notice anew."""

    name: ClassVar[str] = "custody.proposal.withdrawn.v1"
    reason: SealedDigest


class SampleDestructionWithdrawn(Fact):
    """The item is under no proposal any more."""

    name: ClassVar[str] = "custody.sample.destruction_withdrawn.v1"
    proposal: Uuid
