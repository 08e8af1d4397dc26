"""Organisations: the institutions that hold, decide, defend and oversee. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.people import OrganisationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOrganisation(Command):
    """Register an institution; `independent` means of the prosecution, `source` where that is known from."""

    subject_is: ClassVar[str] = "organisation/{0.id}"

    id: str
    name: str
    kind: OrganisationKind
    independent: bool
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationState(State):
    """An institution."""

    name: str
    kind: OrganisationKind
    independent: bool
    source: str | None
