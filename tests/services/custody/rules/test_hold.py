"""G3: a hold blocks from the moment it is recorded, covers the whole lineage, and is never late. G2: who may lift it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    HoldOfACourt,
    NotHeldAnyMore,
    OccurredInTheFuture,
    RoleForbids,
    UnderHold,
    UnknownReference,
)
from services.custody.rules.hold import LiftHold, PlaceHold, over
from services.custody.rules.state import OutOfOrder
from services.custody.rules.table import COMMANDS, apply
from services.custody.rules.world import ActorState
from tests.services.custody.rules.scene import (
    AUDITOR,
    COUNSEL,
    COURIER,
    COURT,
    LAB,
    NOW,
    OTHER_COUNSEL,
    OTHER_LAB,
    OTHER_PROSECUTOR,
    OVERSIGHT,
    PROSECUTOR,
    STORE,
    Scene,
    accept,
    actor,
    appoint,
    founded,
    offer,
    register,
    text,
    uid,
    with_case,
)
from tests.services.custody.rules.test_proposal import propose

OTHER_COURT = actor("other court", "court")


@pytest.fixture
def scene() -> Scene:
    """A and B of one case, B moved to the store; C of another case."""
    scene = with_case(with_case(founded()), "other case", client="other client")
    for name in "AB":
        scene.must(LAB, register(name))
    scene.must(LAB, register("C", case="other case"))
    scene.must(LAB, offer("O", "B"))
    scene.must(STORE, accept(scene, "O"))
    scene.must(COURT, appoint())
    return scene


def hold(name: str = "H", *, sample: str | None = None, case: str | None = None, **members: Any) -> PlaceHold:
    held: dict[str, Any] = {"sample": sample and uid(sample), "case": case and uid(case)} | members
    return PlaceHold(id=uid(name), reason=text("reason"), **held)


def lift(name: str = "H") -> LiftHold:
    return LiftHold(hold=uid(name), reason=text("reason"))


@pytest.mark.parametrize("who", [COURT, COUNSEL, PROSECUTOR, OVERSIGHT, LAB])
def test_g3_what_is_held_is_not_proposed_and_the_refusal_names_the_hold(scene: Scene, who: ActorState) -> None:
    scene.must(who, hold(sample="A"))
    refusal = scene.do(PROSECUTOR, propose("P", "A"))
    assert isinstance(refusal, UnderHold)
    assert refusal.target == f"sample/{uid('A')}"
    assert uid("H") in refusal.detail
    scene.must(PROSECUTOR, propose("P", "B"))


def test_g3_a_hold_covers_every_item_that_shares_the_root_whatever_comes_between(scene: Scene) -> None:
    scene.must(COUNSEL, hold(sample="A"))
    [standing] = scene.world.holds.values()
    divided = replace(scene.sample("B"), root=scene.sample("A").root)
    assert over([standing], divided) == [standing]
    assert over([standing], replace(divided, case=uid("other case"))) == [standing], "lineage goes before case"
    assert over([standing], scene.sample("B")) == []


def test_g3_a_hold_of_a_case_covers_its_items_to_come_too(scene: Scene) -> None:
    scene.must(COUNSEL, hold(case="case"))
    scene.must(LAB, register("later"))
    for item in ("A", "B", "later"):
        assert isinstance(scene.do(PROSECUTOR, propose("P", item)), UnderHold), item
    scene.must(PROSECUTOR, propose("P", "C"))


def test_g3_it_is_never_too_late_for_a_hold_and_one_more_is_always_taken(scene: Scene) -> None:
    scene.must(PROSECUTOR, propose("P", "A"))
    scene.must(COUNSEL, hold(sample="A", occurred_at=NOW - timedelta(days=400)))
    scene.must(COURT, hold("second", sample="A"))
    assert not COMMANDS[PlaceHold].if_match
    assert isinstance(scene.do(COURT, hold("third", sample="A", occurred_at=NOW + timedelta(days=1))),
                      OccurredInTheFuture)  # fmt: skip


def test_g2_a_hold_is_lifted_by_whoever_set_it_or_by_a_court(scene: Scene) -> None:
    colleague = replace(COUNSEL, person=uid("other counsel"))
    for setter, others in ((COUNSEL, (PROSECUTOR, OVERSIGHT)), (PROSECUTOR, (COUNSEL, OVERSIGHT)),
                           (OVERSIGHT, (PROSECUTOR, COUNSEL)), (LAB, (PROSECUTOR, COUNSEL))):  # fmt: skip
        scene.must(setter, hold(setter.role, sample="A"))
        for other in others:
            assert isinstance(scene.do(other, lift(setter.role)), RoleForbids), (setter.role, other.role)
        assert scene.do(colleague, lift(setter.role)) == NoStanding()
        assert isinstance(scene.do(PROSECUTOR, propose("P", "A")), UnderHold)
        scene.copy().must(COURT, lift(setter.role))
        scene.must(setter, lift(setter.role))
    scene.must(PROSECUTOR, propose("P", "A"))


def test_g2_a_courts_hold_is_lifted_by_that_court_alone(scene: Scene) -> None:
    scene.must(COURT, hold(sample="A"))
    assert isinstance(scene.do(OTHER_COURT, lift()), HoldOfACourt)
    assert isinstance(scene.do(PROSECUTOR, lift()), RoleForbids)
    scene.must(COURT, lift())
    assert isinstance(scene.do(COURT, lift()), NotHeldAnyMore)
    assert isinstance(scene.do(OTHER_COURT, lift()), HoldOfACourt)


def test_g2_counsel_that_is_of_record_no_more_may_still_lift_its_own(scene: Scene) -> None:
    scene.must(COUNSEL, hold(sample="A"))
    gone = replace(scene.world.cases[uid("case")], counsel=())
    scene.world = replace(scene.world, cases={**scene.world.cases, gone.id: gone})
    scene.must(COUNSEL, lift())


def test_g12_a_hold_needs_standing(scene: Scene) -> None:
    for who in (OTHER_COUNSEL, OTHER_LAB, OTHER_PROSECUTOR, COURIER):
        assert scene.do(who, hold(sample="A")) == NoStanding(), who
        assert scene.do(who, hold(case="case")) == NoStanding(), who
    for who in (STORE, LAB):
        assert isinstance(scene.do(who, hold(case="case")), NoStanding), "a holder holds items, not cases"
    assert isinstance(scene.do(LAB, hold(sample="B")), RoleForbids), "a past holder"
    assert isinstance(scene.do(AUDITOR, hold(sample="A")), RoleForbids)
    assert scene.do(COURT, hold(sample="never registered")) == NoStanding()
    assert scene.do(COURT, hold(case="never opened")) == NoStanding()
    assert scene.do(COURT, lift("never set")) == NoStanding()


def test_what_is_not_there_is_not_held(scene: Scene) -> None:
    for command in (hold(sample="none"), hold(case="none"), lift("none")):
        decision = COMMANDS[type(command)].decide(replace(scene.world, actor=COURT), command, NOW)
        assert isinstance(decision, UnknownReference)


def test_g3_only_what_makes_a_subject_of_its_own_is_taken_behind_the_log() -> None:
    protective = {rule.verb: rule for rule in COMMANDS.values() if rule.protective}
    assert protective.keys() == {"hold.place"}
    assert all(rule.creates and not rule.if_match for rule in protective.values())


def test_g3_placing_a_hold_touches_no_other_subject(scene: Scene) -> None:
    [event] = scene.must(COUNSEL, hold(sample="A"))
    assert (event.subject, event.sequence) == (f"hold/{uid('H')}", 1)


def test_a_lifted_hold_cannot_follow_anything(scene: Scene) -> None:
    scene.must(COUNSEL, hold(sample="A"))
    [event] = scene.must(COUNSEL, lift())
    with pytest.raises(OutOfOrder, match="does not follow in the history"):
        apply(scene.world.holds[uid("H")], event.model_copy(update={"sequence": 3}))
