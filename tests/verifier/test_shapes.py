"""The search for known forms says of an entry what the parser says, or nothing."""

import random
from typing import Any

import pytest
from cadena_verify.entries import NotAnEntry, read_event, row_of
from cadena_verify.shapes import MAX_FORMS, Columns, Shapes, form_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verifier.forge import canonical, event, founding

ID = "01900000-0000-7000-8000-00000000abcd"
EVENTS: list[dict[str, Any]] = [
    founding(),
    event(1),
    event(2, subject=f"sample/{ID}", cause=ID),
    event(3, data={"items": [{"id": ID, "n": -7}, {"id": ID, "n": 12}], "none": [], "flag": True, "mixed": [1, "a"]}),
    event(4, data={"ñ": "señal «€» 中 😀", "quote": 'say "a\\b"', "deep": {"a": {"b": [[1], [2, 3]]}}}),
    event(5, type="org.cadena.custody.command.refused.v1", outcome="refused", subject=None, sequence=None),
    event(6, sequence=17, ordinal=3, subject=f"case/{ID}"),
]
RAW = [canonical(made) for made in EVENTS]


def lines(entries: list[bytes]) -> tuple[bytearray, list[int]]:
    """Entries as a bundle is laid out for the search."""
    laid, starts = bytearray(), []
    for entry in entries:
        starts.append(len(laid))
        laid += b"\n\0" + entry
    return laid + b"\n", starts


def searched(shapes: Shapes, entries: list[bytes]) -> list[Columns | None]:
    return shapes.rows(*lines(entries))


def parsed(raw: bytes) -> Columns | None:
    try:
        return tuple(row_of(read_event(raw)))
    except NotAnEntry:
        return None


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    made = Shapes()
    assert made.learn(EVENTS)
    return made


def test_what_was_learned_is_found_with_the_row_that_parsing_gives(shapes: Shapes) -> None:
    assert searched(shapes, RAW) == [parsed(raw) for raw in RAW]
    assert None not in searched(shapes, RAW)


def test_nothing_is_found_before_anything_was_learned() -> None:
    assert searched(Shapes(), RAW) == [None] * len(RAW)


def test_the_same_forms_are_learned_once(shapes: Shapes) -> None:
    assert not shapes.learn([event(99, data={"label": "another"})])


def test_other_values_of_a_known_form_are_found(shapes: Shapes) -> None:
    others = [
        event(70, data={"label": ""}),
        event(71, data={"items": [{"id": "x", "n": 0}] * 9, "none": [], "flag": False, "mixed": [99, ""]}),
        event(72, subject="offer/by-name_7.x"),
    ]
    raw = [canonical(other) for other in others]
    assert searched(shapes, raw) == [parsed(one) for one in raw]
    assert None not in searched(shapes, raw)


ONE = RAW[1]
ODD = {
    "white space": ONE + b" ",
    "a final line feed": ONE + b"\n",
    "two entries in one": ONE + b"\n\0" + ONE,
    "members in another order": ONE.replace(b'"actor":{"role":"lab"},', b"")[:-1] + b',"actor":{"role":"lab"}}',
    "a member twice": ONE.replace(b'"ordinal":0', b'"ordinal":0,"ordinal":0'),
    "an unknown member": ONE[:-1] + b',"zzz":1}',
    "a leading zero": ONE.replace(b'"sequence":1', b'"sequence":01'),
    "a float": ONE.replace(b'"sequence":1', b'"sequence":1.0'),
    "a needless escape": ONE.replace(b'"L-1"', b'"L-\\u0031"'),
    "an escape that another would be": ONE.replace(b'"L-1"', b'"L-\\/"'),
    "a control character": ONE.replace(b'"L-1"', b'"L-\t"'),
    "not UTF-8": ONE.replace(b'"L-1"', b'"L-\xff"'),
    "an encoded surrogate": ONE.replace(b'"L-1"', b'"\xed\xa0\x80"'),
    "an id in upper case": ONE.replace(b"01900000", b"0190000A"),
    "an id with a dash elsewhere": ONE.replace(b"01900000-0000-7000", b"0190000-00000-7000"),
    "a command with a letter that is no digit": ONE.replace(b'"command":"6', b'"command":"g'),
    "a time with an offset": ONE.replace(b'01Z",', b'01+00:00",'),
    "another CloudEvents": ONE.replace(b'"1.0"', b'"1x0"'),
    "nothing": b"",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_g7_what_is_no_canonical_event_is_never_found_and_hides_no_other(shapes: Shapes, odd: bytes) -> None:
    found = searched(shapes, [RAW[1], odd, RAW[2]])
    assert found[1] in (None, parsed(odd))
    assert all(row in (None, parsed(raw)) for row, raw in zip(found, [RAW[1], odd, RAW[2]], strict=True))


def test_an_entry_that_spans_what_two_should_be_is_not_two(shapes: Shapes) -> None:
    half = RAW[1].index(b'"data"')
    assert searched(shapes, [RAW[1][:half], RAW[1][half:], RAW[2]])[:2] == [None, None]
    found = searched(shapes, [RAW[1] + b"\n\0" + RAW[2], b""])
    assert found == [None, None]


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(RAW) - 1), st.integers(0, 2**32), st.sampled_from(["flip", "cut", "put", "swap"]))
def test_what_is_found_in_a_changed_entry_is_what_parsing_finds(which: int, seed: int, how: str) -> None:
    shapes, random_ = learned(), random.Random(seed)
    raw = bytearray(RAW[which])
    at = random_.randrange(len(raw))
    if how == "flip":
        raw[at] ^= 1 << random_.randrange(8)
    elif how == "cut":
        del raw[at : at + random_.randrange(1, 9)]
    elif how == "put":
        raw[at:at] = random_.choice([b'"', b"\\", b'\\"', b",", b"0", b"-", b"{}", b"\n", b"\n\0", b"\xc3", b" "])
    else:
        other = random_.randrange(len(raw))
        raw[at], raw[other] = raw[other], raw[at]
    for entries in ([bytes(raw)], [RAW[0], bytes(raw), RAW[-1]]):
        for entry, row in zip(entries, searched(shapes, entries), strict=True):
            assert row in (None, parsed(entry))


_LEARNED: list[Shapes] = []


def learned() -> Shapes:
    if not _LEARNED:
        _LEARNED.append(Shapes())
        _LEARNED[0].learn(EVENTS)
    return _LEARNED[0]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), JSON, max_size=4))
def test_any_data_that_was_learned_is_found_or_left_to_the_parser(data: dict[str, Any]) -> None:
    from cadena_verify.canonical import write

    raw = write(event(1, data=data)).encode()
    shapes = Shapes()
    shapes.learn([read_event(raw)])
    (row,) = searched(shapes, [raw])
    assert row in (None, parsed(raw))
    if b"\\" not in raw and not any(digits in raw for digits in (b"9007", b"00000000000000000")):
        assert row is not None or _has_long_number(data)


def _has_long_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_long_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_long_number, value))
    return isinstance(value, int) and abs(value) >= 10**15


def test_no_more_forms_are_learned_than_are_worth_trying() -> None:
    shapes = Shapes()
    shapes.learn([event(n, data={f"member{n}": n}) for n in range(MAX_FORMS + 1)])
    last = canonical(event(1, data={f"member{MAX_FORMS}": 1}))
    assert searched(shapes, [RAW[1], last, canonical(event(1, data={"member0": 5}))])[1] is None


def test_what_is_too_deep_or_too_long_has_no_form() -> None:
    deep: Any = 1
    for _ in range(20):
        deep = [deep]
    assert form_of({"a": deep}) is None
    assert form_of({f"member{n}": n for n in range(2000)}) is None
