"""The runner on a checkout of three files: what it calls red is a test that failed, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from tests.mutants.__main__ import all_red, is_green, try_one
from tests.mutants.catalogue import Mutant
from tests.mutants.scratch import Scratch, Unfit

RULE = "def may(role):\n    if role == 'court':\n        return True\n    return False\n"
TESTS = (
    "import pytest\n"
    "from rule import may\n"
    "@pytest.fixture\n"
    "def court():\n    assert may('court')\n    return 'court'\n"
    "def test_g9_courts_may():\n    assert may('court')\n"
    "def test_g9_of_a_court(court):\n    assert may(court)\n"
    "def test_g9_nothing():\n    pass\n"
)
WRONG_ALREADY = "from rule import may\ndef test_g9_wrong_already():\n    assert may('lab')\n"


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    checkout, copy = tmp_path / "checkout", tmp_path / "a copy"
    checkout.mkdir()
    for name, text in {"rule.py": RULE, "test_rule.py": TESTS, "test_wrong.py": WRONG_ALREADY}.items():
        (checkout / name).write_text(text)
    subprocess.run(["git", "init", "-q", "."], cwd=checkout, check=True)
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    (checkout / "conftest.py").write_text("not tracked, so it is not copied, or nothing would run")
    return Scratch(checkout, copy, {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


def mutant(line: str, broken: str, test: str) -> Mutant:
    return Mutant("G9", "a break", "rule.py", line, broken, test)


FOUND = mutant("return True", "return role is None", "test_rule.py::test_g9_courts_may")
SURVIVES = mutant("return True", "return role is None", "test_rule.py::test_g9_nothing")
BROKEN = {
    "in a fixture": mutant("return True", "return role is None", "test_rule.py::test_g9_of_a_court"),
    "by an import": mutant("def may(role):", "def might(role):", "test_rule.py::test_g9_nothing"),
}


def test_a_mutant_that_its_test_finds_is_red_and_the_copy_is_mended(scratch: Scratch) -> None:
    assert is_green(scratch, [FOUND, SURVIVES])
    number, outcome = try_one(scratch, FOUND)
    assert (number, outcome.red, outcome.failed) == (3, True, 1)
    assert (scratch.folder / "rule.py").read_text() == RULE


def test_one_survivor_is_enough_to_fail(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> None:
    assert not all_red(scratch, [FOUND, SURVIVES])
    told = capsys.readouterr().out
    assert "G9   red" in told
    assert "G9   SURVIVED" in told
    assert told.endswith("2 mutants, 1 found by the test of their guarantee, 1 not\n")


@pytest.mark.parametrize("how", BROKEN)
def test_what_breaks_outside_of_the_test_shows_nothing(scratch: Scratch, how: str) -> None:
    assert not all_red(scratch, [BROKEN[how]])


def test_a_test_that_is_red_without_a_mutant_shows_nothing(scratch: Scratch) -> None:
    assert not is_green(scratch, [FOUND, mutant("return True", "return 1", "test_wrong.py::test_g9_wrong_already")])


@pytest.mark.parametrize("line", ["return None", "return"])
def test_a_line_that_is_gone_is_named(scratch: Scratch, line: str) -> None:
    with pytest.raises(Unfit, match=r"rule\.py holds this line 0 times"):
        try_one(scratch, mutant(line, "pass", FOUND.test))


def test_a_line_that_stands_twice_is_no_place(scratch: Scratch) -> None:
    (scratch.folder / "rule.py").write_text(RULE + RULE)
    with pytest.raises(Unfit, match="2 times"):
        try_one(scratch, FOUND)


def test_a_folder_without_git_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="no git checkout"):
        Scratch(tmp_path, tmp_path / "copy", {"GIT_DIR": str(tmp_path / "none")})
