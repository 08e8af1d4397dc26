"""A fail point ends a process like a crash, on demand of a test alone, and each one stands somewhere in the code."""

import ast
import signal
import subprocess
import sys

import pytest
from pydantic import ValidationError

from deploy.local.wiring import PROCESSES
from shared.failpoint import POINTS, marker, parse
from shared.settings import DEV_ISSUER, FailPointSettings, read
from tests.deploy.checkout import ROOT

HOME = {"issuer": DEV_ISSUER, "listen_host": "127.0.0.1", "database_url": "postgresql://u@/d?host=/tmp"}
REACHES = """
import asyncio
from shared.failpoint import arm, reach, reach_when_written
arm({armed!r})
for _ in range(3):
    reach("before-mail")
    print("passed", flush=True)
    reach("after-mail")
asyncio.run(reach_when_written("after-answer"))
print("lived", flush=True)
"""


def run(armed: str) -> tuple[int, list[str], str]:
    code = REACHES.format(armed=armed)
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.split(), ran.stderr


@pytest.mark.parametrize(
    ("armed", "printed"),
    [("before-mail", 0), ("after-mail", 1), ("before-mail:1", 0), ("before-mail:3", 2), ("after-answer", 3)],
)
def test_a_process_dies_at_its_point_by_sigkill_and_says_where(armed: str, printed: int) -> None:
    code, words, said = run(armed)
    assert code == -signal.SIGKILL
    assert words == ["passed"] * printed
    assert said == marker(armed.partition(":")[0]) + "\n"


@pytest.mark.parametrize("armed", ["", "before-commit", "before-mail:4"])
def test_what_is_not_reached_kills_nobody(armed: str) -> None:
    assert run(armed) == (0, ["passed", "passed", "passed", "lived"], "")


@pytest.mark.parametrize(
    "wrong", ["commit", "before-mail:", "before-mail:0", "before-mail:x", "before-mail:²", "before-mail:1:1", ":1", " before-mail"]
)  # fmt: skip
def test_a_name_that_there_is_not_is_refused_at_start(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (HOME | {"fail_point": wrong}).items():
        monkeypatch.setenv(f"CADENA_{name}".upper(), value)
    with pytest.raises(SystemExit, match=r"fail point|colon"):
        read(FailPointSettings)


def test_a_local_installation_may_arm_one() -> None:
    assert FailPointSettings(**HOME, fail_point="before-mail:2").fail_point == "before-mail:2"  # type: ignore[arg-type]
    assert parse("before-mail:2") == ("before-mail", 2)


@pytest.mark.parametrize(
    "change",
    [{"issuer": "https://id.example"}, {"issuer": ""}, {"listen_host": "0.0.0.0"}, {"listen_host": ""},
     {"database_url": "postgresql://u@db.example/d"}],
)  # fmt: skip
def test_no_other_installation_may(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="loopback only"):
        FailPointSettings(**HOME | change, fail_point="before-mail")  # type: ignore[arg-type]
    assert FailPointSettings(**HOME | change).fail_point == ""  # type: ignore[arg-type]


def test_each_process_refuses_an_unknown_one() -> None:
    env = {f"CADENA_{name}".upper(): value for name, value in (HOME | {"fail_point": "nowhere"}).items()}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"services.{service}", role], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
        )
        for service, role in PROCESSES.values()
    ]
    for process in started:
        _, said = process.communicate()
        assert process.returncode == 1
        assert "there is no such fail point" in said


def test_every_registered_point_is_reached_somewhere_and_no_other() -> None:
    reached = set()
    for path in [path for top in ("services", "shared") for path in (ROOT / top).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reach":
                assert isinstance(node.args[0], ast.Constant), path
                reached.add(node.args[0].value)
            if isinstance(node, ast.Name) and node.id == "reach_when_written":
                reached.add("after-answer")
    assert reached == set(POINTS)
