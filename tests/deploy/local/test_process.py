"""A process of the stack cannot outlive its supervisor, and a leftover is ended only if it is ours."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.local.pids import PidFile, started
from deploy.local.problem import StackProblem
from deploy.local.process import Process
from deploy.local.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]
SUPERVISOR = """
import sys, time
from pathlib import Path
from deploy.local.process import Process
from deploy.local.waiting import wait_until
sleep = "import time; print('awake', flush=True); time.sleep(600)"
one = Process("sleeper", [sys.executable, "-c", sleep], Path(sys.argv[1]))
one.start()
wait_until(lambda: "awake" in one.tail(), 20, "the child to be the program that it was to become")
print(one.pid, flush=True)
time.sleep(600)
"""


def test_it_starts_stops_and_writes_its_log(tmp_path: Path) -> None:
    one = Process("a sleeper", SLEEP, tmp_path)
    one.start()
    pid = one.pid
    assert pid is not None
    assert PidFile(tmp_path / "pids" / "a-sleeper.json").living() == pid
    with pytest.raises(StackProblem, match="already running"):
        one.start()
    one.stop()
    assert one.pid is None
    assert one.exit_code == -signal.SIGTERM
    assert one.pid_file.living() is None


def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    one = Process("deaf", STUBBORN, tmp_path)
    one.start()
    wait_until(lambda: "deaf" in one.tail(), 20, "the signal to be ignored")
    one.stop(seconds=0.2)
    assert one.exit_code == -signal.SIGKILL


def test_an_ended_process_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    one = Process("brief", [sys.executable, "-c", "raise SystemExit('no such luck')"], tmp_path)
    one.start()
    wait_until(lambda: one.exit_code is not None, 20, "its end")
    with pytest.raises(StackProblem, match="no such luck"):
        one.demand_running()


def test_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        assert started(child) is not None
        supervisor.kill()
        wait_until(lambda: started(child) is None, 10, "the child to end with its supervisor")


def test_a_leftover_is_ended_before_the_next_start(tmp_path: Path) -> None:
    one = Process("sleeper", SLEEP, tmp_path)
    with subprocess.Popen(SLEEP) as leftover:
        one.pid_file.write(leftover.pid)
        one.start()
        try:
            assert leftover.wait(10) == -signal.SIGKILL
        finally:
            one.kill()


def test_a_reused_process_id_is_left_alone(tmp_path: Path) -> None:
    kept = PidFile(tmp_path / "other.json")
    kept.path.write_text(f'{{"pid": {os.getpid()}, "started": "another boot 1"}}')
    assert kept.living() is None
    assert kept.end_leftover() is None
    assert not kept.path.exists()


def test_it_refuses_to_start_from_a_thread_that_may_end(tmp_path: Path) -> None:
    problems: list[BaseException] = []

    def start() -> None:
        try:
            Process("sleeper", SLEEP, tmp_path).start()
        except StackProblem as problem:
            problems.append(problem)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(problems[0])


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(StackProblem, match=r"Waited 0\.1 s in vain: the moon"):
        wait_until(lambda: False, 0.1, "the moon")
