"""The session's installation, with accounts in every chair."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from tests.authorisation.chairs import House
from tests.e2e.outside import Outside


@pytest.fixture(scope="package")
def house(stack: Stack) -> Iterator[House]:
    """Who sits where."""
    callers = Outside(stack)
    yield House(callers)
    callers.close()
