"""Who may read entries (G12)."""

import pytest

from services.audit.authorise import Reader, may_read_entries

SCOPES: frozenset[str] = frozenset({"ledger:read"})
NOBODY = Reader()


@pytest.mark.parametrize(
    "role", ["lab", "custodian", "courier", "prosecutor", "defence", "court", "oversight", "registrar", "", "Auditor"]
)
def test_g12_no_scope_widens_a_role(role: str) -> None:
    assert not may_read_entries(Reader(True, role), SCOPES)
    assert may_read_entries(Reader(True, role, appointed=True), ()), "a court's appointment stands beside any role"


def test_g12_auditors_and_services_read_entries_and_nobody_else() -> None:
    assert may_read_entries(Reader(True, "auditor"), ())
    assert may_read_entries(NOBODY, SCOPES)
    assert not may_read_entries(NOBODY, ())
    assert not may_read_entries(NOBODY, {"ledger:write", "ledger:read:x"})


def test_g12_who_was_closed_or_dismissed_does_not_become_a_service_by_it() -> None:
    assert not may_read_entries(Reader(True), SCOPES)
