"""Who may read entries (G12)."""

import pytest

from services.audit.authorise import may_read_entries

SCOPES: frozenset[str] = frozenset({"ledger:read"})


@pytest.mark.parametrize(
    "role", ["lab", "custodian", "courier", "prosecutor", "defence", "court", "oversight", "registrar", "", "Auditor"]
)
def test_g12_no_scope_widens_a_role(role: str) -> None:
    assert not may_read_entries(role, SCOPES)


def test_g12_auditors_and_services_read_entries_and_nobody_else() -> None:
    assert may_read_entries("auditor", ())
    assert may_read_entries(None, SCOPES)
    assert not may_read_entries(None, ())
    assert not may_read_entries(None, {"ledger:write", "ledger:read:x"})
