"""README.md does what it says: every command of its `sh` blocks is run, in order, in a copy of this checkout.

`make serve`, which runs until Ctrl-C, goes to the background; all else is run as it stands. `ARGS` narrows `make test`.
"""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from deploy.demo.picture import draw, values
from tests.deploy.checkout import ROOT, copied, prepared

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\S*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
MINUTES = 8
AROUND = """
set -euo pipefail
make() {
  if [ "$*" != serve ]; then command make "$@"; return; fi
  command make serve >serve.log 2>&1 &
  serving=$!
  until [ -f var/stack.json ]; do kill -0 $serving; sleep 0.2; done
}
"""
END = "\nwait $serving\necho all of README.md was run\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose path has a space, an apostrophe and some length."""
    folder = tmp_path_factory.mktemp("readme") / f"a person's checkouts {'x' * 40}" / "cadena"
    return prepared(copied(folder))


@pytest.fixture(scope="module")
def said(place: Path) -> str:
    """What all commands printed, `make serve` apart; they end with code 0."""
    script = AROUND + "\n".join(text for language, text in BLOCKS if language == "sh") + END
    ours = ("MAKE", "MFLAGS", "DATABASE_URL", "KAFKA_BOOTSTRAP", "SMTP_URL", "PYTEST")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    environment["ARGS"] = "tests/shared/test_text.py"
    shell = subprocess.Popen(
        ["bash", "-c", script], cwd=place, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = shell.communicate(timeout=MINUTES * 60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        subprocess.run(["make", "down"], cwd=place, check=False, capture_output=True)
    log = place / "serve.log"
    assert shell.returncode == 0, output[-6000:] + (log.read_text()[-3000:] if log.exists() else "")
    return output


def test_every_command_can_be_run_as_it_stands(said: str) -> None:
    assert said.endswith("all of README.md was run\n")


def test_no_command_hides_in_a_block_that_is_not_run() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "text", "mermaid"}
    assert README.count("```") == 2 * len(BLOCKS)
    assert not re.search(r"^( {4}|\t)\S", re.sub(r"```.*?```", "", README, flags=re.DOTALL), re.MULTILINE)


def test_the_abridged_demo_is_what_the_demo_says(said: str) -> None:
    (shown,) = (text for language, text in BLOCKS if language == "text")
    real = {general(line) for line in said.splitlines()}
    for line in shown.splitlines():
        wanted = general(line)
        cut = wanted.removesuffix("…").rstrip()
        assert wanted in real or (cut != wanted and any(one.startswith(cut) for one in real)), line


def test_the_tour_shows_what_it_promises(said: str) -> None:
    tour = said[said.index("The demo showed what it should") :]
    assert '"label":"M-2026-001"' in tour
    assert '"type": "org.cadena.custody.sample.registered.v1"' in tour
    assert re.search(r"\d+ entries, \d+ tiles and \d+ signed heads verified", tour)
    assert "To: defensa@example.org" in tour
    assert ":verify?token=" in tour
    assert re.search(r"custody-worker +\d+", tour)


def test_the_tests_of_the_copy_were_run_and_none_was_skipped(said: str) -> None:
    (line,) = re.findall(r"^=+ (.*) in [\d.]+s.* =+$", said, re.MULTILINE)
    assert re.fullmatch(r"\d+ passed", line)


def test_the_demo_draws_the_readme_s_picture(said: str, place: Path) -> None:
    drawn = (place / "var" / "demo" / "path.svg").read_text()
    assert draw(values(drawn)) == drawn
    assert values(drawn).promise in {path.read_text() for path in (place / "var" / "demo" / "promises").glob("*.jws")}
    assert "docs/path.svg" in README


def test_the_committed_picture_was_drawn_by_this_code() -> None:
    kept = (ROOT / "docs" / "path.svg").read_text()
    assert draw(values(kept)) == kept, "run `make picture`, and look at it"


def general(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"\d+ de [a-z]+ de \d{4}", "DAY", line.strip())
    line = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", line)
    return re.sub(r"\d+", "N", line)
