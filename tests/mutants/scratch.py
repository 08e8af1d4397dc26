"""A scratch copy of the checkout, and pytest in it: what is tried there never touches the working tree."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 600.0
"""After so long a run of pytest is ended."""


class Unfit(Exception):
    """The catalogue or the checkout cannot be used; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of pytest ended: tests that passed, that failed in their own body, and what broke outside of one."""

    passed: int
    failed: int
    broken: int
    told: str

    @property
    def green(self) -> bool:
        """Something was tried, and all of it passed."""
        return self.passed > 0 and not self.failed and not self.broken

    @property
    def red(self) -> bool:
        """A test failed, and nothing else went wrong: an import that breaks, or a fixture, shows nothing."""
        return self.failed > 0 and not self.broken


class Scratch:
    """The tracked files of a checkout, as they are on disk now, in a folder of its own."""

    def __init__(self, checkout: Path, folder: Path, environment: Mapping[str, str]) -> None:
        """`environment` is added to what pytest gets: where PostgreSQL and Kafka are."""
        self.folder, self._runs, self._writes = folder, 0, 0
        # Before the .venv's own word for where the verifier is: else the working tree's would be tried.
        paths = os.pathsep.join([str(folder), str(folder / "verifier")])
        self._environment = {"PYTHONPATH": paths, **environment}
        for name in tracked(checkout):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, folder / name)

    @contextmanager
    def broken(self, file: str, line: str, instead: str) -> Iterator[int]:
        """The copy with one line broken, for the time of the block; yields its number. Unfit unless it is there once."""
        path = self.folder / file
        whole = path.read_text()
        number = place(whole, file, line)
        lines = whole.split("\n")
        lines[number - 1] = lines[number - 1].replace(line, instead)
        self._write(path, "\n".join(lines))
        try:
            yield number
        finally:
            self._write(path, whole)

    def _write(self, path: Path, text: str) -> None:
        """Give the file a time of its own: Python takes one of the same second and length from its compiled twin."""
        path.write_text(text)
        self._writes += 1
        os.utime(path, (self._writes, self._writes))

    def pytest(self, tests: Sequence[str], *options: str) -> Outcome:
        """Run these node ids in the copy, and nothing else."""
        self._runs += 1
        report = self.folder / f"run-{self._runs}.xml"
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            *options,
            *tests,
        ]
        try:
            ran = subprocess.run(
                argv, cwd=self.folder, env=os.environ | self._environment, capture_output=True, text=True,
                timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Outcome(0, 0, 1, f"no end within {SECONDS:g} s")
        if ran.returncode not in (0, 1) or not report.exists():
            return Outcome(0, 0, 1, (ran.stdout + ran.stderr)[-2000:])
        return _read(report, ran.stdout)


def _read(report: Path, told: str) -> Outcome:
    [suite] = ET.parse(report).getroot().iter("testsuite")  # noqa: S314  pytest has just written it
    tests, failed, broken, skipped = (int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))
    return Outcome(tests - failed - broken - skipped, failed, broken, told[-2000:])


def tracked(checkout: Path) -> list[str]:
    """The files that git knows and that are there."""
    ran = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Unfit(f"{checkout} is no git checkout: mutants are tried on a copy of its tracked files.")
    return [name for name in ran.stdout.split("\0") if name and (checkout / name).is_file()]


def place(text: str, file: str, line: str) -> int:
    """The number of the one line that is `line` but for its indentation; Unfit if there is none, or more."""
    found = [number for number, each in enumerate(text.split("\n"), 1) if each.strip() == line]
    if len(found) != 1:
        raise Unfit(f"{file} holds this line {len(found)} times, not once: {line}")
    return found[0]
