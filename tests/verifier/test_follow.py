"""Following a log: each new head is held against all that was read before, whatever the server does meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.forge import COSIGNER_VKEY, LOG_VKEY, Forged, canonical, entries, event

DEADLINE_SECONDS = 60.0


def argv(log: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "cadena_verify", str(log), "--vkey", LOG_VKEY, *more]


class Following:
    """`cadena-verify --follow` on a folder that grows."""

    def __init__(self, tmp_path: Path, *more: str) -> None:
        self.folder = tmp_path / "followed"
        self.show(600)
        self.process = subprocess.Popen(
            argv(self.folder, "--follow", "--every", "0.05", "--json", *more),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def show(self, size: int, *extra: bytes) -> None:
        """Let the log grow; the heads last, each file in one step."""
        log = Forged([*entries(size), *extra], [1, 600, *([size + len(extra)] if size + len(extra) > 600 else [])])
        names = sorted(log.files, key=lambda name: (name == "checkpoint", name == "checkpoints"))
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".new").write_bytes(log.files[name])
            os.replace(path.with_suffix(".new"), path)

    def said(self) -> dict[str, object]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read() if self.process.stderr else ""
        made: dict[str, object] = json.loads(line)
        return made

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, errors


def test_following_reads_on_until_a_defect_is_found(tmp_path: Path) -> None:
    following = Following(tmp_path, "--seen", str(tmp_path / "seen"), "--cosigner", COSIGNER_VKEY)
    assert following.said()["size"] == 600
    following.show(700)
    assert following.said()["size"] == 700
    following.show(1300)
    later = following.said()
    assert (later["size"], later["result"], later["subjects"]) == (
        1300,
        "ok",
        len({n - (n % 3 == 0) for n in range(1300)}),
    )
    following.show(1300, canonical(event(1301, sequence=9)))
    assert following.said()["result"] == "defects"
    assert following.ended()[0] == 1


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (event(21, subject="sample/fresh", sequence=1), "conflict"),  # nothing but its id and its act were there before
        (event(700, subject="sample/1", sequence=7), "version-gap"),
    ],
)
def test_g7_what_comes_while_following_is_held_against_what_was_read(
    tmp_path: Path, extra: dict[str, Any], code: str
) -> None:
    following = Following(tmp_path)
    assert following.said()["size"] == 600
    following.show(600, canonical(extra))
    report: Any = following.said()
    following.process.send_signal(signal.SIGINT)
    following.ended()
    assert code in {found["code"] for found in [*report["defects"], *report["warnings"]]}


def test_following_ends_at_an_interrupt_with_what_held(tmp_path: Path) -> None:
    following = Following(tmp_path, "--state", str(tmp_path / "state"))
    assert following.said()["size"] == 600
    following.show(900)
    assert following.said()["size"] == 900
    following.process.send_signal(signal.SIGINT)
    assert following.ended() == (0, "")
    again = subprocess.run(argv(following.folder, "--state", str(tmp_path / "state")), capture_output=True, check=False)
    assert again.returncode == 0


def test_following_outlives_a_server_that_is_away(tmp_path: Path) -> None:
    following = Following(tmp_path)
    assert following.said()["size"] == 600
    away = following.folder / "checkpoint"
    kept = away.read_bytes()
    away.unlink()
    assert following.process.stderr
    assert "Trying again in" in following.process.stderr.readline()
    away.write_bytes(kept)
    following.show(650)
    assert following.said()["size"] == 650
    following.process.send_signal(signal.SIGINT)
    assert following.ended()[0] == 0


def test_following_finds_a_log_that_is_rewritten_under_new_heads(tmp_path: Path) -> None:
    following = Following(tmp_path)
    assert following.said()["size"] == 600
    changed = entries(650)
    changed[3] = canonical(event(3, data={"label": "rewritten"}))
    log = Forged(changed, [1, 600, 650])
    for name in sorted(log.files, key=lambda name: (name == "checkpoint", name == "checkpoints")):
        path = following.folder / name
        path.with_suffix(".new").write_bytes(log.files[name])
        os.replace(path.with_suffix(".new"), path)
    report = following.said()
    code, _ = following.ended()
    assert code == 1
    assert report["result"] == "defects"
    assert "head-forked" in {defect["code"] for defect in report["defects"]}  # type: ignore[attr-defined]


def test_what_cannot_be_followed_is_said(tmp_path: Path) -> None:
    ran = subprocess.run(
        argv(tmp_path, "--follow", "--promises", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, "leave one of the two out" in ran.stderr) == (2, True)


def test_an_interrupt_before_the_first_verdict_decides_nothing(tmp_path: Path) -> None:
    folder = Forged(entries(600), [600]).folder(tmp_path / "log")
    (folder / "tile/entries/001").unlink()
    os.mkfifo(folder / "tile/entries/001")
    running = subprocess.Popen(argv(folder, "--follow"), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while b"cadena_verify" not in Path(f"/proc/{running.pid}/cmdline").read_bytes() or not waits(running.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=DEADLINE_SECONDS)
    assert (running.returncode, said) == (130, "\ninterrupted: nothing was decided\n")


def waits(pid: int) -> bool:
    """Whether the process has read a file and sleeps on the next: it opens the pipe, which nobody else does."""
    return any("001" in link for link in links(pid)) or state(pid) == "S"


def links(pid: int) -> list[str]:
    found = []
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(handle))
        except OSError:
            continue
    return found


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
