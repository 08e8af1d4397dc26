"""G2: whoever has standing may say what they know; only a court's word, or the setter's own, brings an end nearer."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.custody.authorise import NoStanding
from services.custody.policy.facts import ItemFacts
from services.custody.policy.keeping import keep
from services.custody.policy.question import CaseQuestion
from services.custody.policy.rules import RetentionRule
from services.custody.refusals import (
    NotStatedAnyMore,
    OccurredInTheFuture,
    RoleForbids,
    TooManyStatements,
    UnknownReference,
)
from services.custody.rules.case_facts import facts_of
from services.custody.rules.command import Command
from services.custody.rules.statement import (
    MAX_STATEMENTS,
    DecideProceeding,
    EndRole,
    OpenProceeding,
    StateCircumstance,
    StateDate,
    WithdrawStatement,
)
from services.custody.rules.world import ActorState
from shared.facts.statements import StatementSource
from tests.services.custody.policy.scene import retention_rule
from tests.services.custody.rules.scene import (
    COUNSEL,
    COURT,
    LAB,
    NOW,
    OTHER_PROSECUTOR,
    OVERSIGHT,
    PROSECUTOR,
    Scene,
    appoint,
    founded,
    register,
    text,
    uid,
    with_case,
)

SOURCE = StatementSource(kind="judgment", reference="CP-112/2019")
DISCHARGED = date(2031, 4, 30)
KEEP = {"per_person": {"combine": "max", "of": ["convicted"], "keep": {"until": "discharge"}}}
RULE = TypeAdapter(RetentionRule).validate_python(retention_rule(KEEP))


@pytest.fixture
def scene() -> Scene:
    scene = with_case(founded())
    scene.must(COURT, appoint())
    return scene


def discharge(day: date | None = DISCHARGED, statement: str = "s", person: str = "client") -> StateDate:
    return StateDate(
        case=uid("case"), id=uid(statement), source=SOURCE, anchor="discharge", person=uid(person), day=day
    )


def appeal(statement: str = "appeal") -> OpenProceeding:
    return OpenProceeding(case=uid("case"), id=uid(statement), source=SOURCE, kind="appeal")


def denied(statement: str = "denied", proceeding: str = "appeal") -> DecideProceeding:
    return DecideProceeding(
        case=uid("case"), id=uid(statement), source=SOURCE, proceeding=uid(proceeding), day=date(2029, 1, 2),
        outcome="denied",
    )  # fmt: skip


def role_ends(statement: str = "end", role: Any = "convicted") -> EndRole:
    return EndRole(case=uid("case"), id=uid(statement), source=SOURCE, person=uid("client"), role=role)


def take_back(statement: str = "s") -> WithdrawStatement:
    return WithdrawStatement(case=uid("case"), statement=uid(statement), reason=text("reason"))


def until(scene: Scene) -> date | None:
    """Until when an item of the case is kept; None: never over."""
    facts = facts_of(scene.world.cases[uid("case")])
    return keep(ItemFacts("item"), (CaseQuestion(facts, (RULE,)),)).until


def test_a_courts_word_is_effective_and_anothers_is_claimed(scene: Scene) -> None:
    for number, who in enumerate((COURT, PROSECUTOR, COUNSEL)):
        scene.must(who, discharge(statement=f"{number}"))
    made = scene.world.cases[uid("case")].statements
    assert [(one.standing, one.by, one.org) for one in made] == [
        ("effective", COURT.person, COURT.org), ("claimed", PROSECUTOR.person, PROSECUTOR.org),
        ("claimed", COUNSEL.person, COUNSEL.org),
    ]  # fmt: skip


def test_g2_only_a_courts_word_ends_a_period(scene: Scene) -> None:
    scene.must(PROSECUTOR, discharge(DISCHARGED, "claim"))
    assert until(scene) is None
    scene.must(COURT, discharge(DISCHARGED, "word"))
    assert until(scene) == DISCHARGED


def test_g2_a_later_claim_lengthens_and_an_earlier_one_does_nothing(scene: Scene) -> None:
    scene.must(COURT, discharge())
    scene.must(PROSECUTOR, discharge(DISCHARGED - timedelta(days=900), "earlier"))
    assert until(scene) == DISCHARGED
    scene.must(COUNSEL, discharge(DISCHARGED + timedelta(days=900), "later"))
    assert until(scene) == DISCHARGED + timedelta(days=900)
    scene.must(COUNSEL, discharge(None, "not at all"))
    assert until(scene) is None


def test_g2_the_setter_takes_its_own_word_back_and_the_period_is_what_it_was(scene: Scene) -> None:
    scene.must(COURT, discharge())
    scene.must(COUNSEL, discharge(None, "not yet"))
    scene.must(COUNSEL, take_back("not yet"))
    assert until(scene) == DISCHARGED
    scene.must(COURT, take_back())
    assert until(scene) is None


def test_g2_a_pending_proceeding_keeps_until_a_court_says_that_it_is_decided(scene: Scene) -> None:
    scene.must(COURT, discharge())
    scene.must(COUNSEL, appeal())
    assert until(scene) is None
    scene.must(PROSECUTOR, denied("claimed"))
    assert until(scene) is None
    scene.must(COURT, denied())
    assert until(scene) == DISCHARGED


def test_g2_a_role_ends_by_a_courts_word_alone(scene: Scene) -> None:
    def roles() -> list[bool]:
        return [role.ended for one in facts_of(scene.world.cases[uid("case")]).persons for role in one.roles]

    scene.must(PROSECUTOR, role_ends("claimed"))
    assert roles() == [False]
    scene.must(COURT, role_ends())
    assert roles() == [True]
    scene.must(COURT, take_back("end"))
    assert roles() == [False]


def test_a_circumstance_is_told_with_who_said_it(scene: Scene) -> None:
    for number, who in enumerate((PROSECUTOR, COURT)):
        stated = StateCircumstance(
            case=uid("case"), id=uid(f"c{number}"), source=SOURCE, circumstance="stage", value="convicted"
        )
        scene.must(who, stated)
    told = facts_of(scene.world.cases[uid("case")]).circumstances
    assert [(one.value, one.by) for one in told["stage"]] == [("convicted", "other"), ("convicted", "court")]


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (discharge(person="other client"), "person/other client"),
        (role_ends(role="accused"), "person/client"),
        (denied(proceeding="nothing"), "proceeding/nothing"),
        (take_back("nothing"), "statement/nothing"),
    ],
)
def test_what_is_not_in_the_case_is_named(scene: Scene, command: Command, named: str) -> None:
    noun, _, name = named.partition("/")
    assert scene.do(COURT, command) == UnknownReference(f"{noun}/{uid(name)}")


def test_a_proceeding_that_was_taken_back_cannot_be_decided(scene: Scene) -> None:
    scene.must(COUNSEL, appeal())
    scene.must(COUNSEL, take_back("appeal"))
    assert isinstance(scene.do(COURT, denied()), UnknownReference)
    assert isinstance(scene.do(COUNSEL, take_back("appeal")), NotStatedAnyMore)


@pytest.mark.parametrize(
    ("who", "answer"), [(LAB, NoStanding), (OTHER_PROSECUTOR, NoStanding), (OVERSIGHT, RoleForbids)]
)
def test_g12_who_is_no_party_states_nothing(scene: Scene, who: ActorState, answer: type) -> None:
    scene.must(LAB, register("A"))
    assert isinstance(scene.do(who, discharge()), answer)


def test_g2_nobody_takes_back_what_another_said_but_a_court(scene: Scene) -> None:
    scene.must(COUNSEL, appeal())
    assert isinstance(scene.do(PROSECUTOR, take_back("appeal")), RoleForbids)
    assert isinstance(scene.do(OTHER_PROSECUTOR, take_back("appeal")), NoStanding)
    scene.must(COURT, take_back("appeal"))
    assert [one.standing for one in scene.world.cases[uid("case")].statements] == ["withdrawn"]


@pytest.mark.parametrize(
    ("anchor", "days", "taken"),
    [("death", 1, True), ("death", 2, False), ("conviction", 400, False), ("sentence_end", 9000, True)],
)
def test_what_has_happened_has_no_day_to_come(scene: Scene, anchor: Any, days: int, taken: bool) -> None:
    day = NOW.date() + timedelta(days=days)
    stated = StateDate(case=uid("case"), id=uid("s"), source=SOURCE, anchor=anchor, person=uid("client"), day=day)
    assert isinstance(scene.do(COURT, stated), list if taken else OccurredInTheFuture)


def test_a_proceeding_is_not_decided_on_a_day_to_come(scene: Scene) -> None:
    scene.must(COUNSEL, appeal())
    assert isinstance(scene.do(COURT, replace(denied(), day=NOW.date() + timedelta(days=2))), OccurredInTheFuture)


def test_a_case_holds_so_many_statements_and_no_more(scene: Scene) -> None:
    for number in range(MAX_STATEMENTS):
        scene.must(COURT, appeal(f"{number}"))
    assert isinstance(scene.do(COURT, appeal("one more")), TooManyStatements)


Spoken = st.tuples(st.booleans(), st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1)))


@given(st.lists(Spoken, max_size=6), st.lists(st.none() | st.dates(date(2020, 1, 1), date(2040, 1, 1)), max_size=4))
def test_g2_no_claim_ever_brings_an_end_nearer(
    spoken: list[tuple[bool, date | None]], claims: list[date | None]
) -> None:
    scene = with_case(founded())
    for number, (court, day) in enumerate(spoken):
        scene.must(COURT if court else PROSECUTOR, discharge(day, f"{number}"))
    for number, day in enumerate(claims):
        before = until(scene)
        scene.must(PROSECUTOR, discharge(day, f"claim {number}"))
        after = until(scene)
        assert after is None or (before is not None and after >= before)
