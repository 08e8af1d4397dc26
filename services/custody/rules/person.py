"""Persons: opaque ids; the name is sealed, and may be erased. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.sealed import SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPerson(Command):
    """Register a person: an officer, a party of a case, or counsel."""

    subject_is: ClassVar[str] = "person/{0.id}"

    id: str
    person_name: SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonState(State):
    """A person; `person_name` is the digest of the name."""

    person_name: str
