from datetime import date, timedelta
from typing import Any, get_args

import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    AlreadyProposed,
    CasesDiffer,
    PlannedInThePast,
    ProposalClosed,
    RetentionNotOver,
    RoleForbids,
)
from services.custody.rules.case import MAX_COUNSEL
from services.custody.rules.offer import WithdrawOffer
from services.custody.rules.proposal import MakeProposal, ProposalRecipient, WithdrawProposal
from services.custody.rules.world import ActorState
from shared.events import MAX_EVENT_BYTES
from shared.facts.proposals import ProposalMade
from shared.facts.samples import SampleKind
from tests.services.custody.rules.scene import (
    AUDITOR,
    COUNSEL,
    COURT,
    LAB,
    LONG_AGO,
    NOW,
    OTHER_COUNSEL,
    OTHER_PROSECUTOR,
    OVERSIGHT,
    PROSECUTOR,
    REGISTRAR,
    STORE,
    Scene,
    accept,
    appoint,
    defenders,
    founded,
    offer,
    register,
    text,
    uid,
    with_case,
)

TODAY = NOW.date()
LONGEST_KIND: SampleKind = max(get_args(SampleKind), key=len)
WITHDRAW = WithdrawProposal(proposal=uid("P"), reason=text("reason"))


@pytest.fixture
def scene() -> Scene:
    """A, B and C of one case of the prosecution, whose periods are over; D, of another case of its."""
    scene = with_case(with_case(founded()), "other case", client="other client")
    for name in "ABC":
        scene.must(LAB, register(name))
    scene.must(LAB, register("D", case="other case"))
    scene.must(COURT, appoint())
    scene.must(COURT, appoint(counsel="other counsel"))
    return scene


def propose(name: str, *samples: str, **members: Any) -> MakeProposal:
    usual: dict[str, Any] = {
        "id": uid(name), "samples": tuple(uid(one) for one in samples), "planned_on": TODAY + timedelta(days=90),
        "reason": "retention_over", "method": "incineration",
    }  # fmt: skip
    return MakeProposal(**(usual | members))


def test_a_proposal_says_what_where_why_and_by_which_rule(scene: Scene) -> None:
    scene.must(LAB, offer("O", "B"))
    scene.must(STORE, accept(scene, "O"))
    made, *each = scene.must(PROSECUTOR, propose("P", "A", "B", explanation=text("explanation", "no longer needed")))
    usual = {"case": uid("case"), "kind": "blood", "retention_until": "2019-03-01"}
    assert made.data["items"] == [
        {"sample": uid("A"), "label": "A", "held_by": LAB.org, **usual},
        {"sample": uid("B"), "label": "B", "held_by": STORE.org, **usual},
    ]
    assert made.data["rule"] == {"id": "FLAT-NOTICE", "version": 1}
    assert b"needed" not in made.to_bytes()
    assert [event.subject for event in each] == [f"sample/{uid('A')}", f"sample/{uid('B')}"]
    assert scene.sample("A").proposal == uid("P")
    assert scene.world.proposals[uid("P")].cases == (uid("case"),)


def test_g4_every_counsel_of_record_is_a_recipient_once(scene: Scene) -> None:
    made = scene.must(PROSECUTOR, propose("P", "A", "B"))[0]
    assert made.data["recipients"] == [
        {"person": person, "case": uid("case"), "capacity": "counsel_of_record"}
        for person in sorted([uid("counsel"), uid("other counsel")])
    ]
    first = scene.world.proposals[uid("P")].recipients[0]
    assert first == ProposalRecipient(min(uid("counsel"), uid("other counsel")), uid("case"), "counsel_of_record")


def test_g4_the_most_items_and_the_most_counsel_fit_into_one_event() -> None:
    scene = with_case(founded())
    for counsel in defenders(scene, MAX_COUNSEL):
        scene.must(COURT, appoint(counsel=counsel))
    most = next(one.max_length for one in ProposalMade.model_fields["items"].metadata if hasattr(one, "max_length"))
    names = [f"{number:064}" for number in range(most)]
    for name in names:
        scene.must(LAB, register(name, kind=LONGEST_KIND, seal="S-1"))
    made = scene.must(PROSECUTOR, propose("P", *names, explanation=text("explanation")))[0]
    assert (len(made.data["items"]), len(made.data["recipients"])) == (100, 50)  # type: ignore[arg-type]
    assert len(made.to_bytes()) < MAX_EVENT_BYTES


def test_g2_the_day_lies_after_the_last_day_of_keeping(scene: Scene) -> None:
    until = TODAY + timedelta(days=30)
    scene.must(LAB, register("young", collected_at=LONG_AGO.replace(year=until.year - 20, month=7, day=15)))
    assert scene.sample("young").retention_until == until
    refusal = scene.do(PROSECUTOR, propose("P", "A", "young", planned_on=until))
    assert isinstance(refusal, RetentionNotOver)
    assert refusal.target == f"sample/{uid('young')}"
    assert until.isoformat() in refusal.detail
    scene.must(PROSECUTOR, propose("P", "A", "young", planned_on=until + timedelta(days=1)))


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1), date(1, 1, 1)])
def test_the_day_is_to_come(scene: Scene, day: date) -> None:
    assert isinstance(scene.do(PROSECUTOR, propose("P", "A", planned_on=day)), PlannedInThePast)


def test_an_item_is_under_one_proposal_at_a_time(scene: Scene) -> None:
    scene.must(PROSECUTOR, propose("P", "A"))
    assert isinstance(scene.do(PROSECUTOR, propose("Q", "B", "A")), AlreadyProposed)
    scene.must(PROSECUTOR, WITHDRAW)
    scene.must(PROSECUTOR, propose("Q", "B", "A"))


def test_g12_a_proposal_is_about_one_case(scene: Scene) -> None:
    refusal = scene.do(PROSECUTOR, propose("P", "A", "D"))
    assert isinstance(refusal, CasesDiffer)
    assert refusal.target == f"sample/{uid('D')}"


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        (LAB, RoleForbids), (COURT, RoleForbids), (OVERSIGHT, RoleForbids), (AUDITOR, RoleForbids),
        (COUNSEL, RoleForbids), (STORE, NoStanding), (OTHER_PROSECUTOR, NoStanding), (REGISTRAR, NoStanding),
    ],
)  # fmt: skip
def test_only_the_authority_of_the_case_proposes(scene: Scene, who: ActorState, answer: type) -> None:
    assert isinstance(scene.do(who, propose("P", "A")), answer)


def test_g12_one_item_without_standing_hides_all(scene: Scene) -> None:
    assert scene.do(OTHER_COUNSEL, propose("P", "A", "D")) == NoStanding()
    assert scene.do(PROSECUTOR, propose("P", "A", "never registered")) == NoStanding()


def test_a_withdrawn_proposal_frees_its_items_and_stays_withdrawn(scene: Scene) -> None:
    scene.must(PROSECUTOR, propose("P", "A", "B"))
    events = scene.must(PROSECUTOR, WITHDRAW)
    assert [event.subject for event in events] == [f"proposal/{uid('P')}", f"sample/{uid('A')}", f"sample/{uid('B')}"]
    assert scene.world.proposals[uid("P")].status == "withdrawn"
    assert scene.sample("A").proposal is None
    assert isinstance(scene.do(PROSECUTOR, WITHDRAW), ProposalClosed)


def test_only_the_proposer_withdraws(scene: Scene) -> None:
    scene.must(PROSECUTOR, propose("P", "A"))
    for who, answer in ((COURT, RoleForbids), (COUNSEL, RoleForbids), (LAB, RoleForbids), (STORE, NoStanding)):
        assert isinstance(scene.do(who, WITHDRAW), answer), who
    assert scene.do(OTHER_PROSECUTOR, WITHDRAW) == NoStanding()


def test_g5_a_proposed_item_can_still_change_hands(scene: Scene) -> None:
    scene.must(PROSECUTOR, propose("P", "A"))
    scene.must(LAB, offer("O", "A"))
    scene.must(LAB, WithdrawOffer(offer=uid("O"), reason=text("reason")))
    scene.must(LAB, offer("O2", "A"))
    scene.must(STORE, accept(scene, "O2"))
    assert (scene.sample("A").custodian_org, scene.sample("A").proposal) == (STORE.org, uid("P"))
