"""The session's installation, called from outside."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from tests.e2e.outside import Outside


@pytest.fixture(scope="package")
def outside(stack: Stack) -> Iterator[Outside]:
    """Everyone who calls."""
    callers = Outside(stack)
    yield callers
    callers.close()
