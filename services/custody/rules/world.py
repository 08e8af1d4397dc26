"""What a command decides upon: the states that its footprint names, read under its locks. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.custody.policy.retention import Law, flat
from services.custody.rules.account import AccountState
from services.custody.rules.auditor import AuditorState
from services.custody.rules.case import CaseState
from services.custody.rules.hold import HoldState
from services.custody.rules.installation import InstallationState
from services.custody.rules.offer import OfferState
from services.custody.rules.organisation import OrganisationState
from services.custody.rules.person import PersonState
from services.custody.rules.proposal import ProposalState
from services.custody.rules.review import ReviewState
from services.custody.rules.sample import SampleState
from services.custody.rules.state import State
from shared.facts.people import Role


@dataclass(frozen=True, slots=True)
class ActorState:
    """Who commands: the linked account, and the person, organisation and role that it stands for."""

    account: str
    person: str
    org: str
    role: Role
    service: bool
    """The account is a system's, and `person` its operator, who answers for what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """States by id. What is absent does not exist, as far as the command's footprint reaches.

    `actor` is None for the founding alone. `label_holders`: (registering organisation, label) → sample;
    `folio_holders`: (authority, folio) → case. `holds` are the one that is commanded, and those over the items of a
    proposal.
    """

    actor: ActorState | None = None
    law: Law = field(default_factory=flat, compare=False)
    """The pack in force."""
    installation: InstallationState | None = None
    organisations: Mapping[str, OrganisationState] = field(default_factory=dict)
    persons: Mapping[str, PersonState] = field(default_factory=dict)
    accounts: Mapping[str, AccountState] = field(default_factory=dict)
    cases: Mapping[str, CaseState] = field(default_factory=dict)
    samples: Mapping[str, SampleState] = field(default_factory=dict)
    offers: Mapping[str, OfferState] = field(default_factory=dict)
    proposals: Mapping[str, ProposalState] = field(default_factory=dict)
    holds: Mapping[str, HoldState] = field(default_factory=dict)
    reviews: Mapping[str, ReviewState] = field(default_factory=dict)
    auditors: Mapping[str, AuditorState] = field(default_factory=dict)
    counsel_of_record: frozenset[str] = frozenset()
    """Of the persons whose account is to be closed, those who speak for somebody in some case."""
    label_holders: Mapping[tuple[str, str], str] = field(default_factory=dict)
    folio_holders: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def acting(self) -> ActorState:
        """Who commands; LookupError in the founding, which nobody commands."""
        if self.actor is None:
            raise LookupError("nobody acts here")
        return self.actor

    def state(self, subject: str) -> State | None:
        """The state of `<noun>/<id>`, None where there is none."""
        noun, _, key = subject.partition("/")
        if noun == "installation":
            return self.installation if self.installation and self.installation.id == key else None
        states: Mapping[str, State] = getattr(self, f"{noun}s")
        return states.get(key)
