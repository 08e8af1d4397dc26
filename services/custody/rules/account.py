"""Accounts: an issuer's subject is one person, in one organisation, with one role. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from services.custody.refusals import AlreadyLinked, RoleNotOfTheOrganisation, UnknownReference
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, born
from shared.events import Draft, Event
from shared.facts.people import AccountLinked, OrganisationKind, Role

if TYPE_CHECKING:
    from services.custody.rules.world import World

ROLE_KINDS: Mapping[Role, frozenset[OrganisationKind]] = {
    "lab": frozenset({"lab"}),
    "custodian": frozenset({"evidence_store", "lab", "prosecutor", "court"}),
    "courier": frozenset({"courier"}),
    "prosecutor": frozenset({"prosecutor"}),
    "defence": frozenset({"defence"}),
    "court": frozenset({"court"}),
    "auditor": frozenset({"auditor"}),
    "oversight": frozenset({"oversight"}),
    "registrar": frozenset({"registrar", "court"}),
}
"""In which kinds of organisation a role is exercised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAccount(Command):
    """Say who an issuer's subject is; `account_digest` is shared.accounts.account_digest of the two."""

    subject_is: ClassVar[str] = "account/{0.id}"
    target_is: ClassVar[str] = "person/{0.person}"

    id: str
    person: str
    organisation: str
    role: Role
    account_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState(State):
    """An account. One person may have several, and is one person in all of them."""

    person: str
    organisation: str
    role: Role
    account_digest: str


def decide_link(world: World, command: LinkAccount, now: datetime) -> Decision:
    """An account becomes one person, in one organisation of its role's kind, once."""
    organisation = world.organisations.get(command.organisation)
    if command.person not in world.persons:
        return UnknownReference(f"person/{command.person}")
    if organisation is None:
        return UnknownReference(f"organisation/{command.organisation}")
    if any(account.account_digest == command.account_digest for account in world.accounts.values()):
        return AlreadyLinked(
            command.target(), "Issuer and subject are linked to a person already; use another account of the issuer."
        )
    if organisation.kind not in ROLE_KINDS[command.role]:
        detail = f"The role {command.role} is exercised in: {', '.join(sorted(ROLE_KINDS[command.role]))}."
        return RoleNotOfTheOrganisation(command.target(), detail)
    fact = AccountLinked(
        person=command.person,
        organisation=command.organisation,
        role=command.role,
        account_digest=command.account_digest,
    )
    return (Draft(command.subject(), fact, command.occurred_at),)


FACTS = (AccountLinked,)


def apply(state: AccountState | None, event: Event) -> AccountState:
    """The account after `event`; OutOfOrder for one that cannot follow."""
    fact = event.fact()
    if state is not None or not isinstance(fact, AccountLinked):
        raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")
    return AccountState(
        **born(event),
        person=fact.person,
        organisation=fact.organisation,
        role=fact.role,
        account_digest=fact.account_digest,
    )
