"""The quick way to canonical JSON is taken for closed models alone, and says the same."""

from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, JsonValue

from shared.canonical import MAX_INTEGER, NotCanonical, canonical
from shared.closed import canonical_of, is_closed
from shared.facts import FACTS
from shared.facts.people import InstallationFounded
from shared.text import Instant, Text, Uuid


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Inner(Closed):
    count: int
    text: str | None = None


class Outer(Closed):
    zeta: Inner
    alpha: list[Inner] = []
    kind: Literal["a", "b"] = "a"
    flag: bool = True
    day: date = date(2026, 1, 31)


class Fraction(Closed):
    part: float


class Holds(Closed):
    part: list[Fraction]


class Named(Closed):
    by_name: dict[str, str]


class Anything(Closed):
    value: JsonValue


class Wild(Closed):
    value: Any


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    text: str


class Accented(Closed):
    tamaño: str


class Mixed(Closed):
    value: Literal["a", 1] | Fraction


inner = st.builds(
    Inner, count=st.integers(-MAX_INTEGER, MAX_INTEGER), text=st.none() | st.text(st.characters(codec="utf-8"))
)


@given(st.builds(Outer, zeta=inner, alpha=st.lists(inner, max_size=3), flag=st.booleans()), st.booleans())
def test_a_closed_model_is_written_in_the_one_form(outer: Outer, without_null: bool) -> None:
    said = outer.model_dump(mode="json", exclude_none=without_null)
    assert canonical_of(Outer, said) == canonical(said)


@pytest.mark.parametrize("model", [Fraction, Holds, Named, Anything, Wild, Open, Mixed, InstallationFounded])
def test_what_may_hold_fractions_or_any_name_is_not_closed(model: type[BaseModel]) -> None:
    assert not is_closed(model)


def test_a_model_with_names_beyond_ascii_is_not_closed() -> None:
    assert not is_closed(Accented)


@pytest.mark.parametrize("said", [{"count": 2**53}, {"count": 1, "text": "\ud800"}])
def test_what_has_no_form_is_refused_as_ever(said: dict[str, Any]) -> None:
    assert is_closed(Inner)
    with pytest.raises(NotCanonical):
        canonical_of(Inner, said)


def test_texts_ids_instants_and_all_facts_but_the_founding_are_closed() -> None:
    class Said(Closed):
        text: Text
        id: Uuid
        at: Instant

    assert is_closed(Said)
    assert {name for name, fact in FACTS.items() if not is_closed(fact)} == {InstallationFounded.type_name()}
