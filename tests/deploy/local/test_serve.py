"""`make serve`: one at a time, continues the same log, and leaves no process whatever ends it."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.cast import SHOWN
from deploy.local.databases import ROLES
from deploy.local.pids import started
from deploy.local.waiting import wait_until
from deploy.local.wiring import PROCESSES

CHECKOUT = Path(__file__).resolve().parents[3]
START_SECONDS = 120.0


class Served:
    """A `serve` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.child: subprocess.Popen[str] | None = None

    def command(self, word: str) -> list[str]:
        return [sys.executable, "-m", "deploy.local", word, str(self.folder)]

    def run(self, word: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(word), cwd=CHECKOUT, capture_output=True, text=True, timeout=START_SECONDS, check=False
        )

    def start(self) -> dict[str, Any]:
        with (self.folder.parent / "said").open("a") as said:
            self.child = subprocess.Popen(self.command("serve"), cwd=CHECKOUT, stdout=said, stderr=said, text=True)
        wait_until(self._up, START_SECONDS, "the stack to be served")
        stack: dict[str, Any] = json.loads((self.folder / "stack.json").read_text())
        return stack

    def _up(self) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, (self.folder.parent / "said").read_text()
        return (self.folder / "stack.json").exists()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path / "a state folder")
    yield one
    if one.child is not None:
        one.child.kill()
        one.child.wait()


def all_gone(pids: list[int]) -> bool:
    return all(started(pid) is None for pid in pids)


def tree_size(stack: dict[str, Any]) -> int:
    return int(httpx2.get(f"{stack['audit']['log_url']}/checkpoint").text.splitlines()[1])


def test_it_is_served_once_survives_deaths_and_leaves_nothing(served: Served) -> None:
    stack = served.start()
    check_stack_json(served.folder, stack)
    assert (served.folder / "logs" / "postgres.log").is_file()
    assert open_to_others(served.folder) == []

    second = served.run("serve")
    assert second.returncode == 1
    assert "already runs" in second.stderr

    worker = stack["pids"]["notify worker"]
    os.kill(worker, signal.SIGKILL)
    wait_until(
        lambda: json.loads((served.folder / "stack.json").read_text())["pids"]["notify worker"] not in (worker, None),
        30,
        "the killed worker to be started again",
    )

    size = tree_size(stack)
    pids = list(json.loads((served.folder / "stack.json").read_text())["pids"].values())
    assert served.child is not None
    served.child.kill()
    served.child.wait()
    wait_until(lambda: all_gone(pids), 20, "every process to end with its supervisor")
    (served.folder / "stack.json").unlink()

    again = served.start()
    assert again["audit"] == stack["audit"], "the same log at the same address"
    assert tree_size(again) >= size
    assert served.run("status").returncode == 0
    stopped = served.run("down")
    assert stopped.returncode == 0, stopped.stderr
    assert served.child.wait(30) == 0
    assert all_gone(list(again["pids"].values()))
    assert served.run("status").returncode == 3
    assert not (served.folder / "stack.json").exists()


def test_ctrl_c_in_the_middle_of_the_start_leaves_nothing(served: Served) -> None:
    with (served.folder.parent / "said").open("a") as said:
        served.child = subprocess.Popen(served.command("serve"), cwd=CHECKOUT, stdout=said, stderr=said, text=True)
    pid_file = served.folder / "pids" / "postgres.json"
    wait_until(pid_file.exists, START_SECONDS, "PostgreSQL to be started")
    postgres = json.loads(pid_file.read_text())["pid"]
    served.child.send_signal(signal.SIGINT)
    assert served.child.wait(40) == 0
    assert all_gone([postgres])
    kept = [json.loads(path.read_text())["pid"] for path in (served.folder / "pids").glob("*.json")]
    assert all_gone(kept)


@pytest.mark.parametrize("kept", ["{", "[]", '{"pid": "1", "started": "x"}', "\xff", "[" * 200_000])
@pytest.mark.parametrize("word", ["status", "down"])
def test_a_damaged_pid_file_is_named_and_nothing_is_killed(served: Served, word: str, kept: str) -> None:
    (served.folder / "pids").mkdir(parents=True)
    (served.folder / "pids" / "serve.json").write_bytes(kept.encode("latin-1"))
    said = served.run(word)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith("cadena: ")
    assert "serve.json" in said.stderr
    assert "Traceback" not in said.stderr


def open_to_others(folder: Path) -> list[str]:
    """What others may read, enter or write; PostgreSQL's own folder is one that only its user enters."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        # What is running replaces its files meanwhile.
        with contextlib.suppress(FileNotFoundError):
            if "postgres" not in path.relative_to(folder).parts[:-1] and path.lstat().st_mode & 0o077:
                found.append(str(path))
    return found


def check_stack_json(folder: Path, stack: dict[str, Any]) -> None:
    assert stat.S_IMODE((folder / "stack.json").stat().st_mode) == 0o600
    assert set(stack) == {"custody", "audit", "notify", "kafka", "postgres", "mail", "tokens", "pids"}
    assert set(stack["audit"]) == {"url", "log_url", "vkey"}
    assert {service: tuple(roles) for service, roles in stack["postgres"].items()} == {
        service: tuple(sorted(roles)) for service, roles in ROLES.items()
    }
    assert set(stack["tokens"]) == set(SHOWN)
    assert set(PROCESSES) <= set(stack["pids"])
    if stack["kafka"]["data"] is not None:
        assert Path(stack["kafka"]["data"]).is_dir()
    token = {"Authorization": f"Bearer {stack['tokens']['lab']}"}
    assert httpx2.get(f"{stack['custody']['url']}/v1/samples?label=none", headers=token).status_code in (200, 404)
