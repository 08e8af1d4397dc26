"""Each test of the ledger has one of its own."""

from tests.services.audit.conftest import rig

__all__ = ["rig"]
