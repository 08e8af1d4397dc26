"""Who is told: no order of appointment, subscription, address and proposal leaves a party out, and none is told twice."""

from hypothesis import given
from hypothesis import strategies as st

from services.notify.plan import Address, Planned, Standing, Told, audience, plan
from shared.events import new_id
from tests.services.notify.facts import digest, item, proposal

CASE, OTHER, LAB = new_id(), new_id(), new_id()
ANA, BERTA, CARLA = new_id(), new_id(), new_id()
NOBODY = Standing({}, {})


def reads_at(person: str) -> Address:
    return Address(f"{person[-4:]}@example.org", digest(person), "es")


def test_recipients_of_the_event_are_told_without_any_subscription() -> None:
    fact = proposal(item(CASE, LAB), recipients={ANA: CASE})
    address = reads_at(ANA)
    assert plan(fact, NOBODY, {ANA: address}, []) == (Planned(ANA, "counsel_of_record", address),)


def test_a_party_without_a_verified_address_gives_the_fact_that_it_has_not_been_told() -> None:
    fact = proposal(item(CASE, LAB), recipients={ANA: CASE})
    assert plan(fact, NOBODY, {}, []) == (Planned(ANA, "counsel_of_record", None),)


def test_that_fact_is_stated_once_and_an_address_verified_later_gets_the_notice() -> None:
    fact = proposal(item(CASE, LAB), recipients={ANA: CASE})
    told = [Told(ANA, "counsel_of_record", None)]
    assert plan(fact, NOBODY, {}, told) == ()
    address = reads_at(ANA)
    assert plan(fact, NOBODY, {ANA: address}, told) == (Planned(ANA, "counsel_of_record", address),)


def test_a_new_address_is_told_as_well() -> None:
    fact = proposal(item(CASE, LAB), recipients={ANA: CASE})
    old, new = reads_at(ANA), reads_at(ANA)
    told = [Told(ANA, "counsel_of_record", old.digest)]
    assert plan(fact, NOBODY, {ANA: old}, told) == ()
    assert plan(fact, NOBODY, {ANA: new}, told) == (Planned(ANA, "counsel_of_record", new),)


def test_counsel_appointed_after_the_proposal_is_told_as_counsel() -> None:
    fact = proposal(item(CASE, LAB), recipients={ANA: CASE})
    standing = Standing({CASE: frozenset({ANA, BERTA})}, {})
    assert audience(fact, standing) == {ANA: "counsel_of_record", BERTA: "counsel_of_record"}


def test_a_subscriber_who_becomes_counsel_is_told_as_counsel_and_not_the_other_way_round() -> None:
    fact = proposal(item(CASE, LAB))
    address = reads_at(CARLA)
    follows = Standing({}, {CASE: frozenset({CARLA})})
    assert plan(fact, follows, {CARLA: address}, []) == (Planned(CARLA, "subscriber", address),)
    speaks = Standing({CASE: frozenset({CARLA})}, {CASE: frozenset({CARLA})})
    as_subscriber = [Told(CARLA, "subscriber", address.digest)]
    assert plan(fact, speaks, {CARLA: address}, as_subscriber) == (Planned(CARLA, "counsel_of_record", address),)
    as_counsel = [Told(CARLA, "counsel_of_record", address.digest)]
    assert plan(fact, follows, {CARLA: address}, as_counsel) == ()


def test_people_of_other_cases_are_not_told() -> None:
    fact = proposal(item(CASE, LAB))
    assert audience(fact, Standing({OTHER: frozenset({ANA})}, {OTHER: frozenset({BERTA})})) == {}


PEOPLE = st.sets(st.sampled_from([ANA, BERTA, CARLA]))


@given(PEOPLE, PEOPLE, PEOPLE, PEOPLE)
def test_everyone_due_is_told_exactly_once_however_often_it_is_planned(
    named: set[str], counsel: set[str], subscribers: set[str], addressed: set[str]
) -> None:
    """Planning again after each plan was carried out plans nothing."""
    fact = proposal(item(CASE, LAB), item(OTHER, LAB), recipients=dict.fromkeys(named, CASE))
    standing = Standing({OTHER: frozenset(counsel)}, {CASE: frozenset(subscribers)})
    addresses = {person: reads_at(person) for person in addressed}
    made = plan(fact, standing, addresses, [])
    assert sorted(planned.person for planned in made) == sorted(named | counsel | subscribers)
    assert all((planned.address is not None) == (planned.person in addressed) for planned in made)
    told = [Told(p.person, p.capacity, p.address.digest if p.address else None) for p in made]
    assert plan(fact, standing, addresses, told) == ()
