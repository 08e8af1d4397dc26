"""What dies is started again, later each time; a stack is served once in a folder."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.local.problem import StackProblem
from deploy.local.process import Process
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor
from deploy.local.waiting import wait_until

FAILING = [sys.executable, "-c", "raise SystemExit(7)"]


class Small:
    """A stack of one process that fails at once."""

    def __init__(self, state: Path) -> None:
        self.services = {"failing": Process("failing", FAILING, state)}
        self.backends = SimpleNamespace(processes={})
        self.starts = 0
        self.renewals = 0

    def process(self, name: str) -> Process:
        return self.services[name]

    def restart(self, name: str) -> None:
        self.starts += 1
        self.services[name].start()
        wait_until(lambda: self.services[name].pid is None, 20, "its end")

    def renew_ledger_tokens(self) -> None:
        self.renewals += 1


@pytest.fixture
def small(tmp_path: Path) -> Small:
    one = Small(tmp_path)
    one.restart("failing")
    return one


def test_pauses_between_starts_grow_and_shrink_again(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor(cast(Any, small))
    began = supervisor._renewed
    started_at = []
    for second in range(40):
        before = small.starts
        supervisor.look(began + second)
        if small.starts > before:
            started_at.append(second)
    # It is seen dead one round after each start, then waits 1, 2, 4, 8 … seconds.
    assert started_at == [1, 4, 9, 18, 35]
    assert "failing ended with code 7" in capsys.readouterr().out

    supervisor.look(began + 100)
    supervisor.look(began + 100 + 61)
    before = small.starts
    supervisor.look(began + 100 + 62)
    assert small.starts == before + 1, "after a steady minute the pause is one second again"


def test_ledger_tokens_are_renewed_every_hour(small: Small) -> None:
    supervisor = Supervisor(cast(Any, small))
    began = supervisor._renewed
    supervisor.look(began + 3599)
    assert small.renewals == 0
    supervisor.look(began + 3600)
    supervisor.look(began + 3601)
    assert small.renewals == 1


def test_a_folder_serves_one_stack_at_a_time(tmp_path: Path) -> None:
    first = Stack(tmp_path)
    with pytest.raises(StackProblem, match="already runs"):
        Stack(tmp_path)
    first.stop()
    Stack(tmp_path).stop()
