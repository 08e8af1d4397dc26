"""docs/api.md lists every problem that the code can answer, with its status, and no other."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module

from shared.errors import Refusal
from tests.deploy.checkout import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()
ROWS = re.findall(r"^\| `([a-z-]+)` \| (\d{3}|any) \| (yes |)\| (.+) \|$", PAGE, re.MULTILINE)
SOURCES = [path for top in ("services", "shared") for path in sorted((ROOT / top).rglob("*.py"))]


def problems() -> Iterator[tuple[str, str]]:
    """(code, status) of every `Problem(…)` and `_unauthorised(…)` that is written anywhere."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                written = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                if node.func.id == "Problem" and isinstance(node.args[1], ast.Constant):
                    fixed = isinstance(node.args[0], ast.Constant)
                    yield (str(written[1]), str(written[0])) if fixed else (str(written[0]), "any")
                if node.func.id == "_unauthorised":
                    yield str(written[0]), "401"


def refusals() -> set[tuple[str, str]]:
    for service in ("custody", "notify"):
        import_module(f"services.{service}.refusals")
    return {(kind.code, str(kind.status)) for kind in Refusal.__subclasses__()}


def test_every_problem_is_listed_with_its_status_and_what_to_do() -> None:
    facts = {(code, status) for code, status, fact, _ in ROWS if fact}
    others = {(code, status) for code, status, fact, _ in ROWS if not fact}
    assert facts == refusals()
    assert others == set(problems())


def test_no_code_is_listed_twice() -> None:
    codes = [code for code, _, _, _ in ROWS]
    assert len(set(codes)) == len(codes) > 40
    assert PAGE.count("\n| `") == len(codes)
