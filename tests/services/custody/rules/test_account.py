"""Accounts of systems and their operators, and the end of an account: nobody is locked out, nothing is left unguarded."""

from dataclasses import replace

import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    AccountIsClosed,
    AlreadyLinked,
    LastAccountOfCounsel,
    NotAService,
    NotCounsel,
    OperatorNotOfTheOrganisation,
    OwnAccount,
    RoleForbids,
    RoleNotOfTheOrganisation,
    UnknownReference,
)
from services.custody.rules.account import CloseAccount, LinkService, NameOperator
from services.custody.rules.person import RegisterPerson
from services.custody.rules.state import OutOfOrder
from services.custody.rules.table import apply
from services.custody.rules.world import ActorState
from shared.facts.people import AccountClosed, AccountStopped, ServiceRole
from tests.services.custody.rules.scene import (
    AUDITOR,
    COUNSEL,
    COURT,
    LAB,
    OVERSIGHT,
    PROSECUTOR,
    REGISTRAR,
    Scene,
    appoint,
    founded,
    link_account,
    offer,
    register,
    text,
    uid,
    with_case,
)
from tests.services.custody.rules.test_proposal import propose

SYSTEM = ActorState(uid("account lims"), uid("chemist"), uid("lab"), "lab", service=True)


def service(operator: str = "chemist", organisation: str = "lab", role: ServiceRole = "lab") -> LinkService:
    return LinkService(
        id=SYSTEM.account, operator=uid(operator), organisation=uid(organisation), role=role,
        account_digest=uid("lims").replace("-", "").ljust(64, "0"),
    )  # fmt: skip


def close(name: str) -> CloseAccount:
    return CloseAccount(account=uid(f"account {name}"), reason=text("reason", "left"))


def status(scene: Scene, name: str) -> str:
    return scene.world.accounts[uid(f"account {name}")].status


@pytest.fixture
def scene() -> Scene:
    """A laboratory with a chemist and an assistant, who each have an account there, and a system of the chemist's."""
    scene = with_case(founded())
    for name in ("chemist", "assistant"):
        scene.must(REGISTRAR, RegisterPerson(id=uid(name), person_name=text("person_name", name)))
        scene.must(REGISTRAR, link_account(name, "lab", "lab"))
    scene.must(REGISTRAR, service())
    return scene


def test_a_system_acts_in_the_name_of_its_operator(scene: Scene) -> None:
    account = scene.world.accounts[SYSTEM.account]
    assert (account.kind, account.status, account.person, account.role) == ("service", "open", uid("chemist"), "lab")
    scene.must(SYSTEM, register("A"))
    assert scene.sample("A").custodian_person == uid("chemist")
    scene.must(SYSTEM, offer("O", "A"))


def test_g2_a_system_proposes_nothing_whatever_role_a_row_gives_it(scene: Scene) -> None:
    scene.must(LAB, register("A"))
    machine = replace(PROSECUTOR, service=True)
    assert isinstance(scene.do(machine, propose("P", "A")), RoleForbids)
    assert isinstance(scene.do(PROSECUTOR, propose("P", "A")), list)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (service(operator="counsel"), OperatorNotOfTheOrganisation),
        (service(operator="client"), OperatorNotOfTheOrganisation),
        (service(organisation="other lab"), OperatorNotOfTheOrganisation),
        (service(organisation="defence"), RoleNotOfTheOrganisation),
    ],
)
def test_an_operator_is_a_person_of_the_systems_organisation(command: LinkService, refusal: type) -> None:
    scene = founded()
    scene.must(REGISTRAR, RegisterPerson(id=uid("chemist"), person_name=text("person_name", "chemist")))
    scene.must(REGISTRAR, link_account("chemist", "lab", "lab"))
    assert isinstance(scene.do(REGISTRAR, command), refusal)


def test_a_system_is_no_operator_of_another(scene: Scene) -> None:
    """A system's row names its operator, who is not thereby a person of the organisation."""
    scene.must(REGISTRAR, NameOperator(account=SYSTEM.account, operator=uid("assistant")))
    scene.must(REGISTRAR, close("assistant lab"))
    assert status(scene, "lims") == "stopped"
    assert isinstance(
        scene.do(REGISTRAR, NameOperator(account=SYSTEM.account, operator=uid("assistant"))),
        OperatorNotOfTheOrganisation,
    )


def test_one_digest_is_one_account_of_a_person_or_a_system(scene: Scene) -> None:
    again = link_account("assistant", "lab", "lab", name="second")
    assert isinstance(scene.do(REGISTRAR, replace(again, account_digest=service().account_digest)), AlreadyLinked)
    taken = scene.world.accounts[uid("account chemist lab")].account_digest
    assert isinstance(scene.do(REGISTRAR, replace(service(), id=uid("another"), account_digest=taken)), AlreadyLinked)


def test_a_system_stops_with_the_last_account_of_its_operator_and_goes_on_with_another_one(scene: Scene) -> None:
    facts = scene.must(REGISTRAR, close("chemist lab"))
    assert [event.type for event in facts] == [AccountClosed.type_name(), AccountStopped.type_name()]
    assert (status(scene, "chemist lab"), status(scene, "lims")) == ("closed", "stopped")
    scene.must(REGISTRAR, NameOperator(account=SYSTEM.account, operator=uid("assistant")))
    account = scene.world.accounts[SYSTEM.account]
    assert (account.status, account.person) == ("open", uid("assistant"))


def test_a_system_goes_on_while_its_operator_has_another_account_there(scene: Scene) -> None:
    scene.must(REGISTRAR, link_account("chemist", "lab", "custodian"))
    assert len(scene.must(REGISTRAR, close("chemist lab"))) == 1
    assert status(scene, "lims") == "open"
    scene.must(REGISTRAR, close("chemist custodian"))
    assert status(scene, "lims") == "stopped"


def test_an_account_of_a_system_is_closed_alone(scene: Scene) -> None:
    assert len(scene.must(REGISTRAR, close("lims"))) == 1
    assert status(scene, "chemist lab") == "open"
    assert isinstance(scene.do(REGISTRAR, close("lims")), AccountIsClosed)
    assert isinstance(
        scene.do(REGISTRAR, NameOperator(account=SYSTEM.account, operator=uid("assistant"))), AccountIsClosed
    )


def test_a_persons_own_account_has_no_operator(scene: Scene) -> None:
    named = NameOperator(account=uid("account chemist lab"), operator=uid("assistant"))
    assert isinstance(scene.do(REGISTRAR, named), NotAService)
    missing = NameOperator(account=SYSTEM.account, operator=uid("nobody at all"))
    assert scene.do(REGISTRAR, missing) == UnknownReference(f"person/{uid('nobody at all')}")


def test_after_an_end_the_same_subject_is_linked_anew_as_another_account(scene: Scene) -> None:
    scene.must(REGISTRAR, close("chemist lab"))
    digest = scene.world.accounts[uid("account chemist lab")].account_digest
    moved = replace(link_account("chemist", "prosecution", "prosecutor"), account_digest=digest)
    scene.must(REGISTRAR, moved)
    assert status(scene, "chemist lab") == "closed"
    assert status(scene, "chemist prosecutor") == "open"
    assert isinstance(scene.do(REGISTRAR, replace(moved, id=uid("third"))), AlreadyLinked)


def test_nobody_closes_the_account_they_act_by(scene: Scene) -> None:
    scene.must(REGISTRAR, RegisterPerson(id=uid("r"), person_name=text("person_name", "r")))
    scene.must(REGISTRAR, link_account("r", "registry", "registrar"))
    registrar = ActorState(uid("account r registrar"), uid("r"), uid("registry"), "registrar", service=False)
    assert isinstance(scene.do(registrar, close("r registrar")), OwnAccount)
    assert isinstance(scene.do(COURT, close("r registrar")), list)


@pytest.mark.parametrize("who", [LAB, PROSECUTOR, COUNSEL, AUDITOR, OVERSIGHT, SYSTEM])
def test_g12_who_keeps_no_register_learns_of_no_account(scene: Scene, who: ActorState) -> None:
    outcomes = [scene.do(who, close("chemist lab")), scene.do(who, close("never linked"))]
    if who is OVERSIGHT:
        assert isinstance(outcomes[0], RoleForbids)
    else:
        assert isinstance(outcomes[0], NoStanding)
    assert isinstance(outcomes[1], NoStanding)


def test_g2_a_registrar_does_not_take_the_last_account_of_a_counsel_of_record() -> None:
    scene = with_case(founded())
    scene.must(COURT, appoint())
    assert isinstance(scene.do(REGISTRAR, close("counsel defence")), LastAccountOfCounsel)
    assert isinstance(scene.do(REGISTRAR, close("other counsel defence")), list), "who speaks for nobody may go"
    scene.must(REGISTRAR, link_account("counsel", "defence", "defence", name="counsel again"))
    scene.must(REGISTRAR, close("counsel defence"))
    assert isinstance(scene.do(REGISTRAR, close("counsel again")), LastAccountOfCounsel)
    scene.must(COURT, close("counsel again"))
    assert [one.counsel for one in scene.world.cases[uid("case")].counsel] == [uid("counsel")], "the appointment stands"


def test_g2_counsel_without_an_open_account_is_not_appointed() -> None:
    scene = with_case(founded())
    scene.must(REGISTRAR, close("counsel defence"))
    assert isinstance(scene.do(COURT, appoint()), NotCounsel)


def test_g2_after_counsels_account_was_closed_a_proposal_still_names_it_as_recipient() -> None:
    scene = with_case(founded())
    scene.must(LAB, register("A"))
    scene.must(COURT, appoint())
    scene.must(COURT, close("counsel defence"))
    scene.must(PROSECUTOR, propose("P", "A"))
    assert [one.person for one in scene.world.proposals[uid("P")].recipients] == [uid("counsel")]


def test_nothing_follows_on_a_closing(scene: Scene) -> None:
    [closed] = scene.must(REGISTRAR, close("lims"))
    state = scene.world.accounts[SYSTEM.account]
    for event in scene.events:
        late = event.model_copy(update={"subject": closed.subject, "sequence": state.version + 1})
        if event.subject == closed.subject:
            with pytest.raises(OutOfOrder):
                apply(state, late)
