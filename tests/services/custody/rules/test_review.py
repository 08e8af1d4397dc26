"""Reviews: which lead an item has reached, and that each is opened once. A review opens nothing but itself."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.custody.loops.due import last_day
from services.custody.rules.review import MOST_ITEMS, OVER, decide_reviews, lead_of
from services.custody.rules.sample import SampleState
from shared.facts.retention import ReviewOpened
from tests.services.custody.rules.scene import LAB, founded, register, uid, with_case

LEADS = (12, 6, 3, 1)
TODAY = date(2027, 1, 31)


@pytest.fixture(scope="module")
def item() -> SampleState:
    scene = with_case(founded())
    scene.must(LAB, register("A"))
    return scene.sample("A")


@pytest.mark.parametrize(
    ("until", "lead"),
    [
        (date(2028, 2, 1), None),
        (date(2028, 1, 31), 12),
        (date(2027, 8, 1), 12),
        (date(2027, 7, 31), 6),
        (date(2027, 5, 1), 6),
        (date(2027, 4, 30), 3),  # three months before it is 30 January
        (date(2027, 3, 1), 3),
        (date(2027, 2, 28), 1),
        (TODAY, 1),
        (TODAY - timedelta(days=1), OVER),
        (date(1990, 1, 1), OVER),
    ],
)
def test_the_shortest_lead_that_is_reached(until: date, lead: int | None) -> None:
    assert lead_of(until, LEADS, TODAY) == lead


def test_in_a_month_that_lacks_the_day_the_review_is_opened_earlier_and_not_later() -> None:
    assert lead_of(date(2027, 3, 31), (1,), date(2027, 2, 27)) is None
    assert lead_of(date(2027, 3, 31), (1,), date(2027, 2, 28)) == 1


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from([1, 3, 6, 12, 120]), st.integers(0, 40))
def test_what_is_looked_for_is_what_has_reached_a_lead(today: date, lead: int, days: int) -> None:
    last = last_day(lead, today)
    assert lead_of(last, [lead], today) == lead
    assert lead_of(last + timedelta(days=1 + days), [lead], today) is None


def of(item: SampleState, **changes: object) -> SampleState:
    return replace(item, **changes)  # type: ignore[arg-type]


def test_a_review_names_what_it_is_about_and_each_item_knows_it(item: SampleState) -> None:
    one, other = of(item, retention_until=TODAY), of(item, id=uid("B"), retention_until=TODAY + timedelta(days=300))
    review, first, far, second = decide_reviews([other, one], LEADS, TODAY)
    facts = [draft.fact for draft in (review, far) if isinstance(draft.fact, ReviewOpened)]
    assert {fact.lead_months: [each.sample for each in fact.items] for fact in facts} == {1: [item.id], 12: [uid("B")]}
    assert {first.subject, second.subject} == {f"sample/{item.id}", f"sample/{uid('B')}"}


@pytest.mark.parametrize(("lead", "opened"), [(None, True), (12, True), (3, True), (1, False), (OVER, False)])
def test_a_lead_is_reviewed_once(item: SampleState, lead: int | None, opened: bool) -> None:
    due = of(item, retention_until=TODAY, review_lead=lead)
    assert bool(decide_reviews([due], LEADS, TODAY)) == opened


def test_what_has_no_last_day_is_not_reviewed(item: SampleState) -> None:
    assert decide_reviews([of(item, retention_until=None)], LEADS, TODAY) == ()


def test_items_of_two_cases_are_two_reviews_and_a_hundred_and_one_items_too(item: SampleState) -> None:
    items = [of(item, id=uid(f"{number}"), retention_until=TODAY) for number in range(MOST_ITEMS + 1)]
    facts = [draft.fact for draft in decide_reviews(items, LEADS, TODAY)]
    assert [len(one.items) for one in facts if isinstance(one, ReviewOpened)] == [MOST_ITEMS, 1]
    elsewhere = of(item, id=uid("elsewhere"), case=uid("another"), retention_until=TODAY)
    facts = [draft.fact for draft in decide_reviews([items[0], elsewhere], LEADS, TODAY)]
    assert {one.case for one in facts if isinstance(one, ReviewOpened)} == {item.case, uid("another")}


def test_the_same_items_make_the_same_review(item: SampleState) -> None:
    due = of(item, retention_until=TODAY)
    assert decide_reviews([due], LEADS, TODAY) == decide_reviews([due], LEADS, TODAY)
    assert (
        decide_reviews([due], LEADS, TODAY)[0].subject != decide_reviews([of(due, version=9)], LEADS, TODAY)[0].subject
    )
