from dataclasses import replace

import pytest

from services.custody.authorise import NoStanding
from services.custody.refusals import AlreadyAuditor, NotAuditorAnyMore, RoleForbids, UnknownReference
from services.custody.rules.account import CloseAccount
from services.custody.rules.auditor import AppointAuditor, DismissAuditor
from services.custody.rules.world import ActorState
from tests.services.custody.rules.scene import (
    AUDITOR,
    COUNSEL,
    COURT,
    LAB,
    OVERSIGHT,
    PROSECUTOR,
    REGISTRAR,
    Scene,
    founded,
    text,
    uid,
)

APPOINT = AppointAuditor(id=uid("appointment"), person=uid("client"), account_digest="a" * 64, order="AC-2026-91")
DISMISS = DismissAuditor(auditor=uid("appointment"), reason=text("reason", "done"))


def state(scene: Scene) -> tuple[str, int]:
    found = scene.world.auditors[uid("appointment")]
    return found.status, found.version


def test_g12_a_court_appoints_and_dismisses_without_a_registrar() -> None:
    scene = founded()
    [event] = scene.must(COURT, APPOINT)
    assert event.data == {"person": uid("client"), "account_digest": "a" * 64, "order": "AC-2026-91"}
    assert state(scene) == ("appointed", 1)
    scene.must(COURT, DISMISS)
    assert state(scene) == ("dismissed", 2)
    assert isinstance(scene.do(COURT, DISMISS), NotAuditorAnyMore)


def test_an_account_is_appointed_once_at_a_time() -> None:
    scene = founded()
    scene.must(COURT, APPOINT)
    again = replace(APPOINT, id=uid("again"))
    assert isinstance(scene.do(COURT, again), AlreadyAuditor)
    scene.must(COURT, DISMISS)
    scene.must(COURT, again)
    assert scene.world.auditors[uid("again")].status == "appointed"


def test_the_person_is_registered() -> None:
    nobody = replace(APPOINT, person=uid("nobody"))
    assert founded().do(COURT, nobody) == UnknownReference(f"person/{uid('nobody')}")


@pytest.mark.parametrize("who", [REGISTRAR, PROSECUTOR, LAB, COUNSEL, AUDITOR, OVERSIGHT])
def test_g12_nobody_but_a_court_appoints_or_dismisses(who: ActorState) -> None:
    scene = founded()
    assert isinstance(scene.do(who, APPOINT), RoleForbids)
    scene.must(COURT, APPOINT)
    outcome = scene.do(who, DISMISS)
    assert isinstance(outcome, RoleForbids if who in (REGISTRAR, OVERSIGHT) else NoStanding)
    assert state(scene) == ("appointed", 1)


def test_g12_closing_an_account_ends_no_appointment_of_a_court() -> None:
    scene = founded()
    account = scene.world.accounts[uid("account other counsel defence")]
    scene.must(COURT, replace(APPOINT, account_digest=account.account_digest))
    scene.must(REGISTRAR, CloseAccount(account=account.id, reason=text("reason")))
    assert state(scene) == ("appointed", 1)
