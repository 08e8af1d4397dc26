"""RFC 8785: one spelling per value, everything else is refused."""

import json

import pytest
from cadena_verify.canonical import NotCanonical, parse, write
from hypothesis import given
from hypothesis import strategies as st

CANONICAL = [
    "{}",
    '{"a":1,"b":[true,false,null,-1,0,"x"]}',
    '{"a":{"b":{}},"c":[]}',
    '{"n":9007199254740991,"o":-9007199254740991}',
    '{"":"","1":{},"10":{},"a":"\\b\\t\\n\\f\\r\\"\\\\/\\u0001\\u001f\x7f"}',
    '{"é":"ñandú","€":"中"}',
    # UTF-16 order: U+1F600 (d83d de00) comes before U+FB33, though its code point is higher.
    '{"\U0001f600":1,"\ufb33":2}',
    '{"a":"\U0001f600","b":{"\U0001f600":"x","\uffee":"y"}}',
]
REFUSED = {
    "white space": b'{"a": 1}',
    "final line feed": b'{"a":1}\n',
    "order": b'{"b":1,"a":2}',
    "duplicate key": b'{"a":1,"a":1}',
    "inner duplicate key": b'{"a":{"b":1,"b":2}}',
    "float": b'{"a":1.5}',
    "exponent": b'{"a":1e3}',
    "minus zero": b'{"a":-0}',
    "leading zero": b'{"a":01}',
    "beyond 2^53-1": b'{"a":9007199254740992}',
    "far beyond": b'{"a":' + b"9" * 5000 + b"}",
    "infinite": b'{"a":Infinity}',
    "not a number": b'{"a":NaN}',
    "needless escape": b'{"a":"\\u0061"}',
    "escaped solidus": b'{"a":"\\/"}',
    "upper-case escape": b'{"a":"\\u001F"}',
    "long escape": b'{"a":"\\u0008"}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "not UTF-8": b'{"a":"\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "code point order": '{"\ufb33":2,"\U0001f600":1}'.encode(),
    "array": b"[1]",
    "text": b'"a"',
    "null": b"null",
    "nothing": b"",
    "half": b'{"a":',
    "two": b"{}{}",
    "too deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_bytes_are_taken(text: str) -> None:
    assert parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_any_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse(raw)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_what_is_written_is_canonical_and_comes_back(value: dict[str, object]) -> None:
    assert parse(write(value).encode()) == value


@given(st.dictionaries(st.text(), VALUES, min_size=2, max_size=5))
def test_only_one_order_of_keys_is_canonical(value: dict[str, object]) -> None:
    backwards = "{" + ",".join(reversed([write({k: v})[1:-1] for k, v in sorted(value.items(), key=_utf16)])) + "}"
    with pytest.raises(NotCanonical):
        parse(backwards.encode())


def _utf16(item: tuple[str, object]) -> bytes:
    return item[0].encode("utf-16-be")
