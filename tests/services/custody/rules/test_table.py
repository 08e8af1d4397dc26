from collections import Counter
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pytest

from services.custody import refusals
from services.custody.authorise import TABLE
from services.custody.refusals import OccurredInTheFuture
from services.custody.rules.case import OpenCase
from services.custody.rules.command import Command
from services.custody.rules.footprint import LOCK_ORDER, Footprint
from services.custody.rules.organisation import RegisterOrganisation
from services.custody.rules.state import OutOfOrder
from services.custody.rules.table import COMMANDS, FACTS_APPLY, NOUNS, apply, decide
from services.custody.rules.world import World
from shared.errors import Refusal
from shared.events import Event
from shared.facts import FACTS
from shared.facts.people import Role
from shared.facts.refusals import CustodyCommandRefused
from tests.services.custody.rules.scene import (
    COURT,
    LAB,
    NOW,
    PROSECUTOR,
    STORE,
    Scene,
    accept,
    appoint,
    founded,
    link_account,
    offer,
    reach,
    register,
    uid,
    with_case,
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """One item that was offered to the store and accepted."""
    scene = with_case(founded())
    scene.must(LAB, register("A"))
    scene.must(LAB, offer("O", "A"))
    scene.must(STORE, accept(scene, "O"))
    return scene


T = TypeVar("T")


def subclasses(kind: type[T]) -> Iterator[type[T]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_fact_of_custody_has_one_noun_that_it_changes() -> None:
    of_custody = {name for name in FACTS if name.startswith("org.cadena.custody.")}
    assert set(FACTS_APPLY) == of_custody - {CustodyCommandRefused.type_name()}
    assert max(Counter(fact for noun in NOUNS.values() for fact in noun.facts).values()) == 1


def test_every_command_has_a_rule_and_every_verb_is_one_commands() -> None:
    # By name, since a dataclass with slots leaves the class that it was made from among the subclasses.
    def name(kind: type[Command]) -> str:
        return f"{kind.__module__}.{kind.__qualname__}"

    made = {name(kind) for kind in subclasses(Command)}
    forms = {name(kind) for kind in subclasses(Command) if kind.__subclasses__()}
    assert {name(kind) for kind in COMMANDS} == made - forms
    assert max(Counter(rule.verb for rule in COMMANDS.values()).values()) == 1


def test_every_verb_but_the_founding_is_some_roles() -> None:
    verbs = {rule.verb for rule in COMMANDS.values()} - {"installation.found"}
    reads = {"sample.read", "case.read", "case.read_brief", "offer.read", "proposal.read", "hold.read"}
    reads |= {"account.read", "auditor.read"}
    assert {verb for _, verb in TABLE} == verbs | reads
    assert {role for role, _ in TABLE} <= set(get_args(Role))


def test_wire_names_and_refusal_codes_are_unique() -> None:
    assert max(Counter(kind.name for kind in FACTS.values()).values()) == 1
    classes = [kind for kind in subclasses(Refusal) if kind.__module__ == refusals.__name__]
    assert max(Counter(kind.code for kind in classes).values()) == 1
    assert {kind.status for kind in classes} == {403, 409}
    assert all(kind.__doc__ for kind in classes)


def test_g9_a_refusal_is_a_value_and_cannot_be_changed() -> None:
    refusal = decide(World(), replace_time(OpenCase(id=uid("c"), authority=uid("court"), folio="F")), NOW)
    assert isinstance(refusal, OccurredInTheFuture)
    with pytest.raises(FrozenInstanceError):
        refusal.target = "case/other"  # type: ignore[misc]


def replace_time(command: Command) -> Command:
    return replace(command, occurred_at=NOW + timedelta(days=1))


def fits_a_column(hint: Any) -> bool:
    """A scalar, a choice of texts, one of them or nothing, or a tuple of texts or of flat pieces of texts."""
    if get_origin(hint) is tuple:
        piece, more = get_args(hint)
        flat = is_dataclass(piece) and all(fits_a_column(one) for one in get_type_hints(piece).values())
        return more is Ellipsis and (piece is str or flat)
    if get_origin(hint) in (UnionType, Union):
        return all(one is NoneType or fits_a_column(one) for one in get_args(hint))
    return hint in (str, int, bool, date, datetime) or get_origin(hint) is Literal


@pytest.mark.parametrize("noun", NOUNS)
def test_a_state_holds_what_a_row_can_hold(noun: str) -> None:
    members = get_type_hints(NOUNS[noun].state)
    assert [one.name for one in fields(NOUNS[noun].state)][:3] == ["id", "version", "updated_at"]
    assert [name for name, hint in members.items() if not fits_a_column(hint)] == []


def test_a_history_without_a_gap_is_folded_from_bytes_to_the_same_world(scene: Scene) -> None:
    world = World()
    states: dict[str, object] = {}
    for event in scene.events:
        parsed = Event.from_bytes(event.to_bytes())
        assert parsed.subject is not None
        states[parsed.subject] = apply(states.get(parsed.subject), parsed)  # type: ignore[arg-type]
    assert all(state == scene.world.state(subject) for subject, state in states.items())
    assert world.state("sample/none") is None


def test_an_event_that_is_not_the_next_is_out_of_order(scene: Scene) -> None:
    history = [event for event in scene.events if event.subject == f"sample/{uid('A')}"]
    first = apply(None, history[0])
    with pytest.raises(OutOfOrder, match="version 3 does not follow"):
        apply(first, history[2])
    with pytest.raises(OutOfOrder, match="version 1 does not follow"):
        apply(first, history[0])
    with pytest.raises(OutOfOrder, match="version 2 does not follow"):
        apply(None, history[1])


def test_a_subject_is_born_once_and_only_by_its_first_fact(scene: Scene) -> None:
    for name in NOUNS:
        history = [event for event in scene.events if (event.subject or "").startswith(f"{name}/")]
        for event in history[:1]:
            state = apply(None, event)
            with pytest.raises(OutOfOrder, match="does not follow in the history"):
                apply(state, event.model_copy(update={"sequence": 2}))
        for event in history[1:]:
            if event.sequence == 2:
                with pytest.raises(OutOfOrder, match="does not follow in the history"):
                    apply(None, event.model_copy(update={"sequence": 1}))


def test_a_fact_belongs_to_a_subject_of_its_noun(scene: Scene) -> None:
    event = scene.events[-1]
    with pytest.raises(OutOfOrder, match="is a fact about a sample"):
        apply(None, event.model_copy(update={"subject": f"case/{uid('case')}"}))


def test_a_refusal_changes_no_state(scene: Scene) -> None:
    kind = CustodyCommandRefused.type_name()
    with pytest.raises(OutOfOrder, match="changes no state"):
        apply(None, scene.events[0].model_copy(update={"type": kind}))


def test_a_persons_fact_names_organisation_and_person(scene: Scene) -> None:
    born = next(event for event in scene.events if event.subject == f"sample/{uid('A')}")
    anonymous = born.actor.model_copy(update={"org": None})
    with pytest.raises(OutOfOrder, match="names no person and organisation"):
        apply(None, born.model_copy(update={"actor": anonymous}))


def test_locks_come_in_one_order_each_sorted() -> None:
    everything = Footprint(
        persons=frozenset("ba"), organisations=frozenset("dc"), accounts_of=frozenset("b"), cases=frozenset("fe"),
        offers=frozenset("g"), proposals=frozenset("h"), holds=frozenset("l"),
        samples=frozenset("ji"), auditors=frozenset("u"),
    )  # fmt: skip
    locks = everything.locks(accounts=("z", "y"))
    assert [lock.noun for lock in locks] == list(LOCK_ORDER)
    assert [lock.ids for lock in locks] == [tuple(one) for one in ("ab", "cd", "yz", "u", "ef", "g", "h", "l", "ij")]
    assert [lock.mode for lock in locks] == ["share"] * 3 + ["update", "share"] + ["update"] * 4
    assert Footprint().locks() == ()


def test_who_changes_a_case_locks_it_alone_and_who_reads_it_shares_it(scene: Scene) -> None:
    changes = reach(replace(scene.world, actor=COURT), appoint()).locks((uid("account"),))
    assert [(lock.noun, lock.mode) for lock in changes] == [
        ("person", "share"),
        ("account", "share"),
        ("case", "update"),
    ]
    reads = reach(replace(scene.world, actor=LAB), register("B")).locks()
    assert [(lock.noun, lock.mode) for lock in reads] == [("case", "share")]


def test_an_offers_footprint_reaches_its_items_and_their_cases(scene: Scene) -> None:
    wanted = reach(replace(scene.world, actor=STORE), accept(scene, "O"))
    assert (wanted.offers, wanted.samples) == (frozenset({uid("O")}), frozenset({uid("A")}))
    assert wanted.cases == frozenset({uid("case")})


@pytest.mark.parametrize(
    ("command", "subject", "target"),
    [
        (register("A"), f"sample/{uid('A')}", f"case/{uid('case')}"),
        (offer("O", "A", "B"), f"offer/{uid('O')}", f"sample/{uid('A')}"),
        (appoint(), f"case/{uid('case')}", f"case/{uid('case')}"),
        (link_account("client", "lab", "lab", name="x"), f"account/{uid('account x')}", f"person/{uid('client')}"),
        (
            RegisterOrganisation(id=uid("o"), name="O", kind="lab", independent=True),
            f"organisation/{uid('o')}",
            f"organisation/{uid('o')}",
        ),
    ],
)
def test_a_refusal_names_what_exists_rather_than_what_never_came_to_be(
    command: Command, subject: str, target: str
) -> None:
    assert (command.subject(), command.target()) == (subject, target)


def test_nobody_acts_in_the_founding() -> None:
    with pytest.raises(LookupError):
        World().acting()
    assert replace(World(), actor=PROSECUTOR).acting() == PROSECUTOR
