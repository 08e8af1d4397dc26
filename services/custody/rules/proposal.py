"""Proposals of destruction: they open the way to notice; nothing here destroys. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.proposals import Method, Reason
from shared.sealed import SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeProposal(Command):
    """Propose that items of one case be destroyed on a day, not before it."""

    subject_is: ClassVar[str] = "proposal/{0.id}"
    target_is: ClassVar[str] = "sample/{0.samples[0]}"

    id: str
    samples: tuple[str, ...]
    planned_on: date
    reason: Reason
    method: Method
    explanation: SealedValue | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawProposal(Command):
    """Take a proposal back; a new one starts every notice anew."""

    subject_is: ClassVar[str] = "proposal/{0.proposal}"

    proposal: str
    reason: SealedValue


@dataclass(frozen=True, slots=True)
class ProposalRecipient:
    """A party that must be told, in a capacity and a case."""

    person: str
    case: str
    capacity: Literal["counsel_of_record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalState(State):
    """A proposal; its items and recipients are fixed when it is made."""

    proposed_by_org: str
    proposed_by_person: str
    samples: tuple[str, ...]
    cases: tuple[str, ...]
    planned_on: date
    reason: Reason
    method: Method
    rule_id: str
    rule_version: int
    recipients: tuple[ProposalRecipient, ...]
    explanation: str | None
    status: Literal["open", "withdrawn"]
