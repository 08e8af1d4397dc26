"""Several processes that read one log: tasks go out, answers come back in order. Any of them may die.

A helper holds no state that another needs. It ignores Ctrl-C, which ends the parent, and ends when the parent is gone.
"""

import gc
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from cadena_verify.counting import Plan, Scanned
from cadena_verify.known import Part, Verdict
from cadena_verify.scan import Scanner
from cadena_verify.source import Source, Unreadable

AHEAD = 4
"""Answers, for each helper, that may wait for an earlier one: what bounds memory."""
ROOM = 1 << 24
"""Bytes that a helper takes once and lets go of, untouched. From then on glibc's allocator keeps twice as many at hand,
where else it would give the memory of each bundle back to the system, and ask for it anew for the next."""
DIED = "A helper process ended before it had read its part of the log."
Line = Connection


class Crew(Protocol):
    """Who reads the log: this process, or helpers."""

    def scan(self, plan: Plan, runs: Iterable[range]) -> Iterator[Scanned]:
        """Read these runs of bundles as planned; answers in their order. Unreadable, also if a helper dies."""

    def judge(self, parts: Iterable[Part]) -> Iterator[Verdict]:
        """Judge the parts of what is known, in any order."""

    def close(self) -> None:
        """Nothing of it is left running."""


class Alone:
    """This process reads the log itself."""

    def __init__(self, source: Source) -> None:
        self._scanner = Scanner(source)

    def scan(self, plan: Plan, runs: Iterable[range]) -> Iterator[Scanned]:
        """One after the other."""
        return (self._scanner.scan(plan, run) for run in runs)

    def judge(self, parts: Iterable[Part]) -> Iterator[Verdict]:
        """One after the other."""
        return map(Part.judge, parts)

    def close(self) -> None:
        """There is nobody to send away."""


class Helpers:
    """Processes of their own, which share nothing with this one but the lines to it."""

    def __init__(self, source: Source, count: int) -> None:
        forked = _may_fork()
        context = multiprocessing.get_context("fork") if forked else multiprocessing.get_context("spawn")
        self._lines: list[Line] = []
        self.processes: list[multiprocessing.process.BaseProcess] = []
        with _interrupts_held_back():
            for _ in range(count):
                mine, theirs = context.Pipe()
                self._lines.append(mine)
                ours = self._lines if forked else []
                process = context.Process(target=_help, args=(copy(source), theirs, ours), daemon=True)
                process.start()
                theirs.close()
                self.processes.append(process)

    def scan(self, plan: Plan, runs: Iterable[range]) -> Iterator[Scanned]:
        """Two runs under way at each helper, so that none waits. The plan, which may be large, goes once."""
        for line in self._lines:
            _tell(line, ("plan", 0, plan))
        return self._each("scan", runs, 2)

    def judge(self, parts: Iterable[Part]) -> Iterator[Verdict]:
        """One part at a time: it is long, and two that are being sent could block each other."""
        return self._each("judge", parts, 1)

    def close(self) -> None:
        """End the helpers, whatever they are doing: what they read, they keep nowhere."""
        for line in self._lines:
            line.close()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()

    def _each(self, what: str, tasks: Iterable[Any], under_way: int) -> Iterator[Any]:
        """Hand tasks out, and give the answers in the order of the tasks."""
        waiting = enumerate(tasks)
        held = dict.fromkeys(self._lines, 0)
        done: dict[int, Any] = {}
        sent = given = 0
        task = next(waiting, None)
        while task is not None or given < sent:
            line = min(held, key=held.__getitem__)
            if task is not None and held[line] < under_way and sent - given < AHEAD * len(held):
                _tell(line, (what, *task))
                held[line] += 1
                sent += 1
                task = next(waiting, None)
            elif given in done:
                yield done.pop(given)
                given += 1
            else:
                _hear(held, done)


def _tell(line: Line, message: tuple[Any, ...]) -> None:
    try:
        line.send(message)
    except OSError as error:
        raise Unreadable(DIED) from error


def _hear(held: dict[Line, int], done: dict[int, Any]) -> None:
    """Wait for answers; the error that a helper met is raised here."""
    for ready in wait([line for line, count in held.items() if count]):
        line = next(line for line in held if line is ready)
        try:
            number, answer = line.recv()
        except (EOFError, OSError) as error:
            raise Unreadable(DIED) from error
        if isinstance(answer, Exception):
            raise answer
        done[number] = answer
        held[line] -= 1


def _may_fork() -> bool:
    """Whether helpers may begin as copies of this process, ready at once: where that is sound, and without threads."""
    return sys.platform == "linux" and threading.active_count() == 1


def _help(source: Source, line: Line, inherited: list[Line]) -> None:
    """A helper's life. The parent's ends that a copy of it inherits are closed: else none would hear of its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in inherited:
        end.close()
    gc.disable()  # millions of short-lived tuples, and nothing that refers to itself
    bytes(ROOM)  # taken, and let go of
    scanner, plan = Scanner(source), None
    try:
        while True:
            what, number, task = line.recv()
            if what == "plan":
                plan = task
            else:
                line.send((number, _answer(scanner, plan, task)))
    except (EOFError, OSError):
        source.close()  # the parent is gone


def _answer(scanner: Scanner, plan: Plan | None, task: range | Part) -> object:
    try:
        if isinstance(task, Part):
            return task.judge()
        if plan is None:
            raise ValueError("no plan came before the first run")
        return scanner.scan(plan, task)
    except Unreadable as error:
        return error
    except Exception as error:  # it is raised again in the parent, whatever it is
        return RuntimeError(f"{type(error).__name__}: {error}")


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C waits until the end of the block, and helpers started in it hear of none before they ignore them all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def crew_for(source: Source, jobs: int) -> Crew:
    """`jobs` helpers, or this process alone for one."""
    return Helpers(source, jobs) if jobs > 1 else Alone(source)
