"""The catalogue fits the code as it is: quick, so that who moves a line sees at once that its mutant was left behind."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.scratch import place

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
PROMISED = ("G1", "G5", "G6", "G7", "G9", "G12")


def code_of(mutant: Mutant) -> str:
    return mutant.test.rpartition("::")[2].partition("[")[0]


@cache
def functions_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def rows() -> dict[str, list[str]]:
    """Guarantee → the cells of its row: id, what, now, tests."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.read_text().splitlines()]
    return {row[0]: row for row in cells if row and re.fullmatch(r"G\d+", row[0])}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.guarantee} {mutant.what}")
def test_a_mutant_fits_the_code_and_breaks_the_guarantee_that_its_test_names(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text()
    number = place(text, mutant.file, mutant.line)
    assert mutant.broken not in ("", mutant.line)
    if mutant.file.endswith(".py"):
        lines = text.split("\n")
        lines[number - 1] = lines[number - 1].replace(mutant.line, mutant.broken)
        ast.parse("\n".join(lines))
    file = mutant.test.partition("::")[0]
    assert code_of(mutant) in functions_in(file)
    assert code_of(mutant).startswith(f"test_{mutant.guarantee.lower()}_")


def test_each_guarantee_has_mutants() -> None:
    count = Counter(mutant.guarantee for mutant in MUTANTS)
    assert {guarantee for guarantee in PROMISED if count[guarantee] < 2} == set()
    assert {guarantee for guarantee, row in rows().items() if not row[2].startswith("later")} <= count.keys()
    assert len({(mutant.file, mutant.line, mutant.broken) for mutant in MUTANTS}) == len(MUTANTS)


def test_the_page_of_guarantees_names_tests_that_are_there() -> None:
    assert list(rows()) == [f"G{number}" for number in range(1, 14)]
    for guarantee, (_, _, now, tests) in rows().items():
        paths = re.findall(r"`([^`]+)`", tests)
        assert bool(paths) == (not now.startswith("later")), guarantee
        for path in paths:
            found = [file for file in ROOT.glob(f"{path}**/*.py" if path.endswith("/") else path) if file.is_file()]
            assert found, f"{guarantee}: nothing is at {path}"
            assert any(f"test_{guarantee.lower()}_" in file.read_text() for file in found), f"{guarantee}: {path}"


def test_each_guarantee_of_now_stands_in_the_code_that_keeps_it() -> None:
    code = "\n".join(
        file.read_text()
        for top in ("services", "shared", "verifier/cadena_verify")
        for file in (ROOT / top).rglob("*.py")
    )
    now = {guarantee for guarantee, row in rows().items() if not row[2].startswith("later")}
    assert {guarantee for guarantee in now if not re.search(rf"\b{guarantee}\b", code)} == set()
