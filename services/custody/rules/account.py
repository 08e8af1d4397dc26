"""Accounts: an issuer's subject is one person, in one organisation, with one role. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.people import Role


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
