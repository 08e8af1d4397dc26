from typing import get_args

import pytest

from services.custody.policy.retention import identity
from services.custody.refusals import AlreadyLinked, RoleNotOfTheOrganisation, UnknownReference
from services.custody.rules.account import ROLE_KINDS
from services.custody.rules.command import Known
from services.custody.rules.installation import Found, PromiseKey
from services.custody.rules.person import RegisterPerson
from services.custody.rules.table import decide
from services.custody.rules.world import World
from shared.facts.people import Organisation, OrganisationKind, Role
from tests.services.custody.rules.scene import KINDS, NOW, REGISTRAR, Scene, founded, link_account, text, uid

REGISTRY = Organisation(id=uid("registry"), name="Registry", kind="registrar", independent=True)
LABORATORY = Organisation(id=uid("lab"), name="Laboratory", kind="lab", independent=False, source="DOF-1")


def found(registrar_organisation: str = "registry") -> Found:
    return Found(
        installation="demo", origin="cadena.example/demo", log_vkey="log", cosigner_vkey="cosigner",
        promise_keys=(("urn:cadena:demo:notify", "n"), ("urn:cadena:demo:custody", "c")), link_key="link",
        organisations=(REGISTRY, LABORATORY), registrar=REGISTRAR.person,
        registrar_organisation=uid(registrar_organisation), registrar_account=REGISTRAR.account,
        registrar_digest="0" * 64, person_name=text("person_name", "Rosa"), pack=identity("flat"),
    )  # fmt: skip


def founding(scene: Scene) -> None:
    drafts = decide(scene.world, found(), NOW)
    assert isinstance(drafts, tuple)
    scene.record(REGISTRAR, drafts)


def test_the_founding_makes_leaf_0_and_the_first_organisations_person_and_account() -> None:
    scene = Scene()
    founding(scene)
    assert [event.type.removeprefix("org.cadena.custody.") for event in scene.events] == [
        "installation.founded.v1", "organisation.registered.v1", "organisation.registered.v1",
        "person.registered.v1", "account.linked.v1",
    ]  # fmt: skip
    world = scene.world
    assert world.installation is not None
    assert (world.installation.id, world.installation.founding_event) == ("demo", scene.events[0].id)
    assert world.installation.promise_keys[0] == PromiseKey("urn:cadena:demo:custody", "c")
    assert world.installation.pack_sha256 == identity("flat").sha256
    assert world.organisations[uid("lab")].source == "DOF-1"
    account = world.accounts[REGISTRAR.account]
    assert (account.person, account.organisation, account.role) == (REGISTRAR.person, uid("registry"), "registrar")


def test_the_registrars_name_is_in_no_event_and_kept_once() -> None:
    drafts = decide(World(), found(), NOW)
    assert isinstance(drafts, tuple)
    assert [draft.subject for draft in drafts if draft.sealed] == [f"person/{REGISTRAR.person}"]
    scene = Scene()
    scene.record(REGISTRAR, drafts)
    assert not any(b"Rosa" in event.to_bytes() for event in scene.events)
    assert scene.events[0].data["registrar"]["name"] == scene.events[3].data["person_name"]  # type: ignore[index,call-overload]


def test_an_installation_is_founded_once() -> None:
    scene = Scene()
    founding(scene)
    assert decide(scene.world, found(), NOW) == Known("installation/demo")


def test_the_registrar_belongs_to_a_founding_organisation() -> None:
    assert decide(World(), found("elsewhere"), NOW) == UnknownReference(f"organisation/{uid('elsewhere')}")


def test_a_persons_name_stands_in_the_ledger_as_a_digest() -> None:
    name = text("person_name", "Ana")
    [event] = Scene().must(REGISTRAR, RegisterPerson(id=uid("ana"), person_name=name))
    assert event.data == {"person_name": name.digest}


def test_a_text_sealed_under_another_name_is_a_mistake_of_the_code() -> None:
    with pytest.raises(ValueError, match="person_name holds a text that was sealed as note"):
        RegisterPerson(id=uid("ana"), person_name=text("note"))


def test_an_account_is_one_person_once() -> None:
    scene = founded()
    again = link_account("client", "store", "custodian", name="counsel defence")
    assert isinstance(scene.do(REGISTRAR, again), AlreadyLinked)
    assert isinstance(scene.do(REGISTRAR, link_account("counsel", "store", "custodian")), list)


@pytest.mark.parametrize("role", get_args(Role))
def test_g2_a_role_is_linked_in_organisations_of_its_kind_only(role: Role) -> None:
    allowed = {
        "lab": {"lab"}, "custodian": {"evidence_store", "lab", "prosecutor", "court"}, "courier": {"courier"},
        "prosecutor": {"prosecutor"}, "defence": {"defence"}, "court": {"court"}, "auditor": {"auditor"},
        "oversight": {"oversight"}, "registrar": {"registrar", "court"},
    }[role]  # fmt: skip
    for name, kind in KINDS.items():
        outcome = founded().do(REGISTRAR, link_account("client", name, role, name="new"))
        assert isinstance(outcome, list if kind in allowed else RoleNotOfTheOrganisation), (role, kind)


def test_every_role_has_a_kind_of_organisation() -> None:
    assert set(ROLE_KINDS) == set(get_args(Role))
    assert set().union(*ROLE_KINDS.values()) == set(get_args(OrganisationKind))


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (link_account("stranger", "lab", "lab"), f"person/{uid('stranger')}"),
        (link_account("client", "nowhere", "lab"), f"organisation/{uid('nowhere')}"),
    ],
)
def test_an_account_names_what_exists(command: RegisterPerson, missing: str) -> None:
    assert founded().do(REGISTRAR, command) == UnknownReference(missing)
