"""The edge types: one spelling of each thing."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.text import (
    PLAIN_DIGITS,
    Code,
    Instant,
    Name,
    Text,
    Uuid,
    canonical_uuid,
    clean_text,
    parse_instant,
    write_instant,
)

PLAIN = TypeAdapter(Annotated[int, PLAIN_DIGITS])
LOWER = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"


class Form(BaseModel):
    text: Text = "x"
    name: Name = "x"
    code: Code = "x"
    uuid: Uuid = LOWER
    instant: Instant = datetime(2026, 1, 31, tzinfo=UTC)


def test_composed_and_decomposed_texts_are_one() -> None:
    assert Form(text="jose\u0301").text == Form(text="jos\u00e9").text == "jos\u00e9"


@pytest.mark.parametrize("bad", ["\u202e", "\u200b", "\u2066", "\x00", "\x1b", "\ufeff", "\u00ad", "\ud800", "\u0007",
    "\u2028", "\u2029", "\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180b", "\u180f", "\u2800", "\u3164", "\ufe00", "\ufe0f",
    "\uffa0", "\U000e0100", "\U000e01ef"])  # fmt: skip
def test_invisible_characters_are_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        Form(text=f"a{bad}b")


def test_the_length_of_a_text_is_that_of_its_composed_form() -> None:
    assert len(Form(text="e\u0301" * 2000).text) == 2000
    for longer in ("e\u0301" * 2001, "\ufb2c" * 700):  # U+FB2C is three characters in NFC
        with pytest.raises(ValidationError, match="more than 2000 characters"):
            Form(text=longer)
    with pytest.raises(ValidationError, match="more than 200 characters"):
        Form(name="\ufb2c" * 100)
    schema = Form.model_json_schema()["properties"]
    assert (schema["text"]["maxLength"], schema["name"]["maxLength"]) == (2000, 200)


@pytest.mark.parametrize("bad", ["", " x", "x ", "x" * 2001])
def test_empty_padded_and_long_texts_are_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        Form(text=bad)


def test_a_name_stands_in_one_line_and_a_text_may_have_many() -> None:
    assert Form(text="a\nb").text == "a\nb"
    with pytest.raises(ValidationError):
        Form(name="a\nb")


@pytest.mark.parametrize("bad", ["", "a b", "-a", "ñ", "a" * 65, "a\n", "<b>"])
def test_a_code_holds_no_free_text(bad: str) -> None:
    with pytest.raises(ValidationError):
        Form(code=bad)


def test_upper_case_is_the_same_id() -> None:
    assert canonical_uuid(LOWER.upper()) == LOWER


@pytest.mark.parametrize(
    "bad", [f"{{{LOWER}}}", f"urn:uuid:{LOWER}", LOWER.replace("-", ""), LOWER + "0", f" {LOWER}", 7, None]
)
def test_other_spellings_of_an_id_are_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        Form(uuid=bad)


@given(st.datetimes(datetime(2, 1, 1), datetime(9000, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_an_instant_is_written_in_one_way(naive: datetime, minutes: int) -> None:
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    written = write_instant(instant)
    assert len(written) == 27
    assert written.endswith("Z")
    assert parse_instant(written) == parse_instant(instant.isoformat()) == instant


@pytest.mark.parametrize(
    "bad",
    ["2026-01-31", "2026-01-31T09:30:00", "20260131T093000Z", "2026-02-30T00:00:00Z", 1, "0001-01-01T00:00:00+14:00"],
)
def test_instants_without_one_meaning_are_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        Form(instant=bad)


@pytest.mark.parametrize(
    "bad", ["2026-01-31T09:30:0\u0663Z", "2026-02-30T00:00:00Z", "2026-01-31T09:61:00Z", "2026-01-31T09:30:00+99:99"]
)
def test_a_refused_instant_is_told_in_our_own_words(bad: str) -> None:
    with pytest.raises(ValueError, match=r"an instant is written as|there is no such day"):
        parse_instant(bad)


@pytest.mark.parametrize("bad", ["1_0", " 1", "1 ", "5.0", "+1", "-1", "\u0661", "1e1", "", "1\n", "9" * 20])
def test_a_number_of_a_query_is_plain_digits(bad: str) -> None:
    assert PLAIN.validate_python("0" + "9" * 18) == 10**18 - 1
    with pytest.raises(ValidationError):
        PLAIN.validate_python(bad)


@given(st.text(st.characters(codec="ascii")) | st.text("a \n~\x7f"))
def test_plain_texts_are_judged_by_the_same_rule_as_all_others(value: str) -> None:
    """A character outside ASCII in front takes a text through every check; without it the answer is the same."""

    def taken(text: str) -> str | None:
        try:
            return clean_text(text)
        except ValueError:
            return None

    begins = bool(value) and not value[0].isspace()
    assert (taken(value) is not None) == (taken(f"ñ{value}") is not None and begins)
    assert taken(value) in (None, value)
