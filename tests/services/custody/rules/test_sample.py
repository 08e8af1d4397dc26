from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    LabelTaken,
    NothingChanges,
    NotTheCustodian,
    OccurredInTheFuture,
    RoleForbids,
    SampleAlreadyOffered,
    UnknownReference,
)
from services.custody.rules.clock import TOLERANCE
from services.custody.rules.offer import RefuseOffer, WithdrawOffer
from services.custody.rules.sample import AmendSample
from shared.facts.samples import Quantity
from tests.services.custody.rules.scene import (
    COURT,
    LAB,
    LONG_AGO,
    NOW,
    OTHER_LAB,
    PROSECUTOR,
    STORE,
    Scene,
    accept,
    founded,
    offer,
    register,
    text,
    uid,
    with_case,
)


@pytest.fixture
def scene() -> Scene:
    scene = with_case(founded())
    scene.must(LAB, register("A"))
    return scene


def amend(name: str = "A", **members: Any) -> AmendSample:
    return AmendSample(sample=uid(name), reason=text("reason"), **members)


def test_who_registers_an_item_is_its_first_custodian(scene: Scene) -> None:
    sample = scene.sample("A")
    assert (sample.registered_by, sample.custodian_org, sample.custodian_person) == (LAB.org, LAB.org, LAB.person)
    assert (sample.holders, sample.links, sample.status, sample.root) == ((LAB.org,), 1, "held", uid("A"))
    assert sample.retention_until == date(2019, 3, 1)


def test_the_place_stands_in_the_ledger_as_a_digest(scene: Scene) -> None:
    place = text("collected_place", "Calle 5")
    [event] = scene.must(LAB, register("B", collected_place=place))
    assert b"Calle" not in event.to_bytes()
    assert scene.sample("B").collected_place == place.digest


def test_a_label_is_used_once_by_an_organisation(scene: Scene) -> None:
    assert isinstance(scene.do(LAB, register("B", label="A")), LabelTaken)
    scene.must(OTHER_LAB, register("C", label="A"))


def test_an_item_is_of_a_known_case(scene: Scene) -> None:
    assert scene.do(LAB, register("B", case="nowhere")) == UnknownReference(f"case/{uid('nowhere')}")


@pytest.mark.parametrize("member", ["collected_at", "occurred_at"])
def test_what_is_claimed_lies_in_the_past_give_or_take_a_clock(scene: Scene, member: str) -> None:
    late = scene.now + TOLERANCE + timedelta(microseconds=1)
    too_late: dict[str, Any] = {member: late}
    just_so: dict[str, Any] = {member: scene.now + TOLERANCE}
    assert isinstance(scene.do(LAB, register("B", **too_late)), OccurredInTheFuture)
    assert isinstance(scene.do(LAB, register("B", **just_so)), list)


def test_the_claimed_time_is_kept_beside_the_recorded_one(scene: Scene) -> None:
    [event] = scene.must(LAB, register("B", occurred_at=LONG_AGO))
    assert (event.occurred_at, event.time) == (LONG_AGO, scene.now)


@pytest.mark.parametrize(
    ("members", "becomes"),
    [
        ({"kind": "saliva"}, {"kind": "saliva"}),
        ({"label": "A-2"}, {"label": "A-2"}),
        ({"seal": "seal-9"}, {"seal": "seal-9"}),
        ({"quantity": Quantity(amount=1, unit="card")}, {"amount": 1, "unit": "card"}),
        ({"collected_place": text("collected_place", "x")}, {"collected_place": text("collected_place", "x").digest}),
    ],
)
def test_an_amendment_changes_what_it_names_and_nothing_else(
    scene: Scene, members: dict[str, Any], becomes: dict[str, Any]
) -> None:
    before = scene.sample("A")
    [event] = scene.must(LAB, amend(**members))
    after = scene.sample("A")
    changed = {name for name in before.__slots__ if getattr(before, name) != getattr(after, name)}
    assert {name: getattr(after, name) for name in becomes} == becomes
    assert changed <= set(becomes)
    assert (after.id, after.version, after.updated_at) == (before.id, before.version + 1, event.time)


def test_g6_an_amendment_has_a_reason_and_leaves_the_first_fact_as_it_was(scene: Scene) -> None:
    first = scene.events[-1].to_bytes()
    [event] = scene.must(LAB, amend(kind="hair"))
    assert event.data["reason"] == text("reason").digest
    assert scene.events[-2].to_bytes() == first
    with pytest.raises(TypeError, match="reason"):
        AmendSample(sample=uid("A"), kind="hair")  # type: ignore[call-arg]


def test_an_amendment_that_changes_nothing_is_refused(scene: Scene) -> None:
    assert isinstance(scene.do(LAB, amend()), NothingChanges)
    assert isinstance(scene.do(LAB, amend(kind="blood", label="A", collected_at=LONG_AGO)), NothingChanges)


def test_an_amended_label_is_free_in_the_organisation_that_registered_the_item(scene: Scene) -> None:
    scene.must(LAB, register("B"))
    assert isinstance(scene.do(LAB, amend(label="B")), LabelTaken)
    scene.must(LAB, offer("O", "A", to="other lab"))
    scene.must(OTHER_LAB, accept(scene, "O"))
    scene.must(OTHER_LAB, register("C"))
    assert isinstance(scene.do(OTHER_LAB, amend(label="B")), LabelTaken)
    scene.must(OTHER_LAB, amend(label="C"))


def test_an_amended_collection_lies_in_the_past(scene: Scene) -> None:
    assert isinstance(scene.do(LAB, amend(collected_at=NOW + timedelta(days=1))), OccurredInTheFuture)


def test_holder_and_registrant_amend_and_nobody_else(scene: Scene) -> None:
    for number, lab in enumerate(("other lab", "store")):
        holder = {"other lab": OTHER_LAB, "store": STORE}[lab]
        scene.must(LAB if number == 0 else OTHER_LAB, offer(f"O{number}", "A", to=lab))
        scene.must(holder, accept(scene, f"O{number}"))
    assert isinstance(scene.do(OTHER_LAB, amend(kind="hair")), RoleForbids)
    assert isinstance(scene.do(STORE, amend(kind="hair")), RoleForbids)
    assert isinstance(scene.do(PROSECUTOR, amend(kind="hair")), RoleForbids)
    assert isinstance(scene.do(COURT, amend(kind="hair")), RoleForbids)
    scene.must(LAB, amend(kind="hair"))


SAID = [
    {"kind": "saliva"}, {"label": "A-2"}, {"seal": "seal-9"}, {"quantity": Quantity(amount=1, unit="card")},
    {"collected_at": LONG_AGO - timedelta(days=1)}, {"collected_place": text("collected_place", "x")},
]  # fmt: skip


@pytest.mark.parametrize("members", SAID)
def test_g5_what_is_said_of_an_item_stays_while_its_receiver_looks_at_it(scene: Scene, members: dict[str, Any]) -> None:
    for number, end in enumerate((WithdrawOffer, RefuseOffer)):
        scene.must(LAB, offer(f"O{number}", "A"))
        refusal = scene.do(LAB, amend(**members))
        assert isinstance(refusal, SampleAlreadyOffered)
        assert (refusal.target, uid(f"O{number}") in refusal.detail) == (f"sample/{uid('A')}", True)
        if end is WithdrawOffer:
            scene.must(LAB, WithdrawOffer(offer=uid("O0"), reason=text("reason")))
        else:
            scene.must(STORE, RefuseOffer(offer=uid("O1"), reason="broken_seal"))
    scene.must(LAB, amend(**members))


@pytest.mark.parametrize("members", SAID)
def test_g5_seal_and_quantity_are_for_the_custodian_to_say(scene: Scene, members: dict[str, Any]) -> None:
    scene.must(LAB, offer("O", "A", to="other lab"))
    scene.must(OTHER_LAB, accept(scene, "O"))
    before, outcome = scene.sample("A"), scene.do(LAB, amend(**members))
    if members.keys() & {"seal", "quantity"}:
        assert isinstance(outcome, NotTheCustodian)
        assert scene.sample("A") == before
        assert isinstance(scene.do(LAB, amend(kind="hair", **members)), NotTheCustodian)
        scene.must(OTHER_LAB, amend(**members))
    else:
        assert isinstance(outcome, list)


def test_g12_an_item_of_others_is_as_if_it_did_not_exist(scene: Scene) -> None:
    assert scene.do(OTHER_LAB, amend(kind="hair")) == NoStanding()
    assert scene.do(OTHER_LAB, amend("never registered", kind="hair")) == NoStanding()


@given(st.lists(st.datetimes(max_value=NOW.replace(tzinfo=None)), min_size=1, max_size=4))
def test_g2_no_amendment_ever_shortens_the_period_of_keeping(moments: list[Any]) -> None:
    scene = with_case(founded())
    scene.must(LAB, register("A"))
    for moment in moments:
        before = scene.sample("A").retention
        scene.do(LAB, amend(collected_at=moment.replace(tzinfo=NOW.tzinfo)))
        after = scene.sample("A").retention
        assert after.until is not None
        assert before.until is not None
        assert after.until >= before.until
        if after.until == before.until:
            assert after == before
