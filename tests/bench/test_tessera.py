"""The measuring of Tessera, tried on stand-ins: scripts that grow a checkpoint, or end, as its programs do."""

import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.problem import StackProblem
from shared.notes import Signer
from tests.bench import tessera
from tests.bench.tessera import NoTessera, Tools

SERVER = """
import sys, time
from pathlib import Path
told = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:])
place = Path(told["storage_dir"])
assert told["antispam"] == "true" and Path(told["private_key"]).read_text().startswith("PRIVATE+KEY+")
size = 0
while True:
    (place / "new").write_text(f"tessera.example/bench\\n{size}\\nroot\\n\\n- signature\\n")
    (place / "new").rename(place / "checkpoint")
    if (place.parent / "hammering").exists():
        size += 100
    time.sleep(0.05)
"""
HAMMER = """
import time
from pathlib import Path
Path("{place}/hammering").touch()
time.sleep({seconds})
"""


def programs(place: Path, seconds: float) -> Tools:
    """A server, and a hammer that ends after so many seconds."""
    made = []
    for name, text in (("server", SERVER), ("hammer", HAMMER.format(place=place, seconds=seconds))):
        path = place / name
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o700)
        made.append(path)
    return Tools(made[0], made[1], place / "fsck", "v0")


def test_growth_is_counted_between_two_checkpoints(tmp_path: Path) -> None:
    run = tessera.measure(programs(tmp_path, 60), tmp_path, 350, 0.5)
    sizes = [size for _, size in run.points]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 100
    assert run.points[0][0] == 0
    assert run.seconds == run.points[-1][0] >= 0.5
    assert run.leaves == sizes[-1] - 100
    assert run.rate == run.leaves / run.seconds
    assert not (tmp_path / "log").exists()


def test_a_hammer_that_ends_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StackProblem, match="hammer ended"):
        tessera.measure(programs(tmp_path, 0), tmp_path, 350, 60)
    assert not (tmp_path / "log").exists()


def test_the_key_is_written_as_go_reads_it() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    text = tessera._private_text(Signer("ledger.example/audit", private).key, private)
    assert text == "PRIVATE+KEY+ledger.example/audit+2a52108c+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def test_without_go_there_is_no_tessera_and_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoTessera, match="no Go on this machine"):
        tessera.tools()
    (tmp_path / "go").write_text("#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o700)
    with pytest.raises(NoTessera, match="no network"):
        tessera.tools()
