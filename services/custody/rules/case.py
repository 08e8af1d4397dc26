"""Cases: whose they are, who is in them, and who speaks for whom. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.cases import AppointmentKind, AppointmentSource, CaseRole
from shared.sealed import SealedValue


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
    """Make `counsel` speak for `client` in the case, by the named document."""

    subject_is: ClassVar[str] = "case/{0.case}"

    case: str
    counsel: str
    client: str
    source: AppointmentSource


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseState(State):
    """A case of an authority (a court or a prosecutor's office)."""

    authority: str
    folio: str
    persons: tuple[CasePerson, ...]
    counsel: tuple[Appointment, ...]
