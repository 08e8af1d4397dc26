"""The page on asking for a date says what its examples answer, and there is one for every start."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from services.custody.policy.asking import ask
from services.custody.policy.engine import answer
from services.custody.policy.rules import Start
from services.custody.policy.shipped import calendars, packs

ROOT = Path(__file__).parents[2]
LAW = ROOT / "docs" / "law"
EXAMPLES = re.findall(
    r"^\| \[(\w+)\]\(examples/(\w+)\.json\) \| .* \| (\S+) \| (\S+) \|$", (LAW / "asking.md").read_text(), re.MULTILINE
)


@pytest.mark.parametrize(("name", "file", "last_day", "permitted"), EXAMPLES)
def test_an_example_answers_what_the_page_says(name: str, file: str, last_day: str, permitted: str) -> None:
    question = ask((LAW / "examples" / f"{file}.json").read_text(), packs(), calendars())
    found = answer(question)
    assert found.window is not None
    assert found.permitted_at is not None
    assert (name, str(found.window.last_day), found.permitted_at.isoformat()) == (file, last_day, permitted)


def test_there_is_an_example_for_every_start_and_combination() -> None:
    told = {name for name, *_ in EXAMPLES}
    assert told == {file.stem for file in (LAW / "examples").glob("*.json")}
    starts = {start for union in get_args(Start) for start in get_args(union) or (union,)}
    assert told == starts | {"count_back_from_planned", "last_of_all_recipients", "later_of", "earlier_of"}


def clock(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.custody", "clock", *arguments]
    return subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("page", ["asking.md", "court.md", "tribunal.md"])
def test_the_commands_of_the_pages_run(page: str) -> None:
    (arguments,) = re.findall(r"^    \S+ -m services\.custody clock (.+)$", (LAW / page).read_text(), re.MULTILINE)
    told = clock(*arguments.split())
    assert told.returncode == 0, told.stderr
    assert ("Permitted, as" if "en" in arguments.split() else "Permitido, en") in told.stdout


def test_json_comes_from_standard_input_too() -> None:
    told = clock("-", "--json", given=(LAW / "examples" / "received.json").read_text())
    found = json.loads(told.stdout)
    assert (found["kept_until"], found["last_day"]) == ("2024-05-04", "2026-04-15")
    assert {language: len(said) for language, said in found["explanation"].items()} == {"es": 14, "en": 14}


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("nowhere.json",), "", "nowhere.json cannot be read"),
        (("-",), '{"calendars": []}', "item: Field required"),
        (("-",), "\x00", "This is no JSON"),
    ],
)
def test_what_is_no_question_is_told_and_ends_with_2(arguments: tuple[str, ...], given: str, told: str) -> None:
    refused = clock(*arguments, given=given)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert told in refused.stderr
