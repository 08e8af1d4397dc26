"""Who may read entries. Hashes and heads are public; what was recorded is for auditors and peers (G12). PURE."""

from collections.abc import Iterable
from dataclasses import dataclass

SCOPE = "ledger:read"
AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Reader:
    """What sealed facts say of an account. `role` is None for one whose account is closed, or that is nobody's."""

    known: bool = False
    """Some sealed fact names the account, be it to close it or to dismiss it."""
    role: str | None = None
    appointed: bool = False
    """A court appointed it to read entries, and has not dismissed it."""


def may_read_entries(reader: Reader, scopes: Iterable[str]) -> bool:
    """Auditors by role or by a court's appointment; and services, whose accounts no sealed fact names, by their scope.

    A scope cannot widen a role: a laboratory's account stays a laboratory's whatever its token says, and one that was
    closed or dismissed does not become a service by that.
    """
    return reader.appointed or reader.role == AUDITOR or (not reader.known and SCOPE in scopes)
