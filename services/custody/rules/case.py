"""Cases: whose they are, who is in them, and who speaks for whom. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar

from services.custody.refusals import (
    AlreadyAppointed,
    AlreadyLinked,
    ClientNotInTheCase,
    NotAnAuthority,
    NotCounsel,
    RepresentationUnfit,
    TooManyCounsel,
    UnknownReference,
)
from services.custody.rules import statement
from services.custody.rules.command import Command, Decision, Known
from services.custody.rules.organisation import AUTHORITIES
from services.custody.rules.state import OutOfOrder, State, born, moved
from services.custody.rules.statement import CaseStatement
from shared.events import Draft, Event
from shared.facts.cases import (
    AppointmentKind,
    AppointmentSource,
    CaseCounselAppointed,
    CaseOpened,
    CasePersonLinked,
    CaseRole,
    Representation,
)
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.world import World

MAX_COUNSEL = 50
"""Persons who are counsel of record in one case, at most: a proposal of 100 items names each of them in one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase(Command):
    """Open the case that an authority keeps under a folio, or find it: the two together are one case."""

    subject_is: ClassVar[str] = "case/{0.id}"
    target_is: ClassVar[str] = "organisation/{0.authority}"

    id: str
    authority: str
    folio: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPerson(Command):
    """Give a person a role in the case; `source` says where this is known from."""

    subject_is: ClassVar[str] = "case/{0.case}"

    case: str
    person: str
    role: CaseRole
    source: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointCounsel(Command):
    """Make `counsel` speak for `client` in the case, by the named document, from the day `since` on, if it is known."""

    subject_is: ClassVar[str] = "case/{0.case}"

    case: str
    counsel: str
    client: str
    source: AppointmentSource
    capacity: Representation = "counsel"
    since: date | None = None


@dataclass(frozen=True, slots=True)
class CasePerson:
    """A person's role in a case."""

    person: str
    role: CaseRole


@dataclass(frozen=True, slots=True)
class Appointment:
    """Counsel of record for a client, and the document that says so."""

    counsel: str
    client: str
    kind: AppointmentKind
    reference: str
    document_sha256: str | None
    capacity: Representation = "counsel"
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseState(State):
    """A case of an authority (a court or a prosecutor's office)."""

    authority: str
    folio: str
    persons: tuple[CasePerson, ...]
    counsel: tuple[Appointment, ...]
    statements: tuple[CaseStatement, ...]


def decide_open(world: World, command: OpenCase, now: datetime) -> Decision:
    """A case is opened once for an authority and folio; asked again, it is the known one."""
    authority = world.organisations.get(command.authority)
    if authority is None:
        return UnknownReference(f"organisation/{command.authority}")
    if authority.kind not in AUTHORITIES:
        return NotAnAuthority(command.target(), "Name the court or the prosecutor's office that keeps the case.")
    known = world.folio_holders.get((command.authority, command.folio))
    if known is not None:
        return Known(f"case/{known}")
    return (Draft(command.subject(), CaseOpened(authority=command.authority, folio=command.folio)),)


def decide_link_person(world: World, command: LinkPerson, now: datetime) -> Decision:
    """A registered person takes a role in the case, once."""
    case = world.cases.get(command.case)
    if case is None:
        return UnknownReference(command.subject())
    if command.person not in world.persons:
        return UnknownReference(f"person/{command.person}")
    if CasePerson(command.person, command.role) in case.persons:
        return AlreadyLinked(command.target(), f"The person is linked to the case as {command.role}.")
    fact = CasePersonLinked(person=command.person, role=command.role, source=command.source.digest)
    return (Draft(command.subject(), fact, sealed=(command.source,)),)


def decide_appoint_counsel(world: World, command: AppointCounsel, now: datetime) -> Decision:
    """A person with a defence account becomes counsel of record for a person of the case, once for each client."""
    case = world.cases.get(command.case)
    if case is None:
        return UnknownReference(command.subject())
    for person in (command.counsel, command.client):
        if person not in world.persons:
            return UnknownReference(f"person/{person}")
    own = (account for account in world.accounts.values() if account.speaks_for(command.counsel, account.organisation))
    if not any(account.role == "defence" for account in own):
        return NotCounsel(command.target(), "Link a defence account to the person first.")
    if all(linked.person != command.client for linked in case.persons):
        return ClientNotInTheCase(command.target(), "Link the client to the case first.")
    if any((one.counsel, one.client) == (command.counsel, command.client) for one in case.counsel):
        return AlreadyAppointed(command.target(), "The appointment stands as it was recorded.")
    unfit = _unfit(world, case, command, now)
    if unfit is not None:
        return RepresentationUnfit(command.target(), unfit)
    if len({one.counsel for one in case.counsel} | {command.counsel}) > MAX_COUNSEL:
        return TooManyCounsel(command.target(), f"There are {MAX_COUNSEL}; one of them can speak for this client, too.")
    fact = CaseCounselAppointed(
        counsel=command.counsel, client=command.client, source=command.source, since=command.since,
        capacity=None if command.capacity == "counsel" else command.capacity,
    )  # fmt: skip
    return (Draft(command.subject(), fact),)


_BY: Mapping[Representation, tuple[frozenset[CaseRole], frozenset[AppointmentKind]]] = {
    "counsel": (
        frozenset({"convicted", "accused", "victim", "relative_donor"}),
        frozenset({"court_appointment", "defender_registry", "power_of_attorney"}),
    ),
    "public_defender": (frozenset({"convicted", "accused"}), frozenset({"court_appointment", "defender_registry"})),
    "authorised_organisation": (
        frozenset({"convicted", "accused"}), frozenset({"client_authorisation", "court_appointment"}),
    ),
    "victim_representative": (
        frozenset({"victim"}), frozenset({"court_appointment", "power_of_attorney", "client_authorisation"}),
    ),
}  # fmt: skip
"""Representation → roles of the client, and documents that make it."""


def _unfit(world: World, case: CaseState, command: AppointCounsel, now: datetime) -> str | None:
    """Why the appointment cannot be what it is said to be; None if it can."""
    roles, kinds = _BY[command.capacity]
    if not any(one.person == command.client and one.role in roles for one in case.persons):
        return f"Say which representation it is: {command.capacity} is of a client who is {' or '.join(sorted(roles))}."
    if command.source.kind not in kinds:
        return f"Name a document that makes it: {', '.join(sorted(kinds))}."
    if command.since is not None and command.since > now.astimezone(UTC).date():
        return "It has not begun: enter it on its first day."
    actor = world.acting()
    if actor.role == "court":
        return None
    speaks = any(one.counsel == actor.person and one.client == command.client for one in case.counsel)
    if command.capacity != "authorised_organisation" or not speaks:
        return "Counsel of record enters an organisation that their own client authorised; ask a court for all else."
    return None


FACTS = (CaseOpened, CasePersonLinked, CaseCounselAppointed, *statement.FACTS)


def apply(state: CaseState | None, event: Event) -> CaseState:
    """The case after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, CaseOpened() as fact:
            return CaseState(
                **born(event), authority=fact.authority, folio=fact.folio, persons=(), counsel=(), statements=()
            )
        case CaseState() as standing, CasePersonLinked() as fact:
            persons = (*standing.persons, CasePerson(fact.person, fact.role))
            return replace(standing, persons=persons, **moved(event))
        case CaseState() as standing, CaseCounselAppointed() as fact:
            return replace(standing, counsel=(*standing.counsel, _appointment(fact)), **moved(event))
        case CaseState() as standing, fact if isinstance(fact, statement.FACTS):
            return replace(standing, statements=statement.after(standing.statements, event), **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _appointment(fact: CaseCounselAppointed) -> Appointment:
    source = fact.source
    return Appointment(
        fact.counsel, fact.client, source.kind, source.reference, source.document_sha256, fact.capacity or "counsel",
        fact.since,
    )  # fmt: skip
