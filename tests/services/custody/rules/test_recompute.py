"""Until when items are kept, computed anew from the facts of their case, or because a text came into force."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.custody.policy.retention import Law
from services.custody.policy.rules import Pack
from services.custody.rules.recompute import decide_recompute
from services.custody.rules.sample import SampleState
from shared.events import Draft
from shared.facts.retention import Because, SampleRetentionChanged
from tests.services.custody.policy.scene import retention_rule
from tests.services.custody.rules.scene import (
    COUNSEL,
    COURT,
    LAB,
    NOW,
    Scene,
    appoint,
    founded,
    register,
    uid,
    with_case,
)
from tests.services.custody.rules.test_statement import DISCHARGED, KEEP, appeal, denied, discharge


def law(keep: Any, version: int = 1) -> Law:
    entry = {
        "id": "here",
        "version": version,
        "title": {"es": "aquí", "en": "here"},
        "retention": [retention_rule(keep)],
    }
    return Law(TypeAdapter(Pack).validate_python(entry))


@pytest.fixture
def scene() -> Scene:
    scene = with_case(founded())
    scene.world = replace(scene.world, law=law(KEEP))
    scene.must(COURT, appoint())
    scene.must(LAB, register("A"))
    return scene


def computed(scene: Scene, because: Because = "case_facts", by: Law | None = None) -> tuple[Draft, ...]:
    items = scene.world.samples.values()
    return decide_recompute(scene.world.cases[uid("case")], items, by or scene.world.law, because, NOW)


def settle(scene: Scene) -> SampleState:
    scene.record(COURT, computed(scene))
    return scene.sample("A")


def test_what_stands_is_no_fact(scene: Scene) -> None:
    assert computed(scene) == ()


def test_the_fact_says_what_stood_before_and_what_stands_now(scene: Scene) -> None:
    scene.must(COURT, discharge())
    (draft,) = computed(scene)
    fact = draft.fact
    assert isinstance(fact, SampleRetentionChanged)
    assert (fact.was.until, fact.retention.until, fact.case) == (None, DISCHARGED, uid("case"))
    assert settle(scene).retention_until == DISCHARGED
    assert computed(scene) == ()


def test_a_proceeding_takes_the_day_away_until_a_court_decided_it(scene: Scene) -> None:
    scene.must(COURT, discharge())
    settle(scene)
    scene.must(COUNSEL, appeal())
    assert settle(scene).retention_until is None
    scene.must(COURT, denied())
    assert settle(scene).retention_until == DISCHARGED


def test_another_day_is_reviewed_anew(scene: Scene) -> None:
    scene.must(COURT, discharge())
    settle(scene)
    scene.world = replace(scene.world, samples={uid("A"): replace(scene.sample("A"), review_lead=6)})
    scene.must(COURT, discharge(DISCHARGED, "the same"))
    assert settle(scene).review_lead == 6
    scene.must(COURT, discharge(DISCHARGED + timedelta(days=1), "another"))
    assert settle(scene).review_lead is None


def test_g10_a_text_that_comes_into_force_brings_no_end_nearer(scene: Scene) -> None:
    scene.must(COURT, discharge())
    settle(scene)
    sooner, longer = law({"fixed_date": "2020-01-01"}), law({"fixed_date": "2099-01-01"})
    assert computed(scene, "rule_came_into_force", sooner) == ()
    (draft,) = computed(scene, "rule_came_into_force", longer)
    assert isinstance(draft.fact, SampleRetentionChanged)
    assert draft.fact.retention.until == date(2099, 1, 1)
