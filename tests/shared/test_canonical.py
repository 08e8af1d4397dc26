"""Canonical bytes: RFC 8785 out, strict JSON in."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import MAX_INTEGER, NotCanonical, canonical, is_canonical, strict_loads

texts = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    texts | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_written_reads_back_and_is_canonical(value: object) -> None:
    raw = canonical(value)
    assert strict_loads(raw) == value
    assert is_canonical(raw)


@given(values | st.dictionaries(st.text(st.characters(codec="ascii")), values | st.none(), max_size=6))
def test_the_fast_way_writes_the_very_bytes_of_the_reference(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x85, 0x2028, 0xFFFF, 0x1F600])
def test_each_character_that_some_writer_escapes_is_written_as_the_reference_does(code: int) -> None:
    assert canonical({"a": chr(code)}) == rfc8785.dumps({"a": chr(code)})


@given(st.dictionaries(texts, st.integers(0, 9), min_size=2, max_size=5))
def test_another_order_or_spacing_is_not_canonical(value: dict[str, int]) -> None:
    raw = canonical(value)
    assert not is_canonical(raw + b"\n")
    other = json.dumps(dict(reversed(list(strict_loads(raw).items()))), ensure_ascii=False, separators=(",", ":"))
    assert canonical(strict_loads(other)) == raw
    assert not is_canonical(other.encode())


def test_members_are_sorted_by_utf16_units() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":{"b":1,"b":1}}', "twice"),
        (b"1.0", "integer"),
        (b"1e3", "integer"),
        (b"NaN", "integer"),
        (b"-Infinity", "integer"),
        (b"9007199254740992", "2^53"),
        (b"9" * 5000, "2^53"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\ud800":1}', "surrogate"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b"", "not JSON"),
        (b'{"a":1}}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
    ],
)
def test_what_has_no_single_meaning_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(NotCanonical, match=reason.replace("^", r"\^")):
        strict_loads(raw)


@pytest.mark.parametrize("value", [1.5, {"a": [2.0]}, 2**53, {"a": "\ud800"}])
def test_what_cannot_be_written_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize(
    "raw", [b'{"Secreto":1,"Secreto":2}', b'{"n":31415926.5}', b"3141592653589793238", b'{"n":31415926e9}']
)
def test_a_refusal_repeats_nothing_of_what_it_was_given(raw: bytes) -> None:
    with pytest.raises(NotCanonical) as refused:
        strict_loads(raw)
    assert "Secreto" not in str(refused.value)
    assert "31415" not in str(refused.value)
