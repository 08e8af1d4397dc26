"""Who may read entries. Hashes and heads are public; what was recorded is for auditors and peers (G12). PURE."""

from collections.abc import Iterable

SCOPE = "ledger:read"
AUDITOR = "auditor"


def may_read_entries(role: str | None, scopes: Iterable[str]) -> bool:
    """`role` is what sealed facts say of the account; None for one that belongs to no person, such as a service's.

    A scope cannot widen a role: a laboratory's account stays a laboratory's whatever its token says.
    """
    return role == AUDITOR if role is not None else SCOPE in scopes
