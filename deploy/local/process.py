"""One process of the stack: start, watch, stop, kill. It can never outlive us, and leaves a log and a pid file."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.environment import base_environment
from deploy.local.files import PRIVATE_MASK, open_private, private_folder
from deploy.local.pids import PidFile
from deploy.local.problem import StackProblem

LAUNCHER = Path(__file__).with_name("launch.py")
STOP_SECONDS = 10.0
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class User:
    """Whom a process becomes when we are root; `reach` as in launch.py."""

    uid: int
    gid: int
    reach: bool


def tied(argv: Sequence[str], death_signal: signal.Signals, user: User | None) -> list[str]:
    """The command line that runs `argv` so that it gets `death_signal` when the thread that starts it ends."""
    orders = {
        "parent": os.getpid(), "signal": int(death_signal), "umask": PRIVATE_MASK,
        "user": None if user is None else asdict(user),
    }  # fmt: skip
    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(orders), *argv]


def run_tied(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, user: User | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it printed; it dies with us, whatever ends us."""
    command = tied(argv, signal.SIGKILL, user)
    return subprocess.run(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


class Process:
    """A named child process; its log is `<state>/logs/<name>.log`, its pid file `<state>/pids/<name>.json`."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        state: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: User | None = None,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.env = env
        self.cwd = cwd
        self.death_signal = death_signal
        self.stop_signal = stop_signal
        self.user = user
        file_name = name.replace(" ", "-")
        self.log = private_folder(state / "logs") / f"{file_name}.log"
        self.pid_file = PidFile(private_folder(state / "pids") / f"{file_name}.json")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running process's id, or None."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How the last run ended (negative: by that signal); None while it runs or before the first start."""
        return None if self._child is None else self._child.poll()

    def start(self) -> None:
        """Start it; a leftover of a dead supervisor is ended first. Returns at once, ready or not."""
        if self.pid is not None:
            raise StackProblem(f"{self.name} is already running as process {self.pid}.")
        if threading.current_thread() is not threading.main_thread():
            # The kernel ends the child with the thread that started it.
            raise StackProblem(f"{self.name} must be started from the main thread.")
        self.pid_file.end_leftover()
        with open_private(self.log, "ab") as log:
            self._child = subprocess.Popen(
                tied(self.argv, self.death_signal, self.user),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=base_environment() if self.env is None else dict(self.env),
                cwd=self.cwd,
                start_new_session=True,
            )
        self.pid_file.write(self._child.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it runs."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self.pid_file.clear()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to stop, wait up to `seconds`, then SIGKILL."""
        self.signal(self.stop_signal)
        self.finish(seconds)

    def finish(self, seconds: float) -> None:
        """Wait up to `seconds` for its end, then SIGKILL; for a process that was already asked to stop."""
        if self._child is not None:
            try:
                self._child.wait(max(seconds, 0))
            except subprocess.TimeoutExpired:
                pass
            finally:
                self.kill()

    def demand_running(self) -> None:
        """Raise StackProblem with the end of its log unless it runs."""
        if self.pid is None:
            raise StackProblem(f"{self.name} ended with code {self.exit_code}. The end of {self.log}:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])
