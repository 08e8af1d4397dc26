"""Events: one byte form, closed shapes, a size limit, no personal text."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.canonical import canonical, strict_loads
from shared.events import MAX_EVENT_BYTES, Actor, Draft, Event, NotAnEvent, envelope, new_id
from shared.facts import FACTS
from shared.facts.offers import OfferAccepted, Receipt, SampleOffered
from shared.sealed import fresh, seal

NOW = datetime(2026, 1, 31, 9, 30, 0, 5, tzinfo=UTC)


def event_of(fact: Any, sequence: int | None = 1) -> Event:
    return envelope(
        Draft(f"sample/{new_id()}", fact), source="urn:cadena:demo:custody", sequence=sequence, time=NOW,
        actor=Actor(person=new_id(), org=new_id(), role="lab"), command="0" * 64, ordinal=0,
    )  # fmt: skip


OFFERED = SampleOffered(offer=new_id(), to_org=new_id())


def test_bytes_read_back_to_the_same_event_and_fact() -> None:
    event = event_of(OFFERED)
    assert Event.from_bytes(event.to_bytes()) == event
    assert Event.from_bytes(event.to_bytes()).fact() == OFFERED
    assert b'"time":"2026-01-31T09:30:00.000005Z"' in event.to_bytes()


def test_a_refusal_has_neither_subject_nor_version() -> None:
    assert {"subject", "sequence"}.isdisjoint(strict_loads(event_of(OFFERED, None).to_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        {"id": new_id().upper()}, {"extra": 1}, {"sequence": 0}, {"source": "urn:other:demo:custody"}, {"subject": "sample"},
        {"outcome": "perhaps"}, {"command": "0"}, {"actor": {"name": "x"}}, {"time": "2026-01-31T09:30:00Z"},
    ],
)  # fmt: skip
def test_other_shapes_and_spellings_are_no_event(change: dict[str, Any]) -> None:
    value = strict_loads(event_of(OFFERED).to_bytes()) | change
    with pytest.raises(NotAnEvent):
        Event.from_bytes(canonical(value))


def test_bytes_out_of_canonical_form_are_no_event() -> None:
    with pytest.raises(NotAnEvent, match="canonical"):
        Event.from_bytes(event_of(OFFERED).to_bytes() + b" ")


def test_an_event_that_no_bundle_could_hold_is_refused() -> None:
    longest = Receipt(sample=new_id(), seal="s" * 64, condition="container_damaged", discrepancy=f"sha256:{'0' * 64}")
    fact = OfferAccepted(receipts=[longest] * 200)
    assert len(event_of(fact).to_bytes()) < MAX_EVENT_BYTES
    with pytest.raises(NotAnEvent, match="at most"):
        event_of(OfferAccepted(receipts=[longest] * 400)).to_bytes()


def test_unknown_types_and_wrong_data_are_said_so() -> None:
    event = event_of(OFFERED)
    with pytest.raises(NotAnEvent, match="retired"):
        event.model_copy(update={"type": "org.cadena.custody.sample.retired.v1"}).fact()
    with pytest.raises(NotAnEvent):
        event.model_copy(update={"data": {"offer": "x"}}).fact()


def test_wire_names_are_unique_and_of_one_form() -> None:
    assert all(name == kind.type_name() and name.startswith("org.cadena.") for name, kind in FACTS.items())
    assert len(FACTS) == len(set(FACTS.values()))


def test_a_sealed_value_needs_field_value_and_salt() -> None:
    sealed = fresh("collected_place", "patio norte")
    assert seal("collected_place", "patio norte", sealed.salt) == sealed.digest
    others = [seal("place", "patio norte", sealed.salt), seal("collected_place", "patio", sealed.salt),
              seal("collected_place", "patio norte", bytes(32)), fresh("collected_place", "patio norte").digest]  # fmt: skip
    assert sealed.digest not in others
    assert seal("a", "bc", bytes(32)) != seal("ab", "c", bytes(32))
    with pytest.raises(ValueError, match="32"):
        seal("a", "b", b"short")
