import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    AlreadyAppointed,
    AlreadyLinked,
    ClientNotInTheCase,
    NotAnAuthority,
    NotCounsel,
    RoleForbids,
    TooManyCounsel,
    UnknownReference,
)
from services.custody.rules.case import MAX_COUNSEL, CasePerson, LinkPerson, OpenCase
from services.custody.rules.command import Known
from tests.services.custody.rules.scene import (
    COURT,
    LAB,
    OTHER_PROSECUTOR,
    PROSECUTOR,
    Scene,
    appoint,
    defenders,
    founded,
    text,
    uid,
    with_case,
)


@pytest.fixture
def scene() -> Scene:
    return with_case(founded())


def link(person: str = "other client", case: str = "case") -> LinkPerson:
    return LinkPerson(case=uid(case), person=uid(person), role="accused", source=text("source"))


def open_case(name: str, authority: str, folio: str) -> OpenCase:
    return OpenCase(id=uid(name), authority=uid(authority), folio=folio)


def test_authority_and_folio_are_one_case_whoever_asks(scene: Scene) -> None:
    assert scene.do(LAB, open_case("again", "prosecution", "F-case")) == Known(f"case/{uid('case')}")
    assert scene.do(PROSECUTOR, open_case("again", "prosecution", "F-case")) == Known(f"case/{uid('case')}")
    scene.must(LAB, open_case("namesake", "other prosecution", "F-case"))
    assert scene.world.cases[uid("namesake")].authority == uid("other prosecution")


@pytest.mark.parametrize("authority", ["lab", "store", "defence", "registry", "auditors", "oversight", "courier"])
def test_cases_are_kept_by_courts_and_prosecutors(scene: Scene, authority: str) -> None:
    assert isinstance(scene.do(LAB, open_case("new", authority, "F-1")), NotAnAuthority)


def test_a_prosecutor_opens_cases_of_its_own_office_only(scene: Scene) -> None:
    assert isinstance(scene.do(PROSECUTOR, open_case("new", "other prosecution", "F-1")), RoleForbids)
    assert isinstance(scene.do(LAB, open_case("new", "court", "F-1")), list)


def test_an_unknown_authority_is_a_mistake_and_no_fact(scene: Scene) -> None:
    assert scene.do(LAB, open_case("new", "nowhere", "F-1")) == UnknownReference(f"organisation/{uid('nowhere')}")


def test_a_person_has_a_role_in_a_case_once(scene: Scene) -> None:
    scene.must(PROSECUTOR, link())
    assert isinstance(scene.do(COURT, link()), AlreadyLinked)
    assert scene.world.cases[uid("case")].persons == (
        CasePerson(uid("client"), "convicted"),
        CasePerson(uid("other client"), "accused"),
    )


def test_an_unknown_person_is_a_mistake_and_no_fact(scene: Scene) -> None:
    assert scene.do(COURT, link("stranger")) == UnknownReference(f"person/{uid('stranger')}")


def test_g12_another_offices_case_is_as_if_it_did_not_exist(scene: Scene) -> None:
    assert scene.do(OTHER_PROSECUTOR, link()) == NoStanding()
    assert scene.do(OTHER_PROSECUTOR, link(case="never opened")) == NoStanding()


def test_the_court_appoints_counsel_and_the_source_stands_in_the_case(scene: Scene) -> None:
    [event] = scene.must(COURT, appoint())
    [appointment] = scene.world.cases[uid("case")].counsel
    assert (appointment.counsel, appointment.client) == (uid("counsel"), uid("client"))
    assert (appointment.kind, appointment.reference) == ("court_appointment", "A-1")
    assert event.subject == f"case/{uid('case')}"


def test_g2_a_prosecutor_never_appoints_counsel(scene: Scene) -> None:
    assert isinstance(scene.do(PROSECUTOR, appoint()), RoleForbids)
    assert scene.world.cases[uid("case")].counsel == ()


def test_counsel_is_appointed_once_for_a_client_and_again_for_another(scene: Scene) -> None:
    scene.must(COURT, appoint())
    assert isinstance(scene.do(COURT, appoint()), AlreadyAppointed)
    scene.must(COURT, link())
    scene.must(COURT, appoint(client="other client"))
    scene.must(COURT, appoint(counsel="other counsel"))
    assert len(scene.world.cases[uid("case")].counsel) == 3


def test_a_case_has_no_more_counsel_than_a_proposal_can_name(scene: Scene) -> None:
    names = defenders(scene, MAX_COUNSEL + 1)
    scene.must(COURT, link())
    for name in names[:MAX_COUNSEL]:
        scene.must(COURT, appoint(counsel=name))
    assert isinstance(scene.do(COURT, appoint(counsel=names[MAX_COUNSEL])), TooManyCounsel)
    assert isinstance(scene.do(COURT, appoint(counsel=names[0])), AlreadyAppointed)
    scene.must(COURT, appoint(counsel=names[0], client="other client"))


def test_counsel_has_a_defence_account(scene: Scene) -> None:
    assert isinstance(scene.do(COURT, appoint(counsel="nobody's counsel")), NotCounsel)


def test_the_client_is_a_person_of_the_case(scene: Scene) -> None:
    assert isinstance(scene.do(COURT, appoint(client="other client")), ClientNotInTheCase)


@pytest.mark.parametrize("members", [{"counsel": "stranger"}, {"client": "stranger"}])
def test_counsel_and_client_exist(scene: Scene, members: dict[str, str]) -> None:
    assert scene.do(COURT, appoint(**members)) == UnknownReference(f"person/{uid('stranger')}")
