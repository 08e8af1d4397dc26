"""The fold of sealed facts about accounts: whose digest is whom, in the order of the log (G12)."""

from services.audit.authorise import Reader
from services.audit.readers import Readers
from shared.events import new_id
from shared.facts import Fact
from shared.facts.auditors import AuditorAppointed, AuditorDismissed
from shared.facts.people import AccountClosed, AccountLinked, AccountServiceLinked, Role

A, B, ZERO = "a" * 64, "b" * 64, f"sha256:{'0' * 64}"
CLOSED, DISMISSED = AccountClosed(reason=ZERO), AuditorDismissed(reason=ZERO)


def linked(role: Role, digest: str = A) -> AccountLinked:
    return AccountLinked(person=new_id(), organisation=new_id(), role=role, account_digest=digest)


def appointed(digest: str = A) -> AuditorAppointed:
    return AuditorAppointed(person=new_id(), account_digest=digest, order="A-1")


def after(*facts: tuple[str, Fact], digest: str = A) -> Reader:
    readers = Readers()
    for subject, fact in facts:
        readers.take(subject, fact)
    return readers.reader(digest)


def test_of_two_facts_about_one_account_the_first_counts() -> None:
    assert after(("account/1", linked("lab")), ("account/2", linked("auditor"))) == Reader(True, "lab")
    assert after(("account/1", linked("lab")), ("account/1", linked("auditor"))) == Reader(True, "lab")
    assert after(("account/1", linked("auditor")), digest=B) == Reader()


def test_a_system_has_its_role_and_no_scope_makes_it_a_peer() -> None:
    system = AccountServiceLinked(operator=new_id(), organisation=new_id(), role="lab", account_digest=A)
    assert after(("account/1", system)) == Reader(True, "lab")


def test_a_closed_account_is_nobodys_and_its_digest_may_be_linked_anew() -> None:
    first = ("account/1", linked("auditor"))
    assert after(first, ("account/1", CLOSED)) == Reader(True)
    assert after(first, ("account/1", CLOSED), ("account/2", linked("lab"))) == Reader(True, "lab")
    assert after(first, ("account/1", CLOSED), first) == Reader(True), "what ended does not begin again"
    assert after(first, ("account/2", CLOSED)) == Reader(True, "auditor"), "another account's end"
    twin = ("account/2", linked("lab"))
    assert after(first, twin, ("account/2", CLOSED)) == Reader(True, "auditor"), "the end of one that never counted"


def test_g12_a_courts_appointment_stands_beside_the_account_until_a_court_ends_it() -> None:
    court = ("auditor/1", appointed())
    assert after(court) == Reader(True, None, appointed=True)
    assert after(("account/1", linked("lab")), court, ("account/1", CLOSED)) == Reader(True, None, appointed=True)
    assert after(court, ("auditor/1", DISMISSED)) == Reader(True)
    assert after(court, ("auditor/1", DISMISSED), court) == Reader(True), "what ended does not begin again"
    assert after(court, ("auditor/2", DISMISSED)) == Reader(True, None, appointed=True)
    assert after(court, ("auditor/1", DISMISSED), ("auditor/2", appointed())) == Reader(True, None, appointed=True)
    assert after(court, ("auditor/1", DISMISSED), ("account/1", linked("auditor"))) == Reader(True, "auditor")
