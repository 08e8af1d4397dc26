"""Watch a running stack: start what died again, later each time, and keep the workers' tokens fresh."""

import time
from dataclasses import dataclass

from deploy.local.problem import StackProblem
from deploy.local.stack import Stack

WATCH_SECONDS = 0.5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
RENEW_SECONDS = 3600.0


@dataclass
class Watched:
    """How a process has fared: when it was started last, and how long to wait before the next start."""

    started: float
    pause: float = FIRST_PAUSE_SECONDS
    due: float | None = None


class Supervisor:
    """Restarts with back-off: 1 s, 2 s, 4 s … 30 s, and 1 s again for one that then ran for a minute."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        now = time.monotonic()
        self._watched = {name: Watched(now) for name in stack.services | stack.backends.processes}
        self._renewed = now

    def watch(self) -> None:
        """Until interrupted."""
        while True:
            self.look(time.monotonic())
            time.sleep(WATCH_SECONDS)

    def look(self, now: float) -> None:
        """One round at the monotonic time `now`: see who died, start whose pause is over."""
        for name, watched in self._watched.items():
            if self.stack.process(name).pid is None:
                self._care(name, watched, now)
        if now - self._renewed >= RENEW_SECONDS:
            self.stack.renew_ledger_tokens()
            self._renewed = now

    def _care(self, name: str, watched: Watched, now: float) -> None:
        process = self.stack.process(name)
        if watched.due is None:
            if now - watched.started >= STEADY_SECONDS:
                watched.pause = FIRST_PAUSE_SECONDS
            watched.due = now + watched.pause
            watched.pause = min(watched.pause * 2, LONGEST_PAUSE_SECONDS)
            print(f"{name} ended with code {process.exit_code}; its log is {process.log}", flush=True)
        if now >= watched.due:
            try:
                self.stack.restart(name)
                print(f"{name} started again as process {process.pid}", flush=True)
            except StackProblem as problem:
                print(f"{name} could not be started again: {problem}", flush=True)
                process.kill()
            watched.started, watched.due = now, None
