"""What is stated of a case: days, circumstances, proceedings, ends of roles; and what is taken back. PURE.

All have the subject `case/<id>`. Whether a statement is a court's word follows from the actor's role, never from what
the statement says of itself.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact, Part
from shared.facts.cases import CaseRole
from shared.text import Code, SealedDigest, Sha256, Uuid

CaseAnchor = Literal["offence", "case_solved", "limitation_end"]
PersonAnchor = Literal[
    "charged",
    "conviction",
    "judgment_final",
    "sentence_imposed",
    "sentence_end",
    "release",
    "parole",
    "discharge",
    "supervised_release_end",
    "registration_end",
    "death",
    "execution",
    "identified",
    "consent_withdrawn",
]
StatedAnchor = Literal[CaseAnchor, PersonAnchor]
CaseCircumstance = Literal[
    "offence_class", "capital", "solved", "victim_age", "stage", "sentence", "custody", "plea", "reported"
]
ProceedingKind = Literal["appeal", "amparo", "recognition_of_innocence", "post_conviction", "other"]
Outcome = Literal["granted", "denied", "dismissed", "withdrawn", "other"]
SourceKind = Literal[
    "judgment", "court_record", "prison_record", "civil_registry", "case_file", "party_document", "other"
]
Value = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""A value of a circumstance, as packs name it (`convicted`, `sex`)."""


class StatementSource(Part):
    """Where a statement is known from: the kind of document, its number and, if at hand, its digest."""

    kind: SourceKind
    reference: Code
    document_sha256: Sha256 | None = None


class CaseDateStated(Fact):
    """The day of something that happened to `person`, or in the case; without `day`: it has not, or not any more."""

    name: ClassVar[str] = "custody.case.date_stated.v1"
    statement: Uuid
    anchor: StatedAnchor
    person: Uuid | None = None
    day: date | None = None
    source: StatementSource


class CaseCircumstanceStated(Fact):
    """What the case is; without `value`: none of those that a rule names."""

    name: ClassVar[str] = "custody.case.circumstance_stated.v1"
    statement: Uuid
    circumstance: CaseCircumstance
    value: Value | None = None
    source: StatementSource


class CaseProceedingOpened(Fact):
    """A proceeding is pending; `statement` is its id. `person` is whose it is, if it is somebody's."""

    name: ClassVar[str] = "custody.case.proceeding_opened.v1"
    statement: Uuid
    kind: ProceedingKind
    person: Uuid | None = None
    source: StatementSource


class CaseProceedingDecided(Fact):
    """A proceeding was decided on a day; it is over only by a court's word."""

    name: ClassVar[str] = "custody.case.proceeding_decided.v1"
    statement: Uuid
    proceeding: Uuid
    day: date
    outcome: Outcome
    source: StatementSource


class CaseRoleEnded(Fact):
    """A person has a role in the case no more, or never had it; it ends only by a court's word."""

    name: ClassVar[str] = "custody.case.role_ended.v1"
    statement: Uuid
    person: Uuid
    role: CaseRole
    source: StatementSource


class CaseStatementWithdrawn(Fact):
    """A statement counts no more, taken back by who made it or by a court. It stays in the log."""

    name: ClassVar[str] = "custody.case.statement_withdrawn.v1"
    statement: Uuid
    reason: SealedDigest
