"""An installation that is there to be broken: its own PostgreSQL and Kafka, whatever the environment names."""

import random
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.environment import given
from deploy.local.stack import Stack
from tests.chaos.mayhem import Mayhem


@pytest.fixture(scope="package")
def stack_to_break() -> Iterator[Stack]:
    """The stack, founded and seeded."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="cadena-chaos-") as folder:
        for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL"):
            patch.delenv(name, raising=False)
        stack = Stack(Path(folder) / "a state")
        try:
            stack.up()
            yield stack
        finally:
            stack.stop()


@pytest.fixture
def mayhem(stack_to_break: Stack) -> Mayhem:
    """Who kills and starts again, with callers of this test's own."""
    return Mayhem(stack_to_break)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What chance depends on, 24 bits, different for each test; CADENA_CHAOS_SEED repeats its keys, choices and order."""
    chosen = given("CADENA_CHAOS_SEED") or secrets.token_hex(4)
    print(f"CADENA_CHAOS_SEED={chosen}")
    return random.Random(f"{chosen} {request.node.name}").getrandbits(24)
