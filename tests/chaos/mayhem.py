"""Kills one thing after the other, while acknowledged facts are not yet in the ledger, and has it started again."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx2

from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor
from deploy.local.waiting import wait_until
from deploy.local.wiring import WORKERS
from tests.chaos.callers import Callers, Crowd, Kept
from tests.chaos.ledger import Head, all_sealed, head, metric, unsealed

DEADLINE_SECONDS = 180.0

T = TypeVar("T")


class Mayhem:
    """The stack under its own supervisor, which is the one that starts again what died."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.seen: set[Head] = set()
        """Heads as they were published at some time, whichever process died since."""
        self._supervisor = Supervisor(stack)

    def until(self, predicate: Callable[[], T | None], what: str, crowd: Crowd | None = None) -> T:
        """Wait for a condition while the supervisor does its work; raises what a caller of the crowd met."""

        def looked() -> T | None:
            if crowd is not None:
                crowd.demand_well()
            self._supervisor.look(time.monotonic())
            published = head(self.stack)
            if published is not None:
                self.seen.add(published)
            return predicate()

        return wait_until(looked, DEADLINE_SECONDS, what, poll=0.3)

    @contextlib.contextmanager
    def nothing_is_sealed(self) -> Iterator[None]:
        """The writer stands still, wherever it was; whoever kills it meanwhile has crashed it at that point."""
        writer = self.stack.process("audit writer")
        writer.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            writer.signal(signal.SIGCONT)

    def strike(self, victim: str, more: int, callers: Callers, crowd: Crowd) -> list[Kept]:
        """SIGKILL `victim` with at least `more` commands of each service acknowledged and not in the ledger; those.

        Returns when everything is ready again and the ledger holds them.
        """
        before = self.stack.process(victim).pid
        with self.nothing_is_sealed():
            start = len(callers.kept)

            def enough() -> bool:
                new = [one.service for one in callers.kept[start:]]
                return new.count("custody") >= more and new.count("notify") >= 2

            self.until(enough, f"acknowledgements before {victim} is killed", crowd)
            at_risk = unsealed(self.stack, callers.kept[start:])
            assert {one.service for one in at_risk} == {"custody", "notify"}, "nothing was at risk"
            self.stack.kill(victim)
        began = time.monotonic()
        self.until(lambda: self.stack.process(victim).pid not in (None, before), f"{victim} to be started again", crowd)
        self.until(self.is_ready, f"everything to be ready after {victim} was killed", crowd)
        self.until(lambda: all_sealed(self.stack, at_risk), f"what was at risk when {victim} died", crowd)
        print(f"{victim}: killed with {len(at_risk)} at risk, all sealed {time.monotonic() - began:.1f} s later")
        return at_risk

    def is_ready(self) -> bool:
        """Whether all six processes say so."""
        return all(_says_ready(self.stack.wiring.url(name)) for name in self.stack.services)

    def is_read(self, size: int) -> bool:
        """Whether both workers have read the log up to `size`."""
        return all(metric(self.stack, name, "cadena_sealed_log_size") >= size for name in WORKERS)


def _says_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=10).status_code == 200
    except httpx2.HTTPError:
        return False
