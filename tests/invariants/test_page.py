"""The page lists each invariant that has a test, in the words of the test, and no other."""

import ast
import re

from tests.deploy.checkout import ROOT

PAGE = ROOT / "docs" / "invariants.md"
FOLDER = ROOT / "tests" / "invariants"
TOO_LATE = {7, 14}
"""They have no test, and the page says why."""


def test_each_row_says_what_its_test_says() -> None:
    rows = {int(number): (said, test) for number, said, test in _rows()}
    told = {}
    for path in sorted(FOLDER.glob("test_invariant_*.py")):
        number, _, says = (ast.get_docstring(ast.parse(path.read_text())) or "").partition(": ")
        assert path.name.startswith(f"test_invariant_{int(number):02}_"), path.name
        told[int(number)] = (says, f"`{path.relative_to(ROOT)}`")
    assert told.keys() == rows.keys() - TOO_LATE
    assert told == {number: rows[number] for number in told}


def test_what_has_no_test_is_said_to_come_later() -> None:
    assert sorted(int(number) for number, _, _ in _rows()) == list(range(1, 16))
    assert all(test.startswith("later: ") for number, _, test in _rows() if int(number) in TOO_LATE)


def test_each_test_carries_its_files_number() -> None:
    for path in FOLDER.glob("test_invariant_*.py"):
        names = re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
        assert names
        assert all(name.startswith(path.name[: len("test_invariant_00_")]) for name in names), path.name


def _rows() -> list[tuple[str, str, str]]:
    return re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| .*\|$", PAGE.read_text(), re.MULTILINE)
