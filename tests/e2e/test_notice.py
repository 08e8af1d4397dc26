"""From a proposal to counsel's mailbox: who is told, what the mail holds, and what nothing is sent for (G4)."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from asyncpg import connect
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from tests.e2e.ledger import Leaf, Ledger, cadena_verify, events_of, until
from tests.e2e.mailbox import Mail, Mailbox
from tests.e2e.matter import Matter
from tests.e2e.outside import EFFECT_SECONDS, Outside

SEALED_SIZE = "cadena_sealed_log_size"
POSTPONED = "cadena_notify_attempts_total"


class Counsel:
    """A defender with an account, and a mailbox that nobody else reads."""

    def __init__(self, outside: Outside, name: str = "Defensora pública") -> None:
        self.outside = outside
        self.who = outside.hire("defence", "public_defender", name)
        self.person = outside.persons[self.who]
        self.mailbox = Mailbox(outside.stack, f"{self.who}@example.org")

    def becomes_reachable(self, language: str = "es") -> None:
        """Gives an address and confirms it."""
        address = {"address": self.mailbox.address, "language": language}
        self.outside.once_known("notify", self.who, "/v1/parties", address)
        assert self.outside.open_link(self.mailbox.until_linked()).status_code == 200


@pytest.fixture(scope="module")
def counsel(outside: Outside) -> Counsel:
    """With a confirmed address."""
    one = Counsel(outside)
    one.becomes_reachable()
    return one


@pytest.fixture(scope="module")
def matter(outside: Outside, counsel: Counsel) -> Matter:
    """A case in which counsel is of record, and of which counsel asked to be told."""
    one = Matter(outside, client="Ofelia Rentería")
    one.appoint(counsel.who)
    outside.once_known("notify", counsel.who, "/v1/subscriptions", {"case": one.case})
    return one


@pytest.fixture(scope="module")
def sample(matter: Matter) -> dict[str, str]:
    return matter.register()


@pytest.fixture(scope="module")
def proposal(matter: Matter, sample: dict[str, str]) -> dict[str, str]:
    return matter.propose([sample["id"]], explanation="Plazo vencido en 2023")


@pytest.fixture(scope="module")
def mail(counsel: Counsel, proposal: dict[str, str]) -> Mail:
    return counsel.mailbox.until_noticed(proposal["id"])


def test_what_is_attached_verifies_without_any_server(
    mail: Mail, proposal: dict[str, str], outside: Outside, tmp_path: Path
) -> None:
    assert set(mail.attachments) == {"proposal.json", "proposal.json.tlog-proof"}
    for name, content in mail.attachments.items():
        (tmp_path / name).write_bytes(content)
    event, vkey = tmp_path / "proposal.json", outside.stack.vkey
    assert json.loads(event.read_bytes())["id"] in events_of(proposal)
    assert f"cadena-verify proof proposal.json --vkey {vkey}" in mail.text
    checked = cadena_verify("proof", str(event), "--vkey", vkey)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    event.write_bytes(event.read_bytes().replace(b"incineration", b"shredding   "))
    assert cadena_verify("proof", str(event), "--vkey", vkey).returncode == 1


def test_what_is_attached_is_the_leaf(mail: Mail, proposal: dict[str, str], ledger: Ledger) -> None:
    attached = mail.attachments["proposal.json"]
    place = ledger.proof(json.loads(attached)["id"])
    assert place is not None
    assert ledger.leaves()[place.index].raw == attached


def test_the_ledger_tells_which_mail_went_to_whom(
    mail: Mail, proposal: dict[str, str], counsel: Counsel, ledger: Ledger
) -> None:
    planned = ledger.until_found("notify.notice.planned", proposal=proposal["id"])
    assert planned.event["data"]["person"] == counsel.person
    assert planned.event["data"]["message_sha256"] == hashlib.sha256(mail.raw).hexdigest()
    assert planned.event["cause"] == json.loads(mail.attachments["proposal.json"])["id"]
    accepted = until_accepted(ledger, planned)
    assert accepted.event["cause"] == planned.event["id"]
    assert counsel.mailbox.address.encode() not in b"".join(leaf.raw for leaf in ledger.leaves())


def test_the_mail_tells_what_a_lawyer_needs(
    mail: Mail, matter: Matter, sample: dict[str, str], proposal: dict[str, str]
) -> None:
    text = mail.text
    for said in (matter.folio, sample["label"], proposal["id"], sample["id"], "Laboratorio Central de Genética"):
        assert said in text
    assert "Ofelia" not in text
    assert "Plazo vencido en 2023" not in text


def test_the_subject_tells_no_fact_of_the_case(
    mail: Mail, matter: Matter, sample: dict[str, str], proposal: dict[str, str], outside: Outside
) -> None:
    told = "\n".join(f"{name}: {value}" for name, value in mail.message.items() if name != "To").lower()
    facts = [
        matter.folio, matter.case, matter.client, sample["label"], sample["seal"], sample["id"], proposal["id"],
        "ofelia", "rentería", "laboratorio", "fiscalía", "textil", "destru",
    ]  # fmt: skip
    assert [fact for fact in facts if fact.lower() in told] == []


def test_counsel_who_subscribed_is_told_once(
    mail: Mail, proposal: dict[str, str], counsel: Counsel, outside: Outside, ledger: Ledger
) -> None:
    ledger.settle()
    planned = ledger.find("notify.notice.planned", proposal=proposal["id"])
    assert [leaf.event["data"]["person"] for leaf in planned] == [counsel.person]
    assert [one.raw for one in counsel.mailbox.notices(proposal["id"])] == [mail.raw]
    notices = outside.get("notify", counsel.who, f"/v1/notices?proposal={proposal['id']}")["items"]
    assert [mail.message["Message-ID"]] == [f"<{notice['id']}@example.org>" for notice in notices]


def test_g4_who_cannot_be_reached_is_in_the_ledger_and_is_told_later(
    matter: Matter, outside: Outside, ledger: Ledger
) -> None:
    late = Counsel(outside, "Defensor sin dirección")
    matter.appoint(late.who)
    open_one, taken_back = (matter.propose([matter.register()["id"]])["id"] for _ in range(2))
    for proposal in (open_one, taken_back):
        unaddressed = ledger.until_found("notify.notice.unaddressed", proposal=proposal)
        assert unaddressed.event["data"] == {
            "proposal": proposal, "person": late.person, "capacity": "counsel_of_record",
        }  # fmt: skip
        assert unaddressed.event["outcome"] == "accepted"
    withdraw(outside, taken_back, ledger)

    late.becomes_reachable("en")

    mail = late.mailbox.until_noticed(open_one)
    assert mail.text.startswith("It is proposed to destroy 1 biological sample on ")
    planned = ledger.until_found("notify.notice.planned", proposal=open_one, person=late.person)
    assert planned.event["data"]["message_sha256"] == hashlib.sha256(mail.raw).hexdigest()
    ledger.settle()
    assert ledger.find("notify.notice.planned", proposal=taken_back, person=late.person) == []
    assert late.mailbox.notices(taken_back) == []


async def test_while_the_mail_server_is_down_a_notice_waits_and_a_withdrawn_one_goes(
    matter: Matter, counsel: Counsel, outside: Outside, ledger: Ledger
) -> None:
    stack = outside.stack
    with mail_server_down(stack):
        before = postponed(outside)
        waiting, taken_back = (matter.propose([matter.register()["id"]])["id"] for _ in range(2))
        planned = [
            ledger.until_found("notify.notice.planned", proposal=proposal, person=counsel.person)
            for proposal in (waiting, taken_back)
        ]
        until(lambda: postponed(outside) >= before + 2, "two attempts in vain")
        withdraw(outside, taken_back, ledger)
        until(lambda: sealed_size(outside) > planned[-1].index, "notify to have read the withdrawal")
        assert ledger.find("notify.notice.accepted") != []
        assert counsel.mailbox.notices(waiting) == []

    mail = counsel.mailbox.until_noticed(waiting)
    until_accepted(ledger, planned[0])
    (one,) = {each.message["Message-ID"] for each in counsel.mailbox.notices(waiting)}
    assert one == f"<{planned[0].event['subject'].removeprefix('notice/')}@example.org>"
    assert planned[0].event["data"]["message_sha256"] == hashlib.sha256(mail.raw).hexdigest()
    assert await deliveries(stack, planned) == ["accepted", "dropped"]
    assert counsel.mailbox.notices(taken_back) == []


def withdraw(outside: Outside, proposal: str, ledger: Ledger) -> None:
    """Take a proposal back; returns when notify has read it."""
    said = outside.do("custody", "prosecutor", f"/v1/proposals/{proposal}:withdraw", {"reason": "Se pidió un peritaje"})
    ledger.until_sealed(said["promises"])
    last = max(ledger.proof(event).index for event in events_of(said))  # type: ignore[union-attr]
    until(lambda: sealed_size(outside) > last, "notify to have read the withdrawal")


def until_accepted(ledger: Ledger, planned: Leaf) -> Leaf:
    """The fact that a mail server took this notice."""

    def accepted() -> list[Leaf]:
        found = ledger.find("notify.notice.accepted")
        return [leaf for leaf in found if leaf.event["subject"] == planned.event["subject"]]

    (leaf,) = wait_until(accepted, EFFECT_SECONDS, "the notice to be accepted by the mail server")
    return leaf


@contextmanager
def mail_server_down(stack: Stack) -> Iterator[None]:
    """No mail server listens meanwhile."""
    stack.process("mail").stop()
    try:
        yield
    finally:
        stack.restart("mail")


async def deliveries(stack: Stack, planned: list[Leaf]) -> list[str]:
    """What became of these notices' mails, as notify's database has it."""
    notices = [leaf.event["subject"].removeprefix("notice/") for leaf in planned]
    owner = await connect(stack.wiring.databases["notify"]["owner"])
    try:
        return [await owner.fetchval("SELECT state FROM delivery WHERE notice = $1", notice) for notice in notices]
    finally:
        await owner.close()


def postponed(outside: Outside) -> float:
    """Attempts so far that found no mail server."""
    return worker_measures(outside, POSTPONED, outcome="postponed")


def sealed_size(outside: Outside) -> float:
    """Up to where notify's worker has read the log."""
    return worker_measures(outside, SEALED_SIZE)


def worker_measures(outside: Outside, name: str, **labels: str) -> float:
    """A sample of the metrics of notify's worker; 0 before there is one."""
    text = outside.probe("notify worker", "/metrics").text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())
