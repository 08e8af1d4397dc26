from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import (
    AlreadyAppointed,
    AlreadyLinked,
    ClientNotInTheCase,
    NotAnAuthority,
    NotCounsel,
    RepresentationUnfit,
    RoleForbids,
    TooManyCounsel,
    UnknownReference,
)
from services.custody.rules.case import MAX_COUNSEL, AppointCounsel, CasePerson, LinkPerson, OpenCase
from services.custody.rules.command import Known
from services.custody.rules.person import RegisterPerson
from shared.facts.cases import AppointmentSource, CaseRole
from tests.services.custody.rules.scene import (
    COUNSEL,
    COURT,
    LAB,
    OTHER_PROSECUTOR,
    PROSECUTOR,
    REGISTRAR,
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


AS = ("counsel", "public_defender", "authorised_organisation", "victim_representative")
BY = ("court_appointment", "defender_registry", "power_of_attorney", "client_authorisation")
FITS = {
    ("counsel", "convicted"): BY[:3],
    ("counsel", "victim"): BY[:3],
    ("public_defender", "convicted"): BY[:2],
    ("authorised_organisation", "convicted"): (BY[0], BY[3]),
    ("victim_representative", "victim"): (BY[0], BY[2], BY[3]),
}


def represent(capacity: str, kind: str, **changes: Any) -> AppointCounsel:
    source = AppointmentSource.model_validate({"kind": kind, "reference": "R-1"})
    return replace(appoint(client="somebody"), capacity=capacity, source=source, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["convicted", "victim"])
@pytest.mark.parametrize("capacity", AS)
@pytest.mark.parametrize("kind", BY)
def test_a_representation_its_client_and_its_document_fit_together(
    scene: Scene, role: CaseRole, capacity: str, kind: str
) -> None:
    scene.must(REGISTRAR, RegisterPerson(id=uid("somebody"), person_name=text("person_name")))
    scene.must(COURT, replace(link("somebody"), role=role))
    made = scene.do(COURT, represent(capacity, kind, since=date(2026, 1, 31)))
    if kind in FITS.get((capacity, role), ()):
        [appointment] = [one for one in scene.world.cases[uid("case")].counsel if one.client == uid("somebody")]
        assert (appointment.capacity, appointment.kind, appointment.since) == (capacity, kind, date(2026, 1, 31))
    else:
        assert isinstance(made, RepresentationUnfit)


def test_what_has_not_begun_is_not_entered(scene: Scene) -> None:
    since = scene.now.date() + timedelta(days=1)
    assert isinstance(scene.do(COURT, replace(appoint(), since=since)), RepresentationUnfit)


def test_g2_the_convicted_persons_own_word_is_enough_and_their_counsel_enters_the_organisation(scene: Scene) -> None:
    scene.must(COURT, appoint())
    [organisation, stranger] = defenders(scene, 2)
    ask = represent("authorised_organisation", "client_authorisation", client=uid("client"))
    scene.must(COUNSEL, replace(ask, counsel=uid(organisation)))
    another = replace(ask, counsel=uid(stranger), capacity="counsel", source=appoint().source)
    assert isinstance(scene.do(COUNSEL, another), RepresentationUnfit)
    scene.must(REGISTRAR, RegisterPerson(id=uid("somebody"), person_name=text("person_name")))
    scene.must(COURT, replace(link("somebody"), role="convicted"))
    of_no_client = replace(ask, counsel=uid(stranger), client=uid("somebody"))
    assert isinstance(scene.do(COUNSEL, of_no_client), RepresentationUnfit)


def test_g12_nobody_enters_themselves_into_a_case(scene: Scene) -> None:
    ask = represent("authorised_organisation", "client_authorisation", client=uid("client"))
    assert isinstance(scene.do(COUNSEL, ask), NoStanding)
    assert isinstance(scene.do(PROSECUTOR, ask), RoleForbids)
