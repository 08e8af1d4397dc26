"""Mail as the outside world sees it: counsel's address, one notice of each proposal, one link for each address."""

import email
import email.policy
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx2

from deploy.local.databases import run_sql
from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from shared.facts.notices import PartyAddressVerified
from tests.chaos.jobs import UNKNOWN_YET, Office
from tests.chaos.mayhem import Mayhem

ADDRESS = "defensa@example.org"
LINK = re.compile(r"https?://\S+:verify\?token=\S+")
MAIL_SECONDS = 90.0


def counsel_becomes_reachable(mayhem: Mayhem, office: Office, rng: random.Random) -> None:
    """Counsel of record with an address that its link has confirmed, and the log knows of it."""
    office.appoint("defence", office.case, rng)
    office.callers.do("notify", "defence", "/v1/parties", {"address": ADDRESS}, rng, later=UNKNOWN_YET)
    link = wait_until(lambda: next(_links(office.stack), None), MAIL_SECONDS, "the mail with the address link")
    httpx2.post(link, timeout=30).raise_for_status()
    kind = PartyAddressVerified.type_name()
    mayhem.until(lambda: any(leaf.event["type"] == kind for leaf in mayhem.log.leaves), "the address to be sealed")


def each_mail_arrived_as_one(mayhem: Mayhem, office: Office) -> None:
    """Each mail that was due arrived, and however often it was sent, it is one message."""
    # A worker that died in an attempt may have delivered it; it tries again after its lease. Let that have passed.
    due = "UPDATE delivery SET due_at = clock_timestamp() WHERE state = 'due'"
    run_sql(mayhem.stack.wiring.databases["notify"]["owner"], due)
    proposals = [one.said["id"] for one in office.proposals]
    mayhem.until(lambda: len(_notices(mayhem, "accepted")) >= len(proposals), "every proposal's notice to be accepted")
    mayhem.until(lambda: _waiting(mayhem.stack) == 0, "all mail to be handed over")
    messages = list(_mail(mayhem.stack))
    _one_notice_of_each(mayhem, proposals, messages)
    _one_link_for_each(office, messages)


def _one_notice_of_each(mayhem: Mayhem, proposals: list[str], messages: list[EmailMessage]) -> None:
    planned, accepted = _notices(mayhem, "planned"), _notices(mayhem, "accepted")
    assert sorted(said["data"]["proposal"] for said in planned) == sorted(proposals)
    assert sorted(said["subject"] for said in accepted) == sorted(said["subject"] for said in planned)
    message_ids: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        for part in message.iter_attachments():
            if part.get_filename() == "proposal.json":
                assert ADDRESS in message["To"]
                message_ids[str(part.get_content())].add(message["Message-ID"])
    assert len(message_ids) == len(proposals)
    assert {len(ids) for ids in message_ids.values()} == {1}


def _one_link_for_each(office: Office, messages: list[EmailMessage]) -> None:
    """No address was sent two links, and the one that its party gave last was sent one."""
    message_ids: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        message_ids[message["To"]].add(message["Message-ID"])
    given = {(one.who, one.said["version"]): str(one.body["address"]) for one in office.addresses}
    for (who, version), address in given.items():
        newest = version == max(other for person, other in given if person == who)
        assert len(message_ids[address]) == 1 or (not newest and not message_ids[address]), f"{who}: {address}"


def _notices(mayhem: Mayhem, became: str) -> list[dict[str, Any]]:
    kind = f"org.cadena.notify.notice.{became}.v1"
    return [leaf.event for leaf in mayhem.log.leaves if leaf.event["type"] == kind]


def _waiting(stack: Stack) -> int:
    return int(run_sql(stack.wiring.databases["notify"]["owner"], "SELECT count(*) FROM delivery WHERE state = 'due'"))


def _mail(stack: Stack) -> Iterator[EmailMessage]:
    folder = stack.backends.mail_folder
    assert folder is not None
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        yield message


def _links(stack: Stack) -> Iterator[str]:
    for message in _mail(stack):
        text = message.get_body(("plain",)) if ADDRESS in message["To"] else None
        found = LINK.search(text.get_content()) if text else None
        if found:
            yield found.group()
