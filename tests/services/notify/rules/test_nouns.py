"""Parties, subscriptions and notices: every command against every state, and the fold of their facts."""

from datetime import datetime

import pytest

from services.notify.refusals import AddressChangedTooOften, AlreadySubscribed, LinkSuperseded
from services.notify.rules import notice, party, subscription
from shared.errors import Refusal
from shared.events import Draft, new_id
from shared.facts import Fact
from shared.facts.cases import CaseOpened
from shared.facts.notices import (
    NoticeAccepted,
    NoticePlanned,
    NoticeRejected,
    PartyAddressGiven,
    PartyAddressVerified,
    SubscriptionMade,
)
from shared.sealed import fresh
from tests.services.notify.facts import NOTIFY, NOW, digest, event, item, later, proposal

ANA, CASE, PROPOSAL = new_id(), new_id(), new_id()
FIRST, SECOND = digest("ana@example.org"), digest("ana@example.net")


def folded(*facts: Fact) -> party.PartyState | None:
    state: party.PartyState | None = None
    for number, fact in enumerate(facts, 1):
        state = party.apply(state, event(f"party/{ANA}", fact, number, source=NOTIFY, time=later(number)))
    return state


def given_as(address: str) -> PartyAddressGiven:
    return PartyAddressGiven(channel="mail", address=address, language="es")


def verified(address: str) -> PartyAddressVerified:
    return PartyAddressVerified(channel="mail", address=address)


STATES: dict[str, tuple[Fact, ...]] = {
    "unknown": (),
    "given": (given_as(FIRST),),
    "verified": (given_as(FIRST), verified(FIRST)),
    "changed": (given_as(FIRST), verified(FIRST), given_as(SECOND)),
}


@pytest.mark.parametrize(
    ("state", "address", "confirmed"),
    [
        ("unknown", FIRST, False), ("given", FIRST, True), ("given", SECOND, False), ("verified", FIRST, False),
        ("verified", SECOND, False), ("changed", FIRST, False), ("changed", SECOND, True),
    ],
    ids=range(7),
)  # fmt: skip
def test_only_the_address_given_last_can_be_confirmed_and_once(state: str, address: str, confirmed: bool) -> None:
    answer = party.verify(folded(*STATES[state]), party.VerifyAddress(ANA, address))
    if confirmed:
        assert answer == Draft(f"party/{ANA}", verified(address))
    else:
        assert isinstance(answer, LinkSuperseded)


def test_the_old_address_stays_in_use_until_the_new_one_is_confirmed() -> None:
    changed = folded(*STATES["changed"])
    assert changed is not None
    assert (changed.verified, changed.given, changed.address_state) == (FIRST, SECOND, "given")
    confirmed = folded(*STATES["changed"], verified(SECOND))
    assert confirmed is not None
    assert (confirmed.verified, confirmed.address_state, confirmed.version) == (SECOND, "verified", 4)


def test_an_address_enters_the_fact_as_a_digest_only() -> None:
    draft = party.give(party.GiveAddress(ANA, fresh("address", "ana@example.org"), "en"), 0)
    assert isinstance(draft, Draft)
    assert "ana@" not in draft.fact.model_dump_json()
    assert [sealed.value for sealed in draft.sealed] == ["ana@example.org"]


@pytest.mark.parametrize(("lately", "refused"), [(0, False), (4, False), (5, True), (6, True)])
def test_an_address_is_given_at_most_five_times_in_a_while(lately: int, refused: bool) -> None:
    answer = party.give(party.GiveAddress(ANA, fresh("address", "ana@example.org"), "en"), lately)
    assert isinstance(answer, AddressChangedTooOften) == refused


def test_a_case_is_followed_once() -> None:
    command = subscription.Subscribe(new_id(), ANA, CASE)
    assert subscription.subscribe(None, command) == Draft(
        f"subscription/{command.id}", SubscriptionMade(person=ANA, case=CASE)
    )
    assert isinstance(subscription.subscribe(new_id(), command), AlreadySubscribed)


def planned() -> NoticePlanned:
    return NoticePlanned(
        proposal=PROPOSAL, person=ANA, capacity="counsel_of_record", address=FIRST, message_sha256="0" * 64
    )


def noticed(*facts: Fact) -> notice.NoticeState:
    state: notice.NoticeState | None = None
    for number, fact in enumerate(facts, 1):
        state = notice.apply(state, event("notice/n", fact, number, source=NOTIFY, time=later(number)))
    assert state is not None
    return state


def test_a_notice_is_taken_or_refused_after_it_was_planned() -> None:
    assert noticed(planned()).status == "planned"
    accepted = noticed(planned(), NoticeAccepted(attempt=3))
    assert (accepted.status, accepted.attempt, accepted.version) == ("accepted", 3, 2)
    rejected = noticed(planned(), NoticeRejected(attempt=1, reply_code=550))
    assert (rejected.status, rejected.reply_code) == ("rejected", 550)


def test_a_party_without_address_has_a_notice_that_nothing_follows() -> None:
    fact = notice.unaddressed("n", proposal(item(CASE, ANA)), PROPOSAL, ANA, "counsel_of_record").fact
    assert noticed(fact).status == "unaddressed"
    with pytest.raises(ValueError, match="does not change"):
        noticed(fact, NoticeAccepted(attempt=1))


@pytest.mark.parametrize("facts", [(NoticeAccepted(attempt=1),), (planned(), planned())])
def test_facts_out_of_turn_are_errors(facts: tuple[Fact, ...]) -> None:
    with pytest.raises(ValueError, match="does not change"):
        noticed(*facts)


def test_facts_of_other_nouns_are_errors() -> None:
    other = event("case/c", CaseOpened(authority=new_id(), folio="F-1"))
    for apply in (
        lambda: party.apply(None, other),
        lambda: subscription.apply(other),
        lambda: notice.apply(None, other),
    ):
        with pytest.raises(ValueError, match="does not"):
            apply()


def test_refusals_say_what_to_do() -> None:
    refusals: tuple[Refusal, ...] = (
        AddressChangedTooOften("party/x", "d"), AlreadySubscribed("subscription/x", "d"), LinkSuperseded("party/x", "d"),
    )  # fmt: skip
    assert {refusal.status for refusal in refusals} == {409}
    assert len({refusal.code for refusal in refusals}) == len(refusals)


def test_time_is_the_facts_own() -> None:
    expected: datetime = later(1)
    assert noticed(planned()).updated_at == expected
    assert expected > NOW
