"""An installation whose databases are set back and whose processes are doubled: its own servers, whatever is given."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.chaos.mayhem import Mayhem
from tests.drills.yard import Yard


@pytest.fixture(scope="package")
def yard() -> Iterator[Yard]:
    """The stack, founded and seeded, with a case, counsel that can be reached, and callers who keep what they are told."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="cadena-drills-") as folder:
        for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL"):
            patch.delenv(name, raising=False)
        stack = Stack(Path(folder) / "a state")
        try:
            stack.up()
            yield Yard(Mayhem(stack), random.Random(7))
        finally:
            stack.stop()
