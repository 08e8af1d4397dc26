"""Any sequence of commands, by anyone, in any order: what must hold of custody holds after each."""

from datetime import date, timedelta
from functools import cache
from typing import Any, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from services.custody.authorise import NoStanding
from services.custody.rules.command import Command
from services.custody.rules.offer import AcceptOffer, ItemReceipt, MakeOffer, OfferState, RefuseOffer, WithdrawOffer
from services.custody.rules.proposal import MakeProposal, WithdrawProposal
from services.custody.rules.sample import AmendSample, SampleState
from services.custody.rules.state import State
from services.custody.rules.table import apply
from services.custody.rules.world import ActorState, World
from shared.errors import Refusal
from shared.events import Event
from shared.facts.samples import SampleKind
from shared.sealed import SealedValue
from tests.services.custody.rules.scene import (
    COUNSEL,
    COURT,
    LAB,
    LONG_AGO,
    NOW,
    OTHER_LAB,
    PROSECUTOR,
    STORE,
    Outcome,
    Scene,
    appoint,
    founded,
    offer,
    register,
    text,
    uid,
    with_case,
)

HOLDERS = {who.org: who for who in (LAB, OTHER_LAB, STORE, PROSECUTOR)}
ANYONE = st.sampled_from([LAB, OTHER_LAB, STORE, PROSECUTOR, COURT, COUNSEL])
ANYONE_OR_THE_RIGHT_ONE = st.none() | ANYONE
"""None stands for whoever the rules let act, or sequences would seldom get anywhere."""
ITEMS = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=2, unique=True)
RECEIVERS = st.sampled_from(["lab", "other lab", "store", "prosecution", "defence"])
KINDS = st.sampled_from(get_args(SampleKind))
ANSWERS = st.sampled_from(["accept", "accept", "refuse", "withdraw"])
SEALS = st.sampled_from(["as recorded", "seal-9"])
NEW_SEALS = st.none() | st.just("seal-8")


@cache
def begun() -> Scene:
    """Five items of one case, the first three of them held by one laboratory, with ever later ends of keeping."""
    scene = with_case(founded())
    scene.must(COURT, appoint())
    for number, name in enumerate("ABCDE"):
        who = LAB if number < 3 else OTHER_LAB
        scene.must(who, register(name, collected_at=LONG_AGO.replace(year=1999 + 4 * number)))
    return scene


class Custody(RuleBasedStateMachine):
    """Five items of one case, four organisations that may hold them, and a model of who does."""

    offers = Bundle("offers")
    proposals = Bundle("proposals")

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.custodians: dict[str, str] = {}
        self.acknowledged: list[bytes] = []
        self.before = World()
        self.made = 0

    @initialize()
    def begin(self) -> None:
        self.scene = begun().copy()
        self.custodians = {key: sample.custodian_org for key, sample in self.scene.world.samples.items()}
        self.acknowledged = [event.to_bytes() for event in self.scene.events]
        self.before = self.scene.world

    def act(self, who: ActorState, command: Command) -> Outcome:
        """Carry it out; a no, of whichever kind, changes nothing and is a value (G9)."""
        self.before = self.scene.world
        outcome = self.scene.do(who, command)
        if not isinstance(outcome, list):
            assert isinstance(outcome, Refusal | NoStanding), outcome
            assert self.scene.world == self.before
            return outcome
        self.acknowledged += [event.to_bytes() for event in outcome]
        if isinstance(command, AcceptOffer):
            for item in self.scene.world.offers[command.offer].samples:
                self.custodians[item] = who.org
        return outcome

    @rule(target=offers, who=ANYONE_OR_THE_RIGHT_ONE, items=ITEMS, to=RECEIVERS)
    def make_offer(self, who: ActorState | None, items: list[str], to: str) -> Any:
        who = who or HOLDERS[self.custodians[uid(items[0])]]
        self.made += 1
        command: MakeOffer = offer(f"offer {self.made}", *items, to=to)
        return command.id if isinstance(self.act(who, command), list) else multiple()

    @rule(who=ANYONE_OR_THE_RIGHT_ONE, key=offers, answer=ANSWERS, seal=SEALS, explained=st.booleans())
    def answer_offer(self, who: ActorState | None, key: str, answer: str, seal: str, explained: bool) -> None:
        made = self.scene.world.offers[key]
        right = HOLDERS[made.from_org if answer == "withdraw" else made.to_org]
        self.act(who or right, self.answer(made, answer, seal, text("discrepancy") if explained else None))

    def answer(self, made: OfferState, answer: str, seal: str, why: SealedValue | None) -> Command:
        if answer == "withdraw":
            return WithdrawOffer(offer=made.id, reason=text("reason"))
        if answer == "refuse":
            return RefuseOffer(offer=made.id, reason="damaged")
        recorded = {item: self.scene.world.samples[item].seal for item in made.samples}
        read = recorded if seal == "as recorded" else dict.fromkeys(recorded, seal)
        receipts = tuple(ItemReceipt(item, read[item], "intact", why) for item in made.samples)
        return AcceptOffer(offer=made.id, receipts=receipts)

    @rule(who=ANYONE, item=st.sampled_from("ABCDE"), kind=KINDS, year=st.integers(1950, 2029), seal=NEW_SEALS)
    def amend(self, who: ActorState, item: str, kind: SampleKind, year: int, seal: str | None) -> None:
        moment = LONG_AGO.replace(year=year)
        self.act(who, AmendSample(sample=uid(item), reason=text("reason"), kind=kind, collected_at=moment, seal=seal))

    @rule(target=proposals, who=ANYONE_OR_THE_RIGHT_ONE, items=ITEMS, days=st.integers(-1, 4000))
    def propose(self, who: ActorState | None, items: list[str], days: int) -> Any:
        self.made += 1
        command = MakeProposal(
            id=uid(f"proposal {self.made}"), samples=tuple(uid(item) for item in items),
            planned_on=NOW.date() + timedelta(days=days), reason="retention_over", method="autoclave",
        )  # fmt: skip
        return command.id if isinstance(self.act(who or PROSECUTOR, command), list) else multiple()

    @rule(who=ANYONE_OR_THE_RIGHT_ONE, key=consumes(proposals))
    def withdraw_proposal(self, who: ActorState | None, key: str) -> None:
        self.act(who or PROSECUTOR, WithdrawProposal(proposal=key, reason=text("reason")))

    @invariant()
    def g5_custody_moves_only_when_the_receiver_accepts(self) -> None:
        held = {key: sample.custodian_org for key, sample in self.scene.world.samples.items()}
        assert held == self.custodians
        for sample in self.scene.world.samples.values():
            assert sample.links == 1 + sum(
                event.type.endswith("sample.transferred.v1") for event in self.history(sample)
            )
            assert sample.custodian_org in sample.holders

    @invariant()
    def g5_nothing_that_is_said_of_an_item_changes_under_an_open_offer(self) -> None:
        for key, sample in self.before.samples.items():
            now = self.scene.world.samples[key]
            if sample.offer and now.offer == sample.offer:
                assert (now.kind, now.seal, now.collected_at) == (sample.kind, sample.seal, sample.collected_at)

    @invariant()
    def g6_nothing_is_overwritten_and_every_correction_has_a_reason(self) -> None:
        assert len(self.scene.events) == len(self.acknowledged)
        for event in self.scene.events:
            if event.type.endswith("sample.amended.v1"):
                assert str(event.data["reason"]).startswith("sha256:")

    @invariant()
    def g2_no_period_of_keeping_ever_becomes_shorter(self) -> None:
        for key, sample in self.before.samples.items():
            now, was = self.scene.world.samples[key].retention_until, sample.retention_until
            assert now is not None
            assert was is not None
            assert now >= was

    @invariant()
    def g2_nothing_was_proposed_for_a_day_on_which_it_must_be_kept(self) -> None:
        for event in self.scene.events:
            if event.type.endswith("proposal.made.v1"):
                items: list[dict[str, str]] = event.data["items"]  # type: ignore[assignment]
                planned = date.fromisoformat(str(event.data["planned_on"]))
                assert all(date.fromisoformat(item["retention_until"]) < planned for item in items)
                assert planned > event.time.date()

    @invariant()
    def an_item_is_under_the_open_offer_and_proposal_that_name_it(self) -> None:
        world = self.scene.world
        offered = {item: one for one in world.offers.values() if one.status == "open" for item in one.samples}
        proposed = {item: one for one in world.proposals.values() if one.status == "open" for item in one.samples}
        for key, sample in world.samples.items():
            open_offer, open_proposal = offered.get(key), proposed.get(key)
            assert sample.offer == (open_offer.id if open_offer else None)
            assert sample.offered_to == (open_offer.to_org if open_offer else None)
            assert sample.proposal == (open_proposal.id if open_proposal else None)
            if open_offer:
                assert open_offer.from_org == sample.custodian_org

    def history(self, sample: SampleState) -> list[Event]:
        return [event for event in self.scene.events if event.subject == f"sample/{sample.id}"]

    def teardown(self) -> None:
        """The whole history is as it was acknowledged, and read back from its bytes it gives the same states."""
        assert [event.to_bytes() for event in self.scene.events] == self.acknowledged
        states: dict[str, State] = {}
        for raw in self.acknowledged:
            event = Event.from_bytes(raw)
            assert event.subject is not None
            states[event.subject] = apply(states.get(event.subject), event)
        assert all(self.scene.world.state(subject) == state for subject, state in states.items())


TestCustody = Custody.TestCase
TestCustody.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
