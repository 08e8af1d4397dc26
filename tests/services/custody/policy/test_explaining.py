"""Every step that the engine may take has a sentence in both languages, which asks for no value that it lacks."""

import ast
import string
from pathlib import Path

import pytest

from services.custody import policy
from services.custody.policy.explaining import LANGUAGES, explain, phrases
from services.custody.policy.outcome import Step, step
from services.custody.policy.rules import Language

FOLDER = Path(policy.__file__).parent
BY_CODE_ALONE = {"objection_open", "court_forbids", "barred"}
FAULTS = {"too_early", "not_proved", "not_of_a_court", "acknowledged_before_sent", "bounced"}
UNITS = {f"{unit}s_{way}" for unit in ("day", "month", "year") for way in ("after", "before")}


def taken() -> dict[str, set[str]]:
    """Code → names of the values with which the engine's own sources call `step`."""
    found: dict[str, set[str]] = {}
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "step":
                for code in codes(node.args[0]):
                    found.setdefault(code, {keyword.arg or "" for keyword in node.keywords})
    return found


def codes(argument: ast.expr) -> set[str]:
    """The codes that the first argument of a call may be."""
    if isinstance(argument, ast.JoinedStr):
        text = ast.unparse(argument)
        if "lasts_" in text:
            return {"lasts_days", "lasts_months", "lasts_years"}
        return {"opens_on", "opens_after"} if "opens_" in text else UNITS
    if isinstance(argument, ast.Name):
        return {"why": FAULTS, "code": BY_CODE_ALONE | {"started", "started_by_substitute"}}[argument.id]
    choices = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    return {str(choice.value) for choice in choices if isinstance(choice, ast.Constant)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_a_sentence_and_every_sentence_a_step(language: Language) -> None:
    sentences = phrases(language)["sentences"]
    known = set(taken()) | BY_CODE_ALONE | {"claimed_anchor", "unknown_anchor", "latest", "earliest"}
    assert {name.removesuffix("_never") for name in sentences} == known


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_say_the_same_things_of_the_same_values(language: Language) -> None:
    def wanted(of: Language) -> dict[str, set[str | None]]:
        sentences = phrases(of)["sentences"].items()
        return {code: {field for _, field, _, _ in string.Formatter().parse(said) if field} for code, said in sentences}

    assert wanted(language) == wanted("en")
    assert phrases(language)["terms"].keys() == phrases("en")["terms"].keys()


def test_instants_are_told_in_the_zone_and_never_in_words_of_its_own() -> None:
    told = Step("permitted", (("at", "2026-04-21T05:00:00+00:00"),))
    assert explain((told,), "en", "America/Chicago") == (
        "Permitted, as far as dates go: 2026-04-21 00:00:00 (America/Chicago, UTC-0500).",
    )
    assert explain((step("permitted", at=None),), "es", "America/Chicago") == (
        "No permitido: según los hechos, no puede nombrarse fecha.",
    )
