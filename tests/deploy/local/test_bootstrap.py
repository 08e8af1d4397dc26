"""`make` from a bare checkout: a fit Python is found or refused with a sentence, and a second run does nothing."""

import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.pids import started
from deploy.local.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parents[3]
SHELL_TOOLS = ("sh", "make", "sed", "expand")


def fake_python(folder: Path, name: str, version: str, complete: bool) -> Path:
    """A program that says it is this Python, and otherwise is the one that runs the tests; its venvs have no pip."""
    major, minor, micro = version.split(".")
    program = folder / name
    answer = json.dumps([[int(major), int(minor), int(micro)], complete])
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -I ] && [ "$2" = -c ]; then echo \'{answer}\'; exit 0; fi\n'
        f'[ "$1 $2" = "-m venv" ] && set -- "$@" --without-pip\n'
        f"exec '{sys.executable}' \"$@\"\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with a shell and make, and no Python yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in SHELL_TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a space and a long path, whose pip only says that it was asked."""
    root = tmp_path / ("a folder " + "x" * 110)
    for name in ("deploy/local/bootstrap.py", "Makefile"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, root / name)
    (root / "pip.py").write_text("import sys; print('pip', *sys.argv[1:])\n")
    (root / "requirements").mkdir()
    (root / "requirements" / "local.txt").write_text("# nothing\n")
    (root / "requirements" / "dev.txt").write_text("# nothing\n")
    (root / "deploy" / "local" / "jgo.lock.toml").write_text("")
    (root / "deploy" / "local" / "jars.py").write_text("print('jars are here')\n")
    return root


def make(checkout: Path, tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(tools), "HOME": "/nonexistent"}
    return subprocess.run(
        ["make", *arguments], cwd=checkout, env=env, capture_output=True, text=True, timeout=240, check=False
    )


def test_the_second_run_asks_nobody(checkout: Path, tools: Path) -> None:
    fake_python(tools, "python3", "3.11.2", True)
    first = make(checkout, tools, "local")
    assert first.returncode == 0, first.stderr
    assert "MB" in first.stdout
    assert "pip install --no-input --require-hashes -r requirements/local.txt" in first.stdout
    assert "jars are here" in first.stdout
    second = make(checkout, tools, "local")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_new_requirements_and_an_interrupted_run_install_again(checkout: Path, tools: Path) -> None:
    fake_python(tools, "python3", "3.11.2", True)
    assert make(checkout, tools, "dev").returncode == 0
    assert make(checkout, tools, "local").stdout == "", "what dev holds is enough for local"
    (checkout / "requirements" / "dev.txt").write_text("# other\n")
    again = make(checkout, tools, "dev")
    assert again.returncode == 0
    assert "jars are here" in again.stdout
    assert "Making .venv" not in again.stdout
    (checkout / ".venv" / ".cadena-installing").touch()
    repaired = make(checkout, tools, "dev")
    assert repaired.returncode == 0
    assert "Making .venv" in repaired.stdout


def test_an_unfit_python_is_refused_by_a_sentence_that_names_it(checkout: Path, tools: Path) -> None:
    old = fake_python(tools, "python3", "3.9.2", True)
    bare = fake_python(tools, "python3.12", "3.12.1", False)
    refused = make(checkout, tools, "local")
    assert refused.returncode != 0
    assert f"{bare} is 3.12.1 (cannot make virtual environments: install python3.12-venv)" in refused.stderr
    assert f"{old} is 3.9.2 (needs 3.11 to 3.14)" in refused.stderr
    assert not (checkout / ".venv").exists()


def test_the_python_that_was_named_is_used_or_refused(checkout: Path, tools: Path) -> None:
    fake_python(tools, "python3", "3.11.2", True)
    named = fake_python(tools, "mine", "3.15.0", True)
    refused = make(checkout, tools, "local", f"PYTHON={named}")
    assert refused.returncode != 0
    assert "3.15.0" in refused.stderr
    absent = make(checkout, tools, "local", "PYTHON=/nonexistent/python")
    assert "PYTHON=/nonexistent/python does not run" in absent.stderr


def test_no_python_at_all_is_a_sentence_too(checkout: Path, tools: Path) -> None:
    refused = make(checkout, tools, "local")
    assert refused.returncode != 0
    assert "no Python found" in refused.stderr


def test_a_second_make_waits_for_the_first(checkout: Path, tools: Path) -> None:
    fake_python(tools, "python3", "3.11.2", True)
    (checkout / "var").mkdir()
    with (checkout / "var" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        env = {"PATH": str(tools), "HOME": os.devnull}
        waiting = subprocess.Popen(["make", "local"], cwd=checkout, env=env, stdout=subprocess.PIPE, text=True)
        assert waiting.stdout is not None
        assert "waiting" in waiting.stdout.readline()
        assert not (checkout / ".venv").exists()
    assert "jars are here" in waiting.communicate(timeout=240)[0]
    assert waiting.returncode == 0


def test_help_lists_the_targets(checkout: Path, tools: Path) -> None:
    listed = make(checkout, tools)
    assert listed.returncode == 0
    for target in ("demo", "serve", "down", "test", "lint"):
        assert f"make {target}" in listed.stdout


def test_what_make_runs_ends_when_make_is_killed(checkout: Path, tools: Path) -> None:
    fake_python(tools, "python3", "3.11.2", True)
    shutil.copy(CHECKOUT / "deploy" / "local" / "launch.py", checkout / "deploy" / "local" / "launch.py")
    (checkout / "deploy" / "local" / "__main__.py").write_text(
        "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n"
    )
    assert make(checkout, tools, "local").returncode == 0
    env = {"PATH": str(tools), "HOME": os.devnull}
    with subprocess.Popen(["make", "serve"], cwd=checkout, env=env, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        served = int(running.stdout.readline())
        assert started(served) is not None
        running.kill()
        wait_until(lambda: started(served) is None, 20, "what make ran to end")
