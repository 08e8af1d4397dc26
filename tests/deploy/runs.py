"""A make target run as a person runs it, in a session of its own, watched from outside."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

USUAL_PORTS = (25, 1025, 2525, 5432, 8000, 8001, 8002, 8003, 8080, 8443, 9090, 9092, 9093)
NOT_PASSED = ("MAKE", "MFLAGS", "PYTEST", "DATABASE_URL", "KAFKA_", "SMTP_URL", "CADENA_", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    """Ours without what would make a make target behave as a part of this one."""
    return {name: text for name, text in os.environ.items() if not name.startswith(NOT_PASSED)}


class Run:
    """One command in `place`; `log` is everything that it printed. Ends with the block."""

    def __init__(self, place: Path, argv: Sequence[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.place, self.log, self._argv = place, log, list(argv)
        self._env = environment() if env is None else env

    def __enter__(self) -> "Run":
        # Whoever runs this in the background ignores Ctrl-C, and so would what is started here.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with self.log.open("wb") as output:
            self.child = subprocess.Popen(
                self._argv, cwd=self.place, env=self._env, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        signal.signal(signal.SIGINT, before)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(errors="replace")

    def until(self, pattern: str, seconds: float) -> None:
        """Wait until it has printed that; AssertionError with the end of its words if it ends or takes too long."""
        wait(lambda: re.search(pattern, self.said) or self.child.poll() is not None, seconds, self.tell)
        assert re.search(pattern, self.said), self.tell()

    def code(self, seconds: float) -> int:
        """Its exit code, once it has ended by itself."""
        wait(lambda: self.child.poll() is not None, seconds, self.tell)
        return self.child.wait()

    def interrupt(self) -> None:
        """Ctrl-C: the terminal signals the whole group."""
        os.killpg(self.child.pid, signal.SIGINT)

    def kill_group(self) -> None:
        """SIGKILL for make and what it runs."""
        os.killpg(self.child.pid, signal.SIGKILL)

    def kill_make(self) -> None:
        """SIGKILL for make alone."""
        self.child.kill()

    def tell(self) -> str:
        """The end of its words."""
        return f"{' '.join(self._argv)} in {self.place}:\n{self.said[-3000:]}"


def wait(done: Callable[[], object], seconds: float, tell: Callable[[], str]) -> None:
    """Until `done`; AssertionError with what `tell` says after `seconds`."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {tell()}"
        time.sleep(0.1)


def left(place: Path) -> list[str]:
    """Every living process that was started in `place` or speaks of it: id and command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            told = command + (process / "environ").read_bytes().decode(errors="replace")
            in_place = str(place) in f"{told}{os.readlink(process / 'cwd')}/{os.readlink(process / 'exe')}"
            if state not in "ZX" and int(process.name) != os.getpid() and in_place:
                found.append(f"{process.name} {command}")
    return found


def demand_nothing_left(place: Path, seconds: float = 20) -> None:
    """AssertionError if something that belongs to `place` still runs after `seconds`."""
    wait(lambda: not left(place), seconds, lambda: "still running: " + "; ".join(left(place)))


@contextmanager
def usual_ports_taken() -> Iterator[list[int]]:
    """Hold the ports that such servers like, as far as they are free; the ports held."""
    with ExitStack() as held:
        taken = []
        for port in USUAL_PORTS:
            listener = held.enter_context(socket.socket())
            with suppress(OSError):
                listener.bind(("127.0.0.1", port))
                listener.listen()
                taken.append(port)
        yield taken
