"""Until when an item is kept by a pack: the strictest text that may hold; unknown is never."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.custody.policy.facts import CaseFacts, ItemFacts, PersonFacts, Proceeding, RoleOf, Statement
from services.custody.policy.retention import Law, flat, identity, later, no_nearer, retention, shipped_as
from services.custody.policy.rules import Pack
from services.custody.policy.shipped import packs
from shared.facts.samples import Retention
from tests.services.custody.policy.scene import retention_rule

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ITEM = ItemFacts("A", {"collection": (Statement(date(2004, 2, 29), "other"),)})


def pack(*rules: dict[str, Any]) -> Pack:
    named = [rule | {"id": f"KEEP-{number}"} for number, rule in enumerate(rules, start=1)]
    return TypeAdapter(Pack).validate_python(
        {"id": "here", "version": 3, "title": {"es": "aquí", "en": "here"}, "retention": named}
    )


def kept(made: Pack, *cases: CaseFacts) -> tuple[str, int, str | None]:
    found = retention(made, ITEM, cases or (CaseFacts("1"),), TODAY)
    return found.rule, found.version, str(found.until) if found.until else None


def case(stage: str) -> CaseFacts:
    return CaseFacts("1", circumstances={"stage": (Statement(stage, "court"),)})


YEARS = retention_rule({"years": 20, "from": "collection"})
STAGED = retention_rule("forever", cases=[{"when": {"stage": ["convicted"]}, "keep": {"fixed_date": "2050-01-01"}}])


def test_the_text_that_keeps_longest_is_named() -> None:
    assert kept(pack(YEARS, retention_rule({"fixed_date": "2030-01-01"}))) == ("KEEP-2", 1, "2030-01-01")
    assert kept(pack(YEARS, retention_rule({"fixed_date": "2020-01-01"}))) == ("KEEP-1", 1, "2024-02-29")


def test_a_text_of_which_no_case_may_hold_says_nothing() -> None:
    assert kept(pack(YEARS, STAGED), case("acquitted")) == ("KEEP-1", 1, "2024-02-29")
    assert kept(pack(YEARS, STAGED), case("convicted")) == ("KEEP-2", 1, "2050-01-01")


def test_one_that_may_hold_and_is_not_certain_keeps() -> None:
    assert kept(pack(YEARS, STAGED)) == ("KEEP-2", 1, None)
    assert kept(pack(YEARS), case("convicted"), case("acquitted")) == ("KEEP-1", 1, "2024-02-29")
    assert kept(pack(YEARS, STAGED), case("convicted"), case("acquitted")) == ("KEEP-2", 1, "2050-01-01")


def test_where_no_text_holds_the_item_is_kept_by_none() -> None:
    assert kept(pack(STAGED), case("acquitted")) == ("here", 3, None)
    assert kept(pack()) == ("here", 3, None)


def test_a_text_that_is_not_yet_in_force_says_nothing() -> None:
    later_on = retention_rule({"fixed_date": "2090-01-01"}, valid_from="2026-11-25")
    assert kept(pack(YEARS, later_on)) == ("KEEP-1", 1, "2024-02-29")


def test_a_law_computes_once_for_a_case_and_a_day() -> None:
    law, asked = Law(pack(YEARS)), list[str]()

    def facts(name: str) -> CaseFacts:
        asked.append(name)
        return CaseFacts(name)

    first = law.retention("1", facts, date(2004, 2, 29), NOW)
    assert law.retention("1", facts, date(2004, 2, 29), NOW) is first
    assert law.retention("2", facts, date(2005, 2, 28), NOW).until == date(2025, 2, 28)
    assert asked == ["1", "2"]


@pytest.mark.parametrize("name", sorted(packs()))
def test_a_shipped_pack_is_found_by_its_digest(name: str) -> None:
    found = shipped_as(identity(name).sha256)
    assert found is packs()[name]
    assert identity(name).version == packs()[name].version


def test_another_digest_is_no_shipped_pack() -> None:
    assert shipped_as("0" * 64) is None


def test_the_law_where_no_other_was_founded_keeps_for_twenty_years() -> None:
    found = flat().retention("1", CaseFacts, date(2080, 2, 29), NOW)
    assert (found.rule, found.version, found.until) == ("FLAT-20", 1, date(2100, 3, 1))


retentions = st.builds(
    Retention,
    rule=st.sampled_from(["one", "other"]),
    version=st.integers(1, 3),
    until=st.none() | st.dates(max_value=date(2999, 1, 1)),
)


@given(retentions, retentions)
def test_g10_no_standing_day_is_followed_by_an_earlier_one(standing: Retention, computed: Retention) -> None:
    found = later(standing, computed)
    assert found in (standing, computed)
    if computed.until is None:
        assert found.until is None
    elif standing.until is not None:
        assert found.until == max(standing.until, computed.until)
    if standing.until == computed.until:
        assert (found.until is None) or found == standing


def test_a_rule_that_nobody_saw_is_unverified_and_one_that_was_is_not() -> None:
    assert Law(packs()["chihuahua-reported"]).unverified()
    assert Law(packs()["us-wi"]).unverified() == ()


CONVICT = PersonFacts("p", (RoleOf("convicted"),))


@pytest.mark.parametrize(
    ("pack", "case", "named"),
    [
        ("us-wi", CaseFacts("c", (CONVICT,)), ("discharge:p",)),
        ("us-wi", CaseFacts("c", (CONVICT,), proceedings=(Proceeding("amparo"),)), ("discharge:p", "pending:amparo")),
        ("flat", CaseFacts("c"), ()),
    ],
)
def test_what_is_not_known_is_named(pack: str, case: CaseFacts, named: tuple[str, ...]) -> None:
    assert Law(packs()[pack]).missing(case, datetime(2026, 6, 1, tzinfo=UTC)) == named


def test_of_a_case_that_no_rule_is_about_the_rule_is_missing() -> None:
    made = pack(retention_rule("forever", cases=[{"keep": "forever", "when": {"stage": ["uncharged"]}}]))
    assert Law(made).missing(case("convicted"), NOW) == ("no_rule",)


def noticed(*texts: tuple[str, int, str]) -> Pack:
    """A pack with these rules of notice: id, version, first day."""
    found = packs()["flat"].notice[0]
    named = tuple(
        replace(found, id=name, version=version, valid_from=date.fromisoformat(day)) for name, version, day in texts
    )
    return replace(packs()["flat"], notice=named)


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        ((), ("flat", 1)),
        ((("N", 1, "2020-01-01"),), ("N", 1)),
        ((("N", 1, "2020-01-01"), ("N", 2, "2026-11-24")), ("N", 2)),
        ((("N", 2, "2026-11-25"), ("N", 1, "2020-01-01")), ("N", 1)),
        ((("N", 1, "2026-11-25"),), ("flat", 1)),
        ((("N", 1, "2020-01-01"), ("M", 1, "2020-01-01")), ("flat", 1)),
    ],
)
def test_the_one_rule_of_notice_in_force_is_named_else_the_pack(
    texts: tuple[tuple[str, int, str], ...], named: tuple[str, int]
) -> None:
    assert Law(noticed(*texts)).notice_rule(NOW) == named


def test_a_law_is_known_by_its_packs_contents() -> None:
    assert flat().sha256 == identity("flat").sha256


@given(st.none() | st.dates(), st.none() | st.dates())
def test_g10_under_another_law_no_end_comes_nearer(stood: date | None, says: date | None) -> None:
    held = no_nearer(Retention(rule="A", version=1, until=stood), Retention(rule="B", version=1, until=says)).until
    assert (held or date.max) >= max(stood or date.max, says or date.max)
