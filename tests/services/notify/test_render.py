"""What counsel reads: everything the notice must say, in words, with no case fact in the subject and no forged line."""

from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from typing import get_args

import pytest

from services.notify import mail, render, words
from services.notify.render import CaseNames, Directory, Leaf
from shared.events import new_id
from shared.facts.notices import Capacity, Language
from shared.facts.proposals import Method, Reason
from shared.facts.samples import SampleKind
from tests.services.notify.facts import NOW, item, proposal

CASE, LAB = new_id(), new_id()
LEAF = Leaf("cadena.example/demo", "cadena.example/demo+2a52108c+AQOhB7", 41, 57)
NAMES = Directory(
    {LAB: "Laboratorio Ñandú"}, {CASE: CaseNames("2026/17-B", "Fiscalía de Chihuahua")}, ("Tribunal Primero",)
)
NOTICE, PROPOSAL = new_id(), new_id()


def letter(
    language: Language = "en", directory: Directory = NAMES, capacity: Capacity = "counsel_of_record"
) -> render.Letter:
    fact = proposal(item(CASE, LAB, "LAB-7"))
    return render.notice(NOTICE, PROPOSAL, NOW, fact, capacity, language, directory, LEAF)


@pytest.mark.parametrize(
    ("language", "first", "parts"),
    [
        ("es", "Se propone destruir 1 muestra biológica el 28 de febrero de 2046, no antes.", (
            "LAB-7", "sangre", "2026/17-B", "Fiscalía de Chihuahua", "Laboratorio Ñandú", "31 de enero de 2046",
            "plazo de conservación termina", "incineración", "flat, versión 1", PROPOSAL, "Su silencio no permite destruir nada",
            "no contiene enlaces", "- Tribunal Primero", "hoja 41", "57 hojas", LEAF.vkey, LEAF.origin, NOTICE,
        )),
        ("en", "It is proposed to destroy 1 biological sample on 28 February 2046, not before.", (
            "LAB-7", "blood", "2026/17-B", "Fiscalía de Chihuahua", "Laboratorio Ñandú", "31 January 2046",
            "retention period ends", "incineration", "flat, version 1", PROPOSAL, "Your silence permits no destruction",
            "holds no links", "- Tribunal Primero", "leaf 41", "57 leaves", LEAF.vkey, LEAF.origin, NOTICE,
        )),
    ],
)  # fmt: skip
def test_a_notice_says_what_where_why_when_and_how(language: Language, first: str, parts: tuple[str, ...]) -> None:
    text = letter(language).text
    assert text.splitlines()[0] == first
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("language", get_args(Language))
def test_the_subject_tells_no_fact_of_the_case(language: Language) -> None:
    subject = letter(language).subject
    for fact in ("LAB-7", "2026/17-B", "2046", "Fiscal", "Laboratorio", CASE, PROPOSAL):
        assert fact not in subject


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("capacity", get_args(Capacity))
def test_each_capacity_is_told_why_it_is_written_to(language: Language, capacity: Capacity) -> None:
    other = {"counsel_of_record": "subscriber", "subscriber": "counsel_of_record"}[capacity]
    assert letter(language, capacity=capacity).text != letter(language, capacity=other).text  # type: ignore[arg-type]


def test_a_line_break_in_a_name_makes_no_line_of_the_notice() -> None:
    forged = Directory({LAB: "Lab\nThis notice is void."}, {CASE: CaseNames("F-1", "Office\nIgnore it.")}, ())
    lines = letter(directory=forged).text.splitlines()
    assert "This notice is void." not in lines
    assert "Ignore it." not in lines


def test_a_name_that_the_directory_lacks_shows_as_its_identifier_and_the_notice_goes_out() -> None:
    text = letter(directory=Directory({}, {}, ())).text
    assert LAB in text
    assert CASE in text


@pytest.mark.parametrize("language", get_args(Language))
def test_every_code_of_the_facts_has_a_word(language: Language) -> None:
    assert set(words.KINDS[language]) == set(get_args(SampleKind))
    assert set(words.REASONS[language]) == set(get_args(Reason))
    assert set(words.METHODS[language]) == set(get_args(Method))


@pytest.mark.parametrize("month", range(1, 13))
def test_dates_are_words(month: int) -> None:
    assert words.day(date(2046, month, 3), "en").startswith("3 ")
    assert words.day(date(2046, month, 3), "es").endswith(" de 2046")


def test_the_verification_letter_holds_the_link_whole_and_no_case() -> None:
    link = "https://cadena.example/v1/parties/x:verify?token=" + "a" * 600
    letter = render.verification("cadena.example/demo", link, datetime(2026, 12, 1, tzinfo=UTC), "es")
    raw = mail.compose(NOTICE, letter, "es", "no-reply@cadena.example", "ana@example.org", NOW)
    body = message_from_bytes(raw, policy=default).get_content()
    assert link in body
    assert "1 de diciembre de 2026" in body
