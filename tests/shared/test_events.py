"""Events: one byte form, closed shapes, a size limit, no personal text."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import canonical, strict_loads
from shared.events import MAX_EVENT_BYTES, Actor, Draft, Event, NotAnEvent, envelope, new_id
from shared.facts import FACTS, Fact
from shared.facts.offers import OfferAccepted, Receipt, SampleOffered
from shared.facts.people import InstallationFounded, Organisation, Pack, Registrar
from shared.facts.samples import Quantity, Retention, SampleAmended, SampleChanges, SampleRegistered
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


uuids = st.uuids().map(str)
codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/:#-]{0,63}", fullmatch=True)
digests = st.from_regex("sha256:[0-9a-f]{64}", fullmatch=True)
instants = st.datetimes(timezones=st.just(UTC))
texts = st.text(st.characters(codec="utf-8"), max_size=20)
quantities = st.builds(Quantity, amount=st.integers(1, 10**9), unit=st.sampled_from(["swab", "gram"]))
kinds = st.sampled_from(["blood", "swab"])
retentions = st.builds(Retention, rule=texts, version=st.integers(0, 2**53 - 1), until=st.dates())
facts: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        SampleRegistered, case=uuids, kind=kinds, label=codes, seal=codes, quantity=quantities, collected_at=instants,
        collected_place=digests, root=uuids, retention=retentions,
    ),
    st.builds(
        SampleAmended, reason=digests, retention=retentions,
        changes=st.builds(SampleChanges, kind=st.none() | kinds, seal=st.none() | codes, collected_at=st.none() | instants),
    ),
    st.builds(
        InstallationFounded, installation=texts, origin=texts, log_vkey=texts, cosigner_vkey=texts, link_key=texts,
        promise_keys=st.dictionaries(texts, texts, max_size=4), pack=st.just(Pack(id="flat", version=1, sha256="0" * 64)),
        organisations=st.just([Organisation(id=new_id(), name="Juzgado", kind="court", independent=True)]),
        registrar=st.just(Registrar(
            person=new_id(), name=f"sha256:{'0' * 64}", organisation=new_id(), account=new_id(), account_digest="0" * 64
        )),
    ),
    st.builds(OfferAccepted, receipts=st.lists(
        st.builds(Receipt, sample=uuids, seal=codes, condition=st.just("intact"), discrepancy=st.none() | digests),
        min_size=1, max_size=3,
    )),
)  # fmt: skip


@given(fact=facts, time=instants, claimed=st.none() | instants, sequence=st.none() | st.integers(1, 2**53 - 1),
       actor=st.builds(Actor, person=st.none() | uuids, org=uuids, role=st.none() | texts), cause=st.none() | uuids)  # fmt: skip
def test_an_event_is_made_as_its_shape_would_have_been_validated_and_dumped(
    fact: Fact, time: datetime, claimed: datetime | None, sequence: int | None, actor: Actor, cause: str | None
) -> None:
    made = envelope(
        Draft(f"sample/{new_id()}", fact, claimed), source="urn:cadena:demo:custody", sequence=sequence, time=time,
        actor=actor, command="0" * 64, ordinal=0, cause=cause,
    )  # fmt: skip
    members = {name: getattr(made, name) for name in Event.model_fields}
    validated = Event.model_validate(members)
    assert made == validated
    assert made.to_bytes() == validated.to_bytes() == canonical(validated.model_dump(mode="json", exclude_none=True))
    assert (made.fact(), made.model_dump()) == (validated.fact(), validated.model_dump())
    assert made.model_copy(update={"ordinal": 1}).to_bytes() == validated.model_copy(update={"ordinal": 1}).to_bytes()
    assert Event.from_bytes(made.to_bytes()) == made


@pytest.mark.parametrize(
    ("subject", "command", "time", "kind"),
    [
        ("sample", "0" * 64, NOW, ValueError), ("sample/1\n", "0" * 64, NOW, ValueError),
        ("sample/1", '","outcome":"refused', NOW, ValueError), ("sample/1", "0" * 64, NOW.replace(tzinfo=None), TypeError),
    ],
)  # fmt: skip
def test_what_is_no_subject_no_hash_or_no_instant_becomes_no_event(
    subject: str, command: str, time: datetime, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        envelope(
            Draft(subject, OFFERED), source="urn:cadena:demo:custody", sequence=1, time=time,
            actor=Actor(service="custody"), command=command, ordinal=0,
        )  # fmt: skip


def test_a_changed_copy_is_not_taken_for_what_was_made() -> None:
    other = event_of(OFFERED).model_copy(update={"id": 'a"b', "data": {"offer": new_id(), "to_org": new_id()}})
    assert strict_loads(other.to_bytes())["id"] == 'a"b'
    assert other.fact() == SampleOffered.model_validate(other.data)


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
