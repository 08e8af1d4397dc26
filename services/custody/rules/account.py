"""Accounts: an issuer's subject is one person, in one organisation, with one role; or a system of the organisation,
for which one person of it answers. PURE.

A system never approves (services.custody.authorise), and acts only while its operator has an open account there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from services.custody.refusals import (
    AccountIsClosed,
    AlreadyLinked,
    LastAccountOfCounsel,
    NotAService,
    OperatorNotOfTheOrganisation,
    OwnAccount,
    RoleNotOfTheOrganisation,
    UnknownReference,
)
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, born, moved
from shared.errors import Refusal
from shared.events import Draft, Event
from shared.facts.people import (
    AccountClosed,
    AccountLinked,
    AccountOperatorNamed,
    AccountServiceLinked,
    AccountStopped,
    OrganisationKind,
    Role,
    ServiceRole,
)
from shared.sealed import SealedValue

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
class LinkService(Command):
    """Say that an issuer's subject is a system of an organisation, and which person of it answers for the system."""

    subject_is: ClassVar[str] = "account/{0.id}"
    target_is: ClassVar[str] = "person/{0.operator}"

    id: str
    operator: str
    organisation: str
    role: ServiceRole
    account_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOperator(Command):
    """Another person of the organisation answers for a system from now on."""

    subject_is: ClassVar[str] = "account/{0.account}"

    account: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAccount(Command):
    """End an account for good; systems whose operator thereby leaves the organisation stop."""

    subject_is: ClassVar[str] = "account/{0.account}"

    account: str
    reason: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState(State):
    """An account. One person may have several, and is one person in all of them; of a system it is the operator."""

    person: str
    organisation: str
    role: Role
    account_digest: str
    kind: Literal["person", "service"]
    status: Literal["open", "stopped", "closed"]

    def speaks_for(self, person: str, organisation: str) -> bool:
        """Whether the person itself acts by this account, for this organisation."""
        own = self.kind == "person" and self.status == "open"
        return own and (self.person, self.organisation) == (person, organisation)


def decide_link(world: World, command: LinkAccount, now: datetime) -> Decision:
    """An account becomes one person, in one organisation of its role's kind, once."""
    if command.person not in world.persons:
        return UnknownReference(f"person/{command.person}")
    unfit = _unfit(world, command, command.role)
    if unfit is not None:
        return unfit
    fact = AccountLinked(
        person=command.person,
        organisation=command.organisation,
        role=command.role,
        account_digest=command.account_digest,
    )
    return (Draft(command.subject(), fact, command.occurred_at),)


def decide_link_service(world: World, command: LinkService, now: datetime) -> Decision:
    """A system gets an account of its own, and a person of its organisation who answers for it."""
    if command.operator not in world.persons:
        return UnknownReference(f"person/{command.operator}")
    unfit = _unfit(world, command, command.role)
    if unfit is not None:
        return unfit
    if not _is_of(world, command.operator, command.organisation):
        return OperatorNotOfTheOrganisation(command.target(), "Link an account of the operator's own there first.")
    fact = AccountServiceLinked(
        operator=command.operator,
        organisation=command.organisation,
        role=command.role,
        account_digest=command.account_digest,
    )
    return (Draft(command.subject(), fact, command.occurred_at),)


def decide_name_operator(world: World, command: NameOperator, now: datetime) -> Decision:
    """Another person of the system's organisation answers for it; that also lets a stopped system go on."""
    account = world.accounts.get(command.account)
    if account is None or command.operator not in world.persons:
        return UnknownReference(command.subject() if account is None else f"person/{command.operator}")
    if account.kind != "service":
        return NotAService(command.target(), "The account is a person's own; link a new one for another person.")
    if account.status == "closed":
        return AccountIsClosed(command.target(), "Link the system anew.")
    if not _is_of(world, command.operator, account.organisation):
        return OperatorNotOfTheOrganisation(command.target(), "Link an account of the operator's own there first.")
    return (Draft(command.subject(), AccountOperatorNamed(operator=command.operator), command.occurred_at),)


def decide_close(world: World, command: CloseAccount, now: datetime) -> Decision:
    """Any account but one's own ends: so a registrar is always left. Counsel of record keeps one, or a court ends it.

    Who is counsel of record stays so, and is told of every proposal at the address it gave, with an account or without:
    closing takes no protection away. But counsel that cannot sign in can object to nothing, so that no registrar
    alone brings this about (G2).
    """
    account = world.accounts.get(command.account)
    if account is None:
        return UnknownReference(command.subject())
    if account.status == "closed":
        return AccountIsClosed(command.target(), "It was closed before.")
    if command.account == world.acting().account:
        return OwnAccount(command.target(), "Another registrar, or a court, closes it.")
    if account.role == "defence" and world.acting().role != "court" and _is_last_of_counsel(world, account):
        return LastAccountOfCounsel(
            command.target(), "Link the person's new account first, or ask a court to close it."
        )
    closed = Draft(
        command.subject(), AccountClosed(reason=command.reason.digest), command.occurred_at, (command.reason,)
    )
    stopped = (
        Draft(f"account/{system.id}", AccountStopped(operator=system.person))
        for system in _left_without_operator(world, account)
    )
    return (closed, *stopped)


def _unfit(world: World, command: LinkAccount | LinkService, role: Role) -> UnknownReference | Refusal | None:
    organisation = world.organisations.get(command.organisation)
    if organisation is None:
        return UnknownReference(f"organisation/{command.organisation}")
    linked = (one for one in world.accounts.values() if one.account_digest == command.account_digest)
    if any(account.status != "closed" for account in linked):
        return AlreadyLinked(
            command.target(), "Issuer and subject are linked already; use another account of the issuer, or close it."
        )
    if organisation.kind not in ROLE_KINDS[role]:
        detail = f"The role {role} is exercised in: {', '.join(sorted(ROLE_KINDS[role]))}."
        return RoleNotOfTheOrganisation(command.target(), detail)
    return None


def _is_of(world: World, person: str, organisation: str) -> bool:
    return any(account.speaks_for(person, organisation) for account in world.accounts.values())


def _is_last_of_counsel(world: World, account: AccountState) -> bool:
    """Whether the person is counsel of record somewhere, and has no other open account of a defence organisation."""
    others = (one for one in world.accounts.values() if one.id != account.id and one.person == account.person)
    kept = any(one.role == "defence" and one.status == "open" for one in others)
    return account.person in world.counsel_of_record and not kept


def _left_without_operator(world: World, closed: AccountState) -> list[AccountState]:
    """The open systems of a person who has no other account of their own in the organisation, by id."""
    if closed.kind == "service":
        return []
    place = (closed.person, closed.organisation)
    if any(one.id != closed.id and one.speaks_for(*place) for one in world.accounts.values()):
        return []
    systems = (one for one in world.accounts.values() if one.kind == "service" and one.status == "open")
    return sorted((one for one in systems if (one.person, one.organisation) == place), key=lambda one: one.id)


FACTS = (AccountLinked, AccountServiceLinked, AccountOperatorNamed, AccountStopped, AccountClosed)


def apply(state: AccountState | None, event: Event) -> AccountState:
    """The account after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, AccountLinked() as fact:
            return _born(event, fact, fact.person, "person")
        case None, AccountServiceLinked() as fact:
            return _born(event, fact, fact.operator, "service")
        case AccountState(status="closed"), _:
            raise OutOfOrder(f"{event.type} follows on the closing of {event.subject}")
        case AccountState(kind="service") as standing, AccountOperatorNamed() as fact:
            return replace(standing, person=fact.operator, status="open", **moved(event))
        case AccountState(kind="service") as standing, AccountStopped():
            return replace(standing, status="stopped", **moved(event))
        case AccountState() as standing, AccountClosed():
            return replace(standing, status="closed", **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _born(
    event: Event, fact: AccountLinked | AccountServiceLinked, person: str, kind: Literal["person", "service"]
) -> AccountState:
    return AccountState(
        **born(event),
        person=person,
        organisation=fact.organisation,
        role=fact.role,
        account_digest=fact.account_digest,
        kind=kind,
        status="open",
    )
