import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.bench.usage import children, cpu_seconds, largest, memory

MIB = 2**20
HEAVY = f"""
import subprocess, sys
held = bytearray({64 * MIB})
if sys.argv[1:]:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
sum(range(3_000_000))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def heavy() -> Iterator[int]:
    """A process of 64 MiB with a small child, that has worked."""
    argv = [sys.executable, "-c", HEAVY, "with a child"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        yield child.pid
        assert child.stdin is not None
        child.stdin.close()


def test_memory_and_cpu_of_a_process_and_of_its_child(heavy: int) -> None:
    (child,) = children(heavy)
    assert 64 * MIB <= memory(heavy, "VmRSS") <= memory(heavy, "VmHWM") < 256 * MIB
    assert 0 < memory(child, "VmRSS") < 64 * MIB
    assert largest(heavy) == memory(heavy, "VmHWM")
    assert cpu_seconds(heavy) > 0


def test_one_that_has_ended_uses_no_memory() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert memory(child.pid, "VmRSS") == largest(child.pid) == 0
