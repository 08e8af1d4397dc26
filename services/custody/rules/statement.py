"""What is stated of a case, by whom, and what is taken back. PURE.

Everyone with standing may state what they know. A statement that would end or shorten a period takes effect if a court
entered it, and is a claim otherwise: it stands in the case and brings no end nearer (G2; docs/law/counting.md, 10).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeGuard

from services.custody.refusals import NotStatedAnyMore, OccurredInTheFuture, TooManyStatements, UnknownReference
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, acted
from shared.events import Draft, Event
from shared.facts import Fact
from shared.facts.cases import CaseRole
from shared.facts.statements import (
    CaseCircumstance,
    CaseCircumstanceStated,
    CaseDateStated,
    CaseProceedingDecided,
    CaseProceedingOpened,
    CaseRoleEnded,
    CaseStatementWithdrawn,
    Outcome,
    ProceedingKind,
    SourceKind,
    StatedAnchor,
    StatementSource,
)
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.case import CaseState
    from services.custody.rules.world import World

MAX_STATEMENTS = 300
"""Statements of one case, the withdrawn ones among them: the case is read and written as a whole."""
MAY_LIE_AHEAD = frozenset({
    "limitation_end", "sentence_end", "release", "parole", "discharge", "supervised_release_end", "registration_end",
})  # fmt: skip
"""Anchors whose day may be known before it comes. What else is dated has happened."""
ONE_DAY = timedelta(days=1)
About = Literal["date", "circumstance", "proceeding", "decision", "role_ended"]


@dataclass(frozen=True, slots=True)
class CaseStatement:
    """One statement. `name` is the anchor, circumstance, kind of proceeding, outcome or role that it is about; `value`
    the day (ISO 8601) or code, None for *has not happened* and *none of those*.
    """

    id: str
    about: About
    name: str
    value: str | None
    person: str | None
    proceeding: str | None
    by_court: bool
    org: str
    by: str
    source_kind: SourceKind
    reference: str
    document_sha256: str | None
    withdrawn: bool = False

    @property
    def standing(self) -> Literal["withdrawn", "effective", "claimed"]:
        """Whether it counts as a court's word, as a claim, or not at all."""
        if self.withdrawn:
            return "withdrawn"
        return "effective" if self.by_court else "claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stating(Command):
    """What all statements have: the case, the statement's own id, and where it is known from."""

    subject_is: ClassVar[str] = "case/{0.case}"

    case: str
    id: str
    source: StatementSource


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDate(Stating):
    """State the day of something; `person` for what happens to persons. ValueError for an anchor of the other kind."""

    anchor: StatedAnchor
    person: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCircumstance(Stating):
    """State what the case is, in a pack's own code."""

    circumstance: CaseCircumstance
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProceeding(Stating):
    """State that a proceeding is pending. While one is, everything of the case is kept."""

    kind: ProceedingKind
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideProceeding(Stating):
    """State that a proceeding was decided."""

    proceeding: str
    day: date
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRole(Stating):
    """State that a person has a role in the case no more."""

    person: str
    role: CaseRole


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawStatement(Command):
    """Take a statement back."""

    subject_is: ClassVar[str] = "case/{0.case}"

    case: str
    statement: str
    reason: SealedValue


Statement = StateDate | StateCircumstance | OpenProceeding | DecideProceeding | EndRole


def decide_state(world: World, command: Statement, now: datetime) -> Decision:
    """A statement is recorded if the person and the proceeding that it names are in the case."""
    case = world.cases.get(command.case)
    if case is None:
        return UnknownReference(command.subject())
    absent = _absent(case, command)
    if absent is not None:
        return UnknownReference(absent)
    if _happened(command) and command.day is not None and command.day > now.astimezone(UTC).date() + ONE_DAY:
        return OccurredInTheFuture(command.target(), f"It is said to have happened on {command.day.isoformat()}.")
    if len(case.statements) >= MAX_STATEMENTS:
        return TooManyStatements(command.target(), f"There are {MAX_STATEMENTS}, the withdrawn ones among them.")
    return (Draft(command.subject(), _fact(command), command.occurred_at),)


def _happened(command: Statement) -> TypeGuard[StateDate | DecideProceeding]:
    """Whether the day that is stated must have come; east of Greenwich it comes up to a day earlier than in UTC."""
    return isinstance(command, DecideProceeding) or (
        isinstance(command, StateDate) and command.anchor not in MAY_LIE_AHEAD
    )


def _absent(case: CaseState, command: Statement) -> str | None:
    """What the statement names and the case has not."""
    person = None if isinstance(command, StateCircumstance | DecideProceeding) else command.person
    role = command.role if isinstance(command, EndRole) else None
    if person is not None and not any(
        linked.person == person and role in (None, linked.role) for linked in case.persons
    ):
        return f"person/{person}"
    if isinstance(command, DecideProceeding) and not any(
        one.id == command.proceeding and one.about == "proceeding" and not one.withdrawn for one in case.statements
    ):
        return f"proceeding/{command.proceeding}"
    return None


def _fact(command: Statement) -> Fact:
    common: dict[str, Any] = {"statement": command.id, "source": command.source}
    match command:
        case StateDate():
            return CaseDateStated(**common, anchor=command.anchor, person=command.person, day=command.day)
        case StateCircumstance():
            return CaseCircumstanceStated(**common, circumstance=command.circumstance, value=command.value)
        case OpenProceeding():
            return CaseProceedingOpened(**common, kind=command.kind, person=command.person)
        case DecideProceeding():
            return CaseProceedingDecided(
                **common, proceeding=command.proceeding, day=command.day, outcome=command.outcome
            )
        case EndRole():
            return CaseRoleEnded(**common, person=command.person, role=command.role)


def decide_withdraw(world: World, command: WithdrawStatement, now: datetime) -> Decision:
    """A statement that stands is taken back, by who made it or by a court (authorise)."""
    case = world.cases.get(command.case)
    if case is None:
        return UnknownReference(command.subject())
    found = [one for one in case.statements if one.id == command.statement]
    if not found:
        return UnknownReference(f"statement/{command.statement}")
    if found[0].withdrawn:
        return NotStatedAnyMore(command.target(), "It was taken back; there is nothing left to do.")
    fact = CaseStatementWithdrawn(statement=command.statement, reason=command.reason.digest)
    return (Draft(command.subject(), fact, command.occurred_at, (command.reason,)),)


FACTS = (
    CaseDateStated,
    CaseCircumstanceStated,
    CaseProceedingOpened,
    CaseProceedingDecided,
    CaseRoleEnded,
    CaseStatementWithdrawn,
)


def after(statements: tuple[CaseStatement, ...], event: Event) -> tuple[CaseStatement, ...]:
    """The statements of a case after an event of FACTS; OutOfOrder for one that cannot follow."""
    fact = event.fact()
    if isinstance(fact, CaseStatementWithdrawn):
        if not any(one.id == fact.statement and not one.withdrawn for one in statements):
            raise OutOfOrder(f"{event.id} takes back a statement that does not stand")
        return tuple(replace(one, withdrawn=True) if one.id == fact.statement else one for one in statements)
    return (*statements, _stated(event, fact))


def _stated(event: Event, fact: Any) -> CaseStatement:
    about, name, value = _content(fact)
    org, person = acted(event)
    source: StatementSource = fact.source
    return CaseStatement(
        id=fact.statement, about=about, name=name, value=value, person=getattr(fact, "person", None),
        proceeding=getattr(fact, "proceeding", None), by_court=event.actor.role == "court", org=org, by=person,
        source_kind=source.kind, reference=source.reference, document_sha256=source.document_sha256,
    )  # fmt: skip


def _content(fact: Fact) -> tuple[About, str, str | None]:
    match fact:
        case CaseDateStated():
            return "date", fact.anchor, None if fact.day is None else fact.day.isoformat()
        case CaseCircumstanceStated():
            return "circumstance", fact.circumstance, fact.value
        case CaseProceedingOpened():
            return "proceeding", fact.kind, None
        case CaseProceedingDecided():
            return "decision", fact.outcome, fact.day.isoformat()
        case CaseRoleEnded():
            return "role_ended", fact.role, None
        case _:
            raise OutOfOrder(f"{fact.type_name()} states nothing of a case")
