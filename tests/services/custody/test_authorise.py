"""The table is stated here a second time, as sentences that a lawyer can read, and compared cell by cell."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations
from typing import get_args

import pytest

from services.custody.authorise import TABLE, NoStanding, Permitted, Relation, permit, relations
from services.custody.refusals import RoleForbids
from services.custody.rules.case import LinkPerson, OpenCase
from services.custody.rules.command import Command
from services.custody.rules.offer import AcceptOffer, RefuseOffer, WithdrawOffer
from services.custody.rules.person import RegisterPerson
from services.custody.rules.proposal import WithdrawProposal
from services.custody.rules.sample import AmendSample
from services.custody.rules.table import COMMANDS
from services.custody.rules.world import ActorState
from shared.facts.people import Role
from tests.services.custody.rules.scene import (
    AUDITOR,
    COUNSEL,
    COURIER,
    COURT,
    LAB,
    OTHER_COUNSEL,
    OTHER_LAB,
    OTHER_PROSECUTOR,
    OVERSIGHT,
    PROSECUTOR,
    REGISTRAR,
    STORE,
    Scene,
    accept,
    appoint,
    founded,
    offer,
    register,
    text,
    uid,
    with_case,
)
from tests.services.custody.rules.test_proposal import propose

ROLES: tuple[Role, ...] = get_args(Role)
READS = ("sample.read", "case.read", "offer.read", "proposal.read", "hold.read")
VERBS = (*sorted(rule.verb for rule in COMMANDS.values()), *READS, "case.read_brief", "account.read", "auditor.read")

HOLDING = """
offer.make: HOLDER PAST_HOLDER
offer.accept: RECEIVER
offer.refuse: RECEIVER
offer.withdraw: RELEASER
sample.read: HOLDER PAST_HOLDER REGISTRANT RECEIVER
offer.read: RELEASER RECEIVER
proposal.read: HOLDER
hold.place: HOLDER
hold.lift: SETTER
hold.read: HOLDER SETTER
case.read_brief: HOLDER PAST_HOLDER REGISTRANT
"""
STATES = (
    "case.state_date",
    "case.state_circumstance",
    "case.open_proceeding",
    "case.decide_proceeding",
    "case.end_role",
)


def states(relation: str) -> str:
    """A party says of its case what it knows, and takes back what it said itself."""
    return "".join(f"\n{verb}: {relation}" for verb in STATES) + "\ncase.withdraw_statement: SETTER\n"


SENTENCES: dict[Role, str] = {
    "registrar": """
        organisation.register: INSTALLATION
        person.register: INSTALLATION
        account.link: INSTALLATION
        account.link_service: INSTALLATION
        account.name_operator: REGISTER
        account.close: REGISTER
        account.read: REGISTER
        auditor.read: REGISTER
    """,
    "court": states("COURT").replace("SETTER", "COURT") + """
        person.register: INSTALLATION
        case.open: INSTALLATION
        case.link_person: COURT
        case.appoint_counsel: COURT
        sample.read: COURT
        case.read: COURT
        offer.read: COURT
        proposal.read: COURT
        hold.read: COURT
        hold.place: COURT
        hold.lift: COURT
        account.close: REGISTER
        account.read: REGISTER
        auditor.appoint: INSTALLATION
        auditor.dismiss: REGISTER
        auditor.read: REGISTER
    """,
    "prosecutor": HOLDING + states("AUTHORITY") + """
        person.register: INSTALLATION
        case.open: AUTHORITY
        case.link_person: AUTHORITY
        proposal.make: AUTHORITY
        proposal.withdraw: PROPOSER
        sample.read: AUTHORITY
        case.read: AUTHORITY
        offer.read: AUTHORITY
        proposal.read: AUTHORITY PROPOSER
        hold.place: AUTHORITY
        hold.read: AUTHORITY
    """,
    "lab": HOLDING + """
        case.open: INSTALLATION
        sample.register: INSTALLATION
        sample.amend: HOLDER REGISTRANT
    """,
    "custodian": HOLDING,
    "courier": "",
    "defence": states("COUNSEL") + "case.appoint_counsel: COUNSEL\nhold.place: COUNSEL\nhold.lift: SETTER\n" + "\n".join(f"{verb}: COUNSEL" for verb in READS),
    "auditor": "\n".join(f"{verb}: OVERSIGHT" for verb in READS),
    "oversight": "hold.place: OVERSIGHT\nhold.lift: SETTER\nauditor.read: REGISTER\n" + "\n".join(f"{verb}: OVERSIGHT" for verb in READS),
}  # fmt: skip


def stated(role: Role, verb: str) -> set[str]:
    lines = (line.strip().partition(": ") for line in SENTENCES[role].splitlines())
    return {relation for name, _, allowed in lines if name == verb for relation in allowed.split()}


def test_g12_every_cell_of_the_table_is_as_stated() -> None:
    for role in ROLES:
        for verb in VERBS:
            granted = {relation.name for relation in TABLE.get((role, verb), frozenset())}
            assert granted == stated(role, verb), (role, verb)
    assert set(TABLE) <= {(role, verb) for role in ROLES for verb in VERBS}


def some_relations() -> Iterator[frozenset[Relation]]:
    """None, each one, each two, and all."""
    every = list(Relation)
    sets = chain(combinations(every, 0), combinations(every, 1), combinations(every, 2), [tuple(every)])
    return (frozenset(one) for one in sets)


@pytest.mark.parametrize("role", ROLES)
def test_g12_deny_by_default_404_without_a_relation_403_without_the_role(role: Role) -> None:
    who = ActorState(uid("account"), uid("person"), uid("org"), role, service=False)
    for verb in (*VERBS, "sample.destroy"):
        for held in some_relations():
            answer = permit(who, verb, held, "sample/x")
            allowed = {relation for relation in held if relation.name in stated(role, verb)}
            if allowed:
                assert answer == Permitted(frozenset(allowed))
            elif held:
                assert isinstance(answer, RoleForbids)
                assert (answer.status, answer.target) == (403, "sample/x")
            else:
                assert answer == NoStanding()


def test_g12_who_may_read_can_thereby_protect_and_only_counsel_states_something_of_its_case() -> None:
    for role in ("defence", "auditor", "oversight", "courier"):
        own = {*STATES, "case.withdraw_statement", "case.appoint_counsel"} if role == "defence" else set()
        may = {verb for one, verb in TABLE if one == role}
        assert may - own <= {*READS, "hold.place", "hold.lift", "auditor.read"}


# What a system may do, said once more: nothing that approves, takes over, ends a protection, or makes somebody someone.
BY_A_SYSTEM = """
case.open case.read_brief sample.register sample.amend sample.read offer.make offer.refuse offer.withdraw offer.read
proposal.read hold.place hold.read
"""


def test_g2_a_system_approves_nothing_and_is_never_more_than_its_role() -> None:
    for role in ROLES:
        system = ActorState(uid("account"), uid("person"), uid("org"), role, service=True)
        for verb in VERBS:
            for held in some_relations():
                answer = permit(system, verb, held, "sample/x")
                allowed = held & TABLE.get((role, verb), frozenset()) if verb in BY_A_SYSTEM.split() else frozenset()
                expected = Permitted if allowed else RoleForbids if held else NoStanding
                assert isinstance(answer, expected), (role, verb, held)


def test_g12_who_handles_items_sees_nobody_of_the_case() -> None:
    whole = {relation.name for (_, verb), granted in TABLE.items() if verb == "case.read" for relation in granted}
    assert whole == {"AUTHORITY", "COURT", "COUNSEL", "OVERSIGHT"}


def test_g2_who_proposes_appoints_nobody_and_who_appoints_proposes_nothing() -> None:
    proposers = {role for role, verb in TABLE if verb == "proposal.make"}
    appointers = {role for role, verb in TABLE if verb == "case.appoint_counsel"}
    assert (proposers, appointers) == ({"prosecutor"}, {"court", "defence"})
    assert TABLE["defence", "case.appoint_counsel"] == {Relation.COUNSEL}


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A went from lab to store and is proposed; B is offered by the lab to the store; C is of another office's case."""
    scene = with_case(with_case(founded()), "other case", OTHER_PROSECUTOR)
    for name in "AB":
        scene.must(LAB, register(name))
    scene.must(LAB, register("C", case="other case"))
    scene.must(COURT, appoint())
    scene.must(LAB, offer("done", "A"))
    scene.must(STORE, accept(scene, "done"))
    scene.must(LAB, offer("open", "B"))
    scene.must(LAB, offer("mixed", "C", to="other lab"))
    scene.must(LAB, WithdrawOffer(offer=uid("mixed"), reason=text("reason")))
    scene.must(PROSECUTOR, propose("P", "A"))
    return scene


def names(scene: Scene, who: ActorState, command: Command) -> set[str]:
    return {relation.name for relation in relations(replace(scene.world, actor=who), command)}


def on_case(case: str = "case") -> Command:
    return LinkPerson(case=uid(case), person=uid("client"), role="victim", source=text("source"))


def on_item(item: str) -> Command:
    return AmendSample(sample=uid(item), reason=text("reason"))


WHO = (REGISTRAR, COURT, PROSECUTOR, OTHER_PROSECUTOR, LAB, OTHER_LAB, STORE, COUNSEL, OTHER_COUNSEL, AUDITOR,
       OVERSIGHT, COURIER)  # fmt: skip
IN_THE_CASE = {COURT: {"COURT"}, PROSECUTOR: {"AUTHORITY"}, COUNSEL: {"COUNSEL"}, AUDITOR: {"OVERSIGHT"},
               OVERSIGHT: {"OVERSIGHT"}}  # fmt: skip


def test_g12_relations_to_a_case(scene: Scene) -> None:
    for who in WHO:
        assert names(scene, who, on_case()) == IN_THE_CASE.get(who, set()), who
        assert names(scene, who, on_case("never opened")) == set(), who


def test_g12_relations_to_an_item_that_moved(scene: Scene) -> None:
    expected = IN_THE_CASE | {LAB: {"PAST_HOLDER", "REGISTRANT"}, STORE: {"HOLDER", "PAST_HOLDER"}}
    for who in WHO:
        assert names(scene, who, on_item("A")) == expected.get(who, set()), who
        assert names(scene, who, on_item("never registered")) == set(), who


def test_g12_relations_to_an_item_under_offer(scene: Scene) -> None:
    expected = IN_THE_CASE | {LAB: {"HOLDER", "PAST_HOLDER", "REGISTRANT"}, STORE: {"RECEIVER"}}
    for who in WHO:
        assert names(scene, who, on_item("B")) == expected.get(who, set()), who


def test_g12_relations_to_an_offer(scene: Scene) -> None:
    expected = IN_THE_CASE | {LAB: {"RELEASER"}, STORE: {"RECEIVER"}}
    act = RefuseOffer(offer=uid("open"), reason="damaged")
    for who in WHO:
        assert names(scene, who, act) == expected.get(who, set()), who
        assert names(scene, who, AcceptOffer(offer=uid("never made"), receipts=())) == set(), who


def test_g12_relations_to_a_proposal(scene: Scene) -> None:
    expected = IN_THE_CASE | {PROSECUTOR: {"AUTHORITY", "PROPOSER"}, STORE: {"HOLDER"}}
    for who in WHO:
        assert names(scene, who, WithdrawProposal(proposal=uid("P"), reason=text("reason"))) == expected.get(who, set())
        assert names(scene, who, WithdrawProposal(proposal=uid("Q"), reason=text("reason"))) == set()


def test_g12_a_relation_to_several_items_is_one_to_each(scene: Scene) -> None:
    assert names(scene, LAB, offer("new", "A", "B")) == {"PAST_HOLDER", "REGISTRANT"}
    assert names(scene, PROSECUTOR, offer("new", "A", "B")) == {"AUTHORITY"}
    assert names(scene, PROSECUTOR, offer("new", "A", "C")) == set()
    assert names(scene, COUNSEL, offer("new", "A", "C")) == set()
    assert names(scene, COURT, offer("new", "A", "C")) == {"COURT"}
    assert names(scene, LAB, offer("new", "A", "never registered")) == set()
    assert names(scene, LAB, offer("new")) == set()


def test_relations_to_what_the_installation_has_for_all(scene: Scene) -> None:
    for who in WHO:
        assert names(scene, who, RegisterPerson(id=uid("x"), person_name=text("person_name"))) == {"INSTALLATION"}
        own = {"AUTHORITY"} if who is PROSECUTOR else set()
        asked = OpenCase(id=uid("x"), authority=PROSECUTOR.org, folio="F-1")
        assert names(scene, who, asked) == {"INSTALLATION"} | own
