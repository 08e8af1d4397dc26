"""Until when an item is kept (docs/law/counting.md, points 10 to 15): unknown means keep, and only a court ends."""

from typing import Any

import pytest

from tests.services.custody.policy.scene import ask, claim, court, kept, retention_rule

CONVICTED = {"role": "convicted"}


def person(name: str = "one", *, roles: Any = (CONVICTED,), **dates: Any) -> dict[str, Any]:
    return {"person": name, "roles": list(roles), "dates": dates}


def each(keep: Any, combine: str = "max") -> dict[str, Any]:
    return {"per_person": {"combine": combine, "of": ["convicted"], "keep": keep}}


def among(*persons: dict[str, Any], keep: Any, combine: str = "max") -> str | None:
    return kept(each(keep, combine), {"persons": list(persons)})


@pytest.mark.parametrize(
    ("stated", "until"),
    [
        ([], None),
        (claim("2020-05-04"), None),
        (court("2020-05-04"), "2020-05-04"),
        (court("2020-05-04") + court("2019-05-04"), "2019-05-04"),
        (court("2020-05-04") + claim("2021-05-04"), "2021-05-04"),
        (court("2020-05-04") + claim("2019-05-04"), "2020-05-04"),
        (claim("2021-05-04") + court("2020-05-04"), "2020-05-04"),
        (court("2020-05-04") + claim(None), None),
        (court("2020-05-04") + court(None), None),
        (court(None) + court("2022-05-04"), "2022-05-04"),
    ],
)
def test_a_date_of_a_person_or_a_case_counts_as_a_court_entered_it(stated: Any, until: str | None) -> None:
    assert among(person(discharge=stated), keep={"until": "discharge"}) == until
    assert kept({"until": "case_solved"}, {"dates": {"case_solved": stated}}) == until


@pytest.mark.parametrize(
    ("stated", "until"),
    [
        ([], None),
        (claim("2020-05-04"), "2020-05-04"),
        (claim("2020-05-04") + claim("2019-05-04"), "2020-05-04"),
        (claim("2020-05-04") + court("2019-05-04"), "2019-05-04"),
        (court("2019-05-04") + claim("2018-05-04"), "2019-05-04"),
        (claim("2020-05-04") + claim(None), None),
    ],
)
def test_a_date_of_the_item_is_the_latest_that_anybody_stated_since_a_court(stated: Any, until: str | None) -> None:
    assert kept({"until": "collection"}, dates={"collection": stated}) == until


def test_two_who_are_convicted_are_kept_for_until_the_last() -> None:
    first, second = person("a", discharge=court("2020-01-01")), person("b", discharge=court("2030-01-01"))
    assert among(first, second, keep={"until": "discharge"}) == "2030-01-01"
    assert among(first, second, keep={"until": "discharge"}, combine="min") == "2020-01-01"
    assert among(first, person("b"), keep={"until": "discharge"}) is None
    assert among(first, person("b"), keep={"until": "discharge"}, combine="min") == "2020-01-01"


def test_with_nobody_in_the_role_the_item_is_kept() -> None:
    assert among(keep={"until": "death"}) is None
    assert among(person(roles=[{"role": "victim"}], death=court("2020-01-01")), keep={"until": "death"}) is None
    ended = person(roles=[CONVICTED | {"ended": True}], death=court("2020-01-01"))
    assert among(ended, keep={"until": "death"}) is None


def test_a_persons_date_outside_of_per_person_is_unknown() -> None:
    assert kept({"until": "death"}, {"persons": [person(death=court("2020-01-01"))]}) is None


def test_oregon_sixty_years_or_death_of_each() -> None:
    tree = each({"min": [{"years": 60, "from": "conviction"}, {"until": "death"}]})
    one = person("a", conviction=court("1990-03-01"), death=court("2001-02-03"))
    other = person("b", conviction=court("1991-02-28"))
    assert kept(tree, {"persons": [one]}) == "2001-02-03"
    assert kept(tree, {"persons": [one, other]}) == "2051-02-28"


def test_any_of_is_the_earliest_known_and_all_of_the_last() -> None:
    known = person(release=court("2020-01-01"), parole=court("2019-01-01"))
    assert among(known, keep={"until": {"any_of": ["release", "parole", "death"]}}) == "2019-01-01"
    assert among(known, keep={"until": {"all_of": ["release", "parole"]}}) == "2020-01-01"
    assert among(known, keep={"until": {"all_of": ["release", "parole", "death"]}}) is None
    assert among(person(), keep={"until": {"any_of": ["release", "parole"]}}) is None
    assert among(known, keep={"years": 1, "from": {"any_of": ["release", "parole"]}}) == "2020-01-01"


def test_floors_fixed_dates_and_for_ever() -> None:
    made = {"collection": claim("2010-01-01")}
    assert kept({"max": [{"years": 5, "from": "collection"}, {"fixed_date": "2030-01-01"}]}, dates=made) == "2030-01-01"
    assert kept({"min": ["forever", {"months": 18, "from": "collection"}]}, dates=made) == "2011-07-01"
    assert kept({"max": ["forever", {"months": 18, "from": "collection"}]}, dates=made) is None
    assert kept("forever") is None


def test_what_lies_beyond_the_years_is_never() -> None:
    assert kept({"years": 200, "from": "collection"}, dates={"collection": claim("9900-01-01")}) is None


CASES = [
    {"when": {"stage": ["uncharged"]}, "keep": {"fixed_date": "2020-01-01"}},
    {"when": {"stage": ["convicted"], "capital": ["capital"]}, "keep": {"fixed_date": "2060-01-01"}},
    {"when": {"stage": ["convicted"]}, "keep": {"fixed_date": "2040-01-01"}},
]


def by_stage(cases: Any = CASES, **stated: Any) -> str | None:
    rules = [retention_rule("forever", cases=cases)]
    until = ask(cases=[{"facts": {"case": "1", "circumstances": stated}, "rules": rules}]).keep.until
    return until.isoformat() if until else None


@pytest.mark.parametrize(
    ("stated", "until"),
    [
        ({"stage": court("uncharged")}, "2020-01-01"),
        ({"stage": court("convicted"), "capital": court("not_capital")}, "2040-01-01"),
        ({"stage": court("convicted"), "capital": court("capital")}, "2060-01-01"),
        ({"stage": court("convicted")}, "2060-01-01"),
        ({"stage": court("uncharged") + claim("convicted")}, None),
        ({"stage": claim("uncharged")}, None),
        ({"stage": court("acquitted")}, None),
        ({"stage": court(None)}, None),
        ({}, None),
    ],
)
def test_of_the_cases_of_a_rule_the_latest_that_may_hold(stated: Any, until: str | None) -> None:
    assert by_stage(**stated) == until


def test_a_case_that_always_holds_ends_the_search() -> None:
    assert by_stage([*CASES, {"keep": {"fixed_date": "2035-01-01"}}], stage=court("acquitted")) == "2035-01-01"


def test_what_is_stated_of_the_item_stands_before_what_is_stated_of_its_case() -> None:
    cases = [
        {"when": {"material": ["kit"]}, "keep": {"fixed_date": "2090-01-01"}},
        {"keep": {"fixed_date": "2030-01-01"}},
    ]
    facts = {"case": "1", "circumstances": {"material": court("toxicology")}}
    asked = {"cases": [{"facts": facts, "rules": [retention_rule("forever", cases=cases)]}]}
    kit = {"item": "A", "circumstances": {"material": claim("kit")}}
    assert str(ask(item=kit, **asked).keep.until) == "2090-01-01"
    assert str(ask(item={"item": "A"}, **asked).keep.until) == "2030-01-01"
    spoken = kit | {"circumstances": {"material": claim("kit") + court("toxicology")}}
    assert str(ask(item=spoken, **asked).keep.until) == "2030-01-01"


def test_of_several_cases_and_rules_the_latest() -> None:
    early, late = retention_rule({"fixed_date": "2030-01-01"}), retention_rule({"fixed_date": "2031-01-01"}, version=2)
    one = {"facts": {"case": "1"}, "rules": [early]}
    assert str(ask(cases=[one, {"facts": {"case": "2"}, "rules": [late]}]).keep.until) == "2031-01-01"
    assert str(ask(cases=[{"facts": {"case": "1"}, "rules": [late, early]}]).keep.until) == "2031-01-01"
    assert ask(cases=[one, {"facts": {"case": "2"}}]).keep.unknown == ("no_rule:2",)
    assert ask(cases=[]).keep.unknown == ("no_case",)


def test_a_pending_proceeding_keeps_until_a_court_entered_its_decision() -> None:
    def pending(decided: Any) -> str | None:
        return kept({"fixed_date": "2020-01-01"}, {"proceedings": [{"kind": "amparo", "decided": decided}]})

    assert pending([]) is None
    assert pending(claim("2021-01-01")) is None
    assert pending(court("2021-01-01")) == "2020-01-01"


def test_a_duty_to_look_is_the_earliest_and_permits_nothing() -> None:
    rule = retention_rule(
        "forever", cases=[{"keep": "forever", "review_by": {"months": 6, "from": "profile_obtained"}}]
    )
    sooner = retention_rule("forever", cases=[{"keep": "forever", "review_by": {"fixed_date": "2020-02-01"}}])
    facts = {"case": "1"}
    item = {"item": "A", "dates": {"profile_obtained": claim("2020-01-31")}}
    found = ask(item=item, cases=[{"facts": facts, "rules": [rule]}])
    assert (found.keep.until, str(found.keep.review_by)) == (None, "2020-07-31")
    both = ask(item=item, cases=[{"facts": facts, "rules": [rule]}, {"facts": facts, "rules": [sooner]}])
    assert str(both.keep.review_by) == "2020-02-01"
    assert ask(cases=[{"facts": facts, "rules": [rule]}]).keep.review_by is None
    unsure = retention_rule(
        "forever",
        cases=[{"when": {"stage": ["convicted"]}, "keep": "forever", "review_by": {"fixed_date": "2020-02-01"}}],
    )
    assert ask(cases=[{"facts": facts, "rules": [unsure]}]).keep.review_by is None
