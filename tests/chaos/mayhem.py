"""Kills, many at a time, at named points or anywhere, while acknowledged facts are not in the ledger; and starts again."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import httpx2

from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from deploy.local.wiring import WORKERS
from shared.failpoint import Point, marker
from tests.chaos.callers import Callers, Crowd
from tests.chaos.ledger import Head, Log, metric

DEADLINE_SECONDS = 180.0
PAUSE_SECONDS = 0.5
"""Between two starts of one process: one that cannot start yet must not keep the machine busy."""

T = TypeVar("T")


@dataclass(frozen=True)
class Armed:
    """A process that is to die at a point; its log before that was `offset` bytes long."""

    point: Point
    offset: int


class Mayhem:
    """A stack, its callers, who kills, and who starts again at once what died."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.log = stack, Log(stack)
        self.callers = Callers(stack)
        self.crowd: Crowd | None = None
        self.seen: set[Head] = set()
        """Heads as they were published at some time, whichever process died since."""
        self.kills: Counter[str] = Counter()
        self.hits: Counter[tuple[str, Point]] = Counter()
        self.ended: Counter[tuple[str, int | None]] = Counter()
        """What ended by itself, and with which code."""
        self.at_risk: list[int] = []
        """At each kill: how many acknowledged events the log did not hold."""
        self._armed: dict[str, Armed] = {}
        self._held: set[str] = set()
        everything = stack.services | stack.backends.processes
        self._running = {name for name, process in everything.items() if process.pid is not None}
        self._names, self._started = list(everything), dict.fromkeys(everything, 0.0)
        self._more: dict[str, Mapping[str, str]] = {}

    def until(self, predicate: Callable[[], T | None], what: str) -> T:
        """Wait for a condition while what died is started again; raises what a caller of the crowd met."""

        def looked() -> T | None:
            self.look()
            return predicate()

        return wait_until(looked, DEADLINE_SECONDS, what, poll=0.2)

    def look(self) -> None:
        """See who died, start whom nobody holds down, and read the log."""
        if self.crowd is not None:
            self.crowd.demand_well()
        for name in self._names:
            if self.stack.process(name).pid is None:
                self._bury(name)
                if (name not in self._held or name in self._armed) and time.monotonic() - self._started[
                    name
                ] >= PAUSE_SECONDS:
                    self._start(name)
        published = self.log.look()
        if published is not None:
            self.seen.add(published)

    def freeze_writer(self) -> None:
        """The writer stands still, wherever it is; whoever kills it then has crashed it at that point."""
        self._held.add("audit writer")
        self.stack.process("audit writer").signal(signal.SIGSTOP)

    def kill(self, names: Iterable[str]) -> None:
        """SIGKILL these at the same time; who was to die at a point still is when it is started again."""
        living = [name for name in names if self.stack.process(name).pid is not None]
        for name in living:
            self.stack.process(name).signal(signal.SIGKILL)
        for name in living:
            self.stack.kill(name)
            self._running.discard(name)
            self.kills[name] += 1

    def hold(self, names: Collection[str]) -> None:
        """Leave these down when they die."""
        self._held |= set(names)

    def release(self, *names: str, **more: str) -> None:
        """Start these again when they are down, with this environment besides their own until the next release."""
        for name in names:
            self._held.discard(name)
            self._more[name] = more

    def die_at(self, points: Mapping[str, Point], also: Collection[str] = (), after: int = 0, **more: str) -> None:
        """Kill these processes, start each so that it dies at its point, wait until all did, and count what was at risk.

        `also` are killed at one time, when `after` of them have died. Nothing may be sealed in that time but by an armed writer: what was at risk is what
        had been acknowledged before the first kill and is not in the log after the last.
        """
        acknowledged, before = len(self.callers.kept), self.kills.total() + self.hits.total()
        self.kill(points)
        for name, point in points.items():
            log = self.stack.process(name).log
            self._armed[name] = Armed(point, log.stat().st_size if log.exists() else 0)
            self._more[name] = more
            self._start(name)
        wanted = f"every process to die at its point: {dict(points)}"
        self.until(lambda: len(points) - len(self._armed) >= after, wanted)
        self.kill(also)
        self.until(lambda: not self._armed, wanted)
        self.until(lambda: self.log.look(), "the log to say what it holds")
        risk = self.log.missing(self.callers.kept[:acknowledged])
        self.at_risk += [risk] * (self.kills.total() + self.hits.total() - before)

    def is_ready(self) -> bool:
        """Whether all six processes say so."""
        return all(_says_ready(self.stack.wiring.url(name)) for name in self.stack.services)

    def is_read(self, size: int) -> bool:
        """Whether both workers have read the log up to `size`."""
        return all(metric(self.stack, name, "cadena_sealed_log_size") >= size for name in WORKERS)

    def all_sealed(self) -> bool:
        """Whether the log holds everything that was acknowledged up to now; it must be looked at first."""
        return self.log.missing(self.callers.kept) == 0

    def _start(self, name: str) -> None:
        self._started[name] = time.monotonic()
        process = self.stack.process(name)
        usual, armed = process.env, self._armed.get(name)
        if name in self.stack.services:
            point = {"CADENA_FAIL_POINT": armed.point} if armed else {}
            process.env = dict(usual or {}) | dict(self._more.get(name, {})) | point
        try:
            self.stack.restart(name)
        finally:
            process.env = usual
        self._running.add(name)

    def _bury(self, name: str) -> None:
        """Say of one that died by itself whether it died where it was told to."""
        if name not in self._running:
            return
        self._running.discard(name)
        process, armed = self.stack.process(name), self._armed.get(name)
        if armed is not None and process.exit_code == -signal.SIGKILL:
            said = process.log.read_bytes()[armed.offset :].decode(errors="replace")
            assert marker(armed.point) in said, f"{name} was killed, and not at {armed.point}: {process.tail()}"
            self.hits[name, armed.point] += 1
            del self._armed[name]
            return
        assert process.exit_code != -signal.SIGKILL, f"{name} was killed by someone else"
        self.ended[name, process.exit_code] += 1


def _says_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=10).status_code == 200
    except httpx2.HTTPError:
        return False
