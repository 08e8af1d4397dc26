"""Items are kept by the pack in force: an end that is not known refuses a proposal, and no statement of a lab brings one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from services.custody.policy.retention import Law
from services.custody.policy.rules import Pack
from services.custody.refusals import RetentionNotOver
from services.custody.rules.proposal import MakeProposal
from tests.services.custody.policy.scene import retention_rule
from tests.services.custody.rules.scene import LAB, NOW, PROSECUTOR, Scene, founded, register, uid, with_case
from tests.services.custody.rules.test_sample import amend

PLANNED = NOW.date() + timedelta(days=90)


def under(keep: Any) -> Scene:
    """A case of an installation whose pack keeps so."""
    entry = {"id": "here", "version": 2, "title": {"es": "aquí", "en": "here"}, "retention": [retention_rule(keep)]}
    scene = with_case(founded())
    scene.world = replace(scene.world, law=Law(TypeAdapter(Pack).validate_python(entry)))
    return scene


def propose(scene: Scene) -> Any:
    return scene.do(
        PROSECUTOR,
        MakeProposal(
            id=uid("P"), samples=(uid("A"),), planned_on=PLANNED, reason="retention_over", method="incineration"
        ),
    )


def test_g2_an_item_whose_end_is_not_known_is_kept_and_the_refusal_says_so() -> None:
    scene = under({"per_person": {"combine": "max", "of": ["convicted"], "keep": {"until": "discharge"}}})
    made = scene.must(LAB, register("A"))[0]
    assert made.data["retention"] == {"rule": "KEEP", "version": 1}
    assert scene.sample("A").retention_until is None
    refusal = propose(scene)
    assert isinstance(refusal, RetentionNotOver)
    assert "what the rule asks for is not known" in refusal.detail


def test_g2_an_earlier_collection_stated_later_shortens_nothing() -> None:
    scene = under({"max": [{"years": 20, "from": "collection"}, {"until": "case_solved"}]})
    scene.must(LAB, register("A", collected_at=NOW - timedelta(days=30)))
    scene.must(LAB, amend(collected_at=NOW - timedelta(days=365 * 40)))
    assert scene.sample("A").collected_latest == (NOW - timedelta(days=30)).date()
    scene.world = replace(scene.world, law=under({"years": 20, "from": "collection"}).world.law)
    assert isinstance(propose(scene), RetentionNotOver)


def test_the_proposal_names_the_pack_in_force() -> None:
    scene = under({"fixed_date": "2001-01-01"})
    scene.must(LAB, register("A"))
    made = propose(scene)[0]
    assert made.data["rule"] == {"id": "here", "version": 2}
    assert made.data["items"][0]["retention_until"] == "2001-01-01"


def test_g10_what_is_kept_by_an_earlier_text_is_kept_by_a_later_one_too() -> None:
    scene = under({"fixed_date": "2090-01-01"})
    scene.must(LAB, register("A"))
    scene.world = replace(scene.world, law=under({"fixed_date": "2001-01-01"}).world.law)
    refusal = propose(scene)
    assert isinstance(refusal, RetentionNotOver)
    assert "2090-01-01" in refusal.detail
