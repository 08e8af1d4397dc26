"""Auditors whom courts appoint: who reads the log's entries is not the registrar's choice alone (G12). PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from services.custody.refusals import AlreadyAuditor, NotAuditorAnyMore, UnknownReference
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State, born, moved
from shared.events import Draft, Event
from shared.facts.auditors import AuditorAppointed, AuditorDismissed
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointAuditor(Command):
    """Let a person read the log's entries, by the account of this digest; `order` is a court order's number."""

    subject_is: ClassVar[str] = "auditor/{0.id}"
    target_is: ClassVar[str] = "person/{0.person}"

    id: str
    person: str
    account_digest: str
    order: str
    document_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissAuditor(Command):
    """End an appointment, with a reason."""

    subject_is: ClassVar[str] = "auditor/{0.auditor}"

    auditor: str
    reason: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditorState(State):
    """An appointment."""

    person: str
    account_digest: str
    order: str
    document_sha256: str | None
    status: Literal["appointed", "dismissed"]


def decide_appoint(world: World, command: AppointAuditor, now: datetime) -> Decision:
    """A registered person is appointed with an account, once at a time."""
    if command.person not in world.persons:
        return UnknownReference(f"person/{command.person}")
    standing = (one for one in world.auditors.values() if one.status == "appointed")
    if any(one.account_digest == command.account_digest for one in standing):
        return AlreadyAuditor(command.target(), "The appointment stands as it was recorded.")
    fact = AuditorAppointed(
        person=command.person,
        account_digest=command.account_digest,
        order=command.order,
        document_sha256=command.document_sha256,
    )
    return (Draft(command.subject(), fact, command.occurred_at),)


def decide_dismiss(world: World, command: DismissAuditor, now: datetime) -> Decision:
    """An appointment ends once."""
    auditor = world.auditors.get(command.auditor)
    if auditor is None:
        return UnknownReference(command.subject())
    if auditor.status == "dismissed":
        return NotAuditorAnyMore(command.target(), "Appoint the person anew, if entries are to be read again.")
    fact = AuditorDismissed(reason=command.reason.digest)
    return (Draft(command.subject(), fact, command.occurred_at, (command.reason,)),)


FACTS = (AuditorAppointed, AuditorDismissed)


def apply(state: AuditorState | None, event: Event) -> AuditorState:
    """The appointment after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, AuditorAppointed() as fact:
            return AuditorState(
                **born(event),
                person=fact.person,
                account_digest=fact.account_digest,
                order=fact.order,
                document_sha256=fact.document_sha256,
                status="appointed",
            )
        case AuditorState(status="appointed") as standing, AuditorDismissed():
            return replace(standing, status="dismissed", **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")
