from typing import Any

import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    ItemsOfTheOfferDiffer,
    NotTheCustodian,
    OfferClosed,
    OfferToItself,
    ReceiverCannotHold,
    RoleForbids,
    SampleAlreadyOffered,
    SealMismatchUnexplained,
    UnknownReference,
)
from services.custody.rules.command import Command
from services.custody.rules.offer import AcceptOffer, ItemReceipt, RefuseOffer, WithdrawOffer
from services.custody.rules.world import ActorState
from tests.services.custody.rules.scene import (
    COUNSEL,
    COURIER,
    COURT,
    KINDS,
    LAB,
    LONG_AGO,
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

REFUSE = RefuseOffer(offer=uid("O"), reason="broken_seal", note=text("note"))
WITHDRAW = WithdrawOffer(offer=uid("O"), reason=text("reason"))


@pytest.fixture
def scene() -> Scene:
    """The laboratory holds A, B and C; O offers A and B to the store."""
    scene = with_case(founded())
    for name in "ABC":
        scene.must(LAB, register(name))
    scene.must(LAB, offer("O", "A", "B"))
    return scene


def receipts(*items: tuple[str, str], discrepancy: str | None = None) -> AcceptOffer:
    why = text("discrepancy", discrepancy) if discrepancy else None
    return AcceptOffer(
        offer=uid("O"), receipts=tuple(ItemReceipt(uid(name), seal, "seal_replaced", why) for name, seal in items)
    )


def custody(scene: Scene, name: str = "A") -> tuple[str, str, int]:
    sample = scene.sample(name)
    return sample.custodian_org, sample.custodian_person, sample.links


def test_g5_custody_stays_with_the_releaser_until_the_receiver_accepts(scene: Scene) -> None:
    assert custody(scene) == (LAB.org, LAB.person, 1)
    assert (scene.sample("A").status, scene.sample("A").offered_to) == ("offered", STORE.org)
    scene.must(STORE, accept(scene, "O"))
    assert custody(scene) == custody(scene, "B") == (STORE.org, STORE.person, 2)
    assert scene.sample("A").holders == (LAB.org, STORE.org)
    assert (scene.sample("A").status, scene.sample("A").offer, scene.sample("A").offered_to) == ("held", None, None)
    assert custody(scene, "C") == (LAB.org, LAB.person, 1)


@pytest.mark.parametrize(("who", "command"), [(STORE, REFUSE), (LAB, WITHDRAW)])
def test_g5_an_offer_that_is_not_accepted_moves_nothing(scene: Scene, who: ActorState, command: Command) -> None:
    scene.must(who, command)
    assert custody(scene) == (LAB.org, LAB.person, 1)
    assert (scene.sample("A").status, scene.sample("A").offered_to) == ("held", None)


def test_each_item_gets_a_fact_of_its_own_and_the_offer_one(scene: Scene) -> None:
    events = scene.must(STORE, accept(scene, "O"))
    assert [event.subject for event in events] == [f"offer/{uid('O')}", f"sample/{uid('A')}", f"sample/{uid('B')}"]
    assert scene.world.offers[uid("O")].status == "accepted"
    assert events[1].data | {"seal": "", "link": 0} == {
        "offer": uid("O"), "link": 0, "from_org": LAB.org, "from_person": LAB.person, "to_org": STORE.org,
        "to_person": STORE.person, "seal": "", "seal_matches": True, "condition": "intact",
    }  # fmt: skip


def test_a_refusal_of_the_offer_says_why_at_each_item(scene: Scene) -> None:
    events = scene.must(STORE, REFUSE)
    assert scene.world.offers[uid("O")].refusal == "broken_seal"
    assert [event.data.get("reason") for event in events] == ["broken_seal"] * 3


def test_g5_another_seal_is_taken_only_with_a_discrepancy(scene: Scene) -> None:
    assert isinstance(scene.do(STORE, receipts(("A", "seal-9"), ("B", "seal-B"))), SealMismatchUnexplained)
    assert custody(scene) == (LAB.org, LAB.person, 1)
    events = scene.must(STORE, receipts(("A", "seal-9"), ("B", "seal-B"), discrepancy="torn in transit"))
    assert [event.data.get("seal_matches") for event in events] == [None, False, True]
    assert scene.sample("A").seal == "seal-9"
    assert not any(b"torn" in event.to_bytes() for event in events)


@pytest.mark.parametrize(
    "items",
    [
        (),
        (("A", "seal-A"),),
        (("A", "seal-A"), ("B", "seal-B"), ("C", "seal-C")),
        (("A", "seal-A"), ("A", "seal-A")),
        (("A", "seal-A"), ("B", "seal-B"), ("B", "seal-B")),
    ],
)
def test_g5_the_receipts_are_those_of_the_offers_items(scene: Scene, items: tuple[tuple[str, str], ...]) -> None:
    assert isinstance(scene.do(STORE, receipts(*items)), ItemsOfTheOfferDiffer)


CLOSINGS: dict[str, tuple[ActorState, Command | None]] = {
    "accepted": (STORE, None), "refused": (STORE, REFUSE), "withdrawn": (LAB, WITHDRAW),
}  # fmt: skip


@pytest.mark.parametrize("status", CLOSINGS)
def test_a_closed_offer_stays_as_it_was_closed(scene: Scene, status: str) -> None:
    acceptance = accept(scene, "O")
    who, command = CLOSINGS[status]
    scene.must(who, command or acceptance)
    before = scene.world
    for again, late in ((STORE, acceptance), (STORE, REFUSE), (LAB, WITHDRAW)):
        assert isinstance(scene.do(again, late), OfferClosed)
    assert scene.world == before
    assert scene.world.offers[uid("O")].status == status


@pytest.mark.parametrize("command", [REFUSE, "accept"])
def test_only_the_receiver_accepts_and_refuses(scene: Scene, command: Command | str) -> None:
    act = accept(scene, "O") if isinstance(command, str) else command
    for who, answer in ((LAB, RoleForbids), (PROSECUTOR, RoleForbids), (COURT, RoleForbids), (OTHER_LAB, NoStanding)):
        assert isinstance(scene.do(who, act), answer), who
    assert isinstance(scene.do(COUNSEL, act), NoStanding)


def test_only_the_releaser_withdraws(scene: Scene) -> None:
    assert isinstance(scene.do(STORE, WITHDRAW), RoleForbids)
    assert isinstance(scene.do(OTHER_LAB, WITHDRAW), NoStanding)


def test_only_the_custodian_offers(scene: Scene) -> None:
    scene.must(STORE, accept(scene, "O"))
    refusal = scene.do(LAB, offer("P", "C", "A", to="prosecution"))
    assert refusal == NotTheCustodian(f"sample/{uid('A')}", "Its custodian offers it; accept it first.")
    assert isinstance(scene.do(PROSECUTOR, offer("P", "C", to="store")), RoleForbids)
    assert scene.do(OTHER_LAB, offer("P", "C")) == scene.do(OTHER_LAB, offer("P", "never registered")) == NoStanding()
    assert scene.do(LAB, offer("P", "C", "never registered")) == NoStanding()


def test_an_item_is_under_one_offer_at_a_time(scene: Scene) -> None:
    refusal = scene.do(LAB, offer("P", "C", "B"))
    assert isinstance(refusal, SampleAlreadyOffered)
    assert refusal.target == f"sample/{uid('B')}"
    scene.must(LAB, WITHDRAW)
    scene.must(LAB, offer("P", "C", "B"))


def test_releaser_and_receiver_are_two(scene: Scene) -> None:
    assert isinstance(scene.do(LAB, offer("P", "C", to="lab")), OfferToItself)


@pytest.mark.parametrize("receiver", [name for name in KINDS if name != "lab"])
def test_items_go_to_organisations_that_may_hold_them(scene: Scene, receiver: str) -> None:
    may_hold = KINDS[receiver] in {"lab", "evidence_store", "prosecutor", "court"}
    assert isinstance(scene.do(LAB, offer("P", "C", to=receiver)), list if may_hold else ReceiverCannotHold)


def test_an_unknown_receiver_is_a_mistake_and_no_fact(scene: Scene) -> None:
    assert scene.do(LAB, offer("P", "C", to="nowhere")) == UnknownReference(f"organisation/{uid('nowhere')}")


def test_an_item_named_twice_is_offered_once(scene: Scene) -> None:
    events = scene.must(LAB, offer("P", "C", "C"))
    assert [event.subject for event in events] == [f"offer/{uid('P')}", f"sample/{uid('C')}"]


def test_a_couriers_name_is_sealed_and_the_courier_takes_no_custody(scene: Scene) -> None:
    events = scene.must(LAB, offer("P", "C", courier=text("courier", "Moto SA"), occurred_at=LONG_AGO))
    assert not any(b"Moto" in event.to_bytes() for event in events)
    assert {event.occurred_at for event in events} == {LONG_AGO}
    assert scene.do(COURIER, AcceptOffer(offer=uid("P"), receipts=())) == NoStanding()
    assert custody(scene, "C") == (LAB.org, LAB.person, 1)


def test_an_organisation_that_held_an_item_twice_stands_once_among_its_holders(scene: Scene) -> None:
    scene.must(STORE, accept(scene, "O"))
    scene.must(STORE, offer("P", "A", to="lab"))
    scene.must(LAB, accept(scene, "P"))
    assert scene.sample("A").holders == (LAB.org, STORE.org)
    assert scene.sample("A").links == 3


def test_a_discrepancy_sealed_under_another_name_is_a_mistake_of_the_code() -> None:
    members: dict[str, Any] = {"discrepancy": text("note")}
    with pytest.raises(ValueError, match="sealed as note"):
        ItemReceipt(uid("A"), "seal-A", "intact", **members)
