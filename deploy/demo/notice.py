"""The second half: counsel's address, a proposal of destruction, the mail, and its proof checked without any server."""

import email
import email.policy
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import httpx2

from deploy.demo.custody import Evidence
from deploy.demo.teller import Teller
from deploy.demo.troupe import Troupe
from deploy.local.problem import StackProblem
from deploy.local.waiting import wait_until

ADDRESS = "defensa@example.org"
MAIL_SECONDS = 30.0
LINK = re.compile(r"https?://\S+:verify\?token=\S+")


def appoint(troupe: Troupe, teller: Teller, evidence: Evidence) -> None:
    """Counsel of record by the court; the address by counsel alone, verified by a link; a subscription to the case."""
    teller.step("The court appoints counsel; counsel gives an address and confirms it by the link that comes there.")
    case, court = evidence.cases[0], troupe.at("custody", "court")
    client = court.post("/v1/persons", {"name": "Persona sentenciada"}).json()["id"]
    court.post(f"/v1/cases/{case}/persons", {"person": client, "role": "convicted", "source": "Sentencia 44/2004"})
    source = {"kind": "court_appointment", "reference": "AC-2026-17"}
    court.post(f"/v1/cases/{case}/counsel", {"counsel": troupe.person("defence"), "client": client, "source": source})
    teller.say(f"counsel of record in case {case}: person {troupe.person('defence')}, source AC-2026-17")
    defence = troupe.at("notify", "defence")
    defence.post("/v1/parties", {"address": ADDRESS})
    link = wait_until(lambda: _link(troupe), MAIL_SECONDS, "the mail with the address link")
    httpx2.get(link, timeout=30).raise_for_status()
    httpx2.post(link, timeout=30).raise_for_status()
    teller.say("address confirmed by its link; it stands in no event and no log")
    subscribed = wait_until(
        lambda: defence.post("/v1/subscriptions", {"case": case}, expect=(200, 201, 404)).json().get("id"),
        MAIL_SECONDS, "notify to know the sealed appointment",
    )  # fmt: skip
    teller.say(f"subscription {subscribed}")


def propose(troupe: Troupe, teller: Teller, evidence: Evidence) -> str:
    """The proposal's event id."""
    teller.step("The prosecutor's office proposes to destroy two samples; nothing is destroyed by that.")
    day = datetime.now(UTC).date() + timedelta(days=120)
    body = {
        "samples": evidence.samples[evidence.cases[0]][3:5], "planned_on": str(day), "reason": "retention_over",
        "method": "incineration", "explanation": "Plazo de conservación vencido",
    }  # fmt: skip
    proposal = troupe.at("custody", "prosecutor").post("/v1/proposals", body).json()
    teller.say(
        f"proposal {proposal['id']}, not before {day}",
        f"rule {proposal['rule']['id']} version {proposal['rule']['version']}",
    )
    return str(proposal["id"])


def show_mail(troupe: Troupe, teller: Teller, proposal: str) -> tuple[Path, str]:
    """Counsel's mail as it lies in the mailbox; (path of the attached event, Message-ID)."""
    teller.step("Only when the ledger holds that fact is counsel warned. This is the mail:")
    message = wait_until(lambda: _notice(troupe, proposal), MAIL_SECONDS, "counsel's mail")
    text = message.get_body(("plain",))
    if text is None:
        raise StackProblem("Counsel's mail has no plain text.")
    head = "\n".join(f"{name}: {message[name]}" for name in ("To", "Subject", "Message-ID"))
    teller.quote(f"{head}\n\n{text.get_content()}")
    folder = troupe.folder("counsel")
    for part in message.iter_attachments():
        content = part.get_content()
        (folder / str(part.get_filename())).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "proposal.json", str(message["Message-ID"])


def check_offline(troupe: Troupe, teller: Teller, event: Path) -> None:
    """The proof needs the log's key and nothing else: no server is asked."""
    teller.step("Counsel checks the attached event against its proof, offline, with the log's key from the mail.")
    arguments = ["proof", str(event), "--vkey", troupe.vkey]
    teller.say(f"cadena-verify proof {event.name} --vkey {troupe.vkey}")
    checked = verify(arguments)
    teller.quote(checked.stdout or checked.stderr)
    if checked.returncode != 0:
        raise StackProblem("The proof in counsel's mail does not hold.")


def verify(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run cadena-verify, which shares no code with what it checks."""
    argv = [sys.executable, "-m", "cadena_verify", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def _messages(troupe: Troupe) -> list[EmailMessage]:
    folder = troupe.stack.backends.mail_folder
    if folder is None:
        raise StackProblem("SMTP_URL leads out of this machine; the demo shows the mail of its own sink only.")
    found = []
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if isinstance(message, EmailMessage) and ADDRESS in str(message["To"]):
            found.append(message)
    return found


def _link(troupe: Troupe) -> str | None:
    for message in _messages(troupe):
        text = message.get_body(("plain",))
        link = LINK.search(text.get_content()) if text else None
        if link:
            return link.group()
    return None


def _notice(troupe: Troupe, proposal: str) -> EmailMessage | None:
    for message in _messages(troupe):
        for part in message.iter_attachments():
            content = part.get_content()
            if part.get_filename() == "proposal.json" and proposal.encode() in (
                content if isinstance(content, bytes) else content.encode()
            ):
                return message
    return None
