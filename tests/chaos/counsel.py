"""Counsel of record as the outside world sees it: an address, a mailbox, and one notice for each proposal."""

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
from tests.chaos.jobs import Office
from tests.chaos.ledger import leaves
from tests.chaos.mayhem import Mayhem

ADDRESS = "defensa@example.org"
LINK = re.compile(r"https?://\S+:verify\?token=\S+")
MAIL_SECONDS = 90.0


def becomes_reachable(office: Office, rng: random.Random) -> None:
    """Counsel of record with an address that its link has confirmed."""
    office.appoint("defence")
    office.callers.do("notify", "defence", "/v1/parties", {"address": ADDRESS}, rng)
    link = wait_until(lambda: next(_links(office.stack), None), MAIL_SECONDS, "the mail with the address link")
    httpx2.post(link, timeout=30).raise_for_status()


def is_warned_once(mayhem: Mayhem, proposals: list[str]) -> None:
    """Of each proposal: one notice, accepted once, and one message, however often it was sent."""
    stack = mayhem.stack
    # A worker that died in an attempt may have delivered it; it tries again after its lease. Let that have passed.
    due = "UPDATE delivery SET due_at = clock_timestamp() WHERE state = 'due'"
    run_sql(stack.wiring.databases["notify"]["owner"], due)
    mayhem.until(lambda: len(_notices(stack, "accepted")) >= len(proposals), "every proposal's notice to be accepted")
    planned, accepted = _notices(stack, "planned"), _notices(stack, "accepted")
    assert sorted(said["data"]["proposal"] for said in planned) == sorted(proposals)
    assert sorted(said["subject"] for said in accepted) == sorted(said["subject"] for said in planned)
    message_ids: dict[str, set[str]] = defaultdict(set)
    for message in _mail(stack):
        for part in message.iter_attachments():
            if part.get_filename() == "proposal.json":
                message_ids[str(part.get_content())].add(message["Message-ID"])
    assert len(message_ids) == len(proposals)
    assert {len(ids) for ids in message_ids.values()} == {1}


def _notices(stack: Stack, became: str) -> list[dict[str, Any]]:
    kind = f"org.cadena.notify.notice.{became}.v1"
    return [leaf.event for leaf in leaves(stack) if leaf.event["type"] == kind]


def _mail(stack: Stack) -> Iterator[EmailMessage]:
    folder = stack.backends.mail_folder
    assert folder is not None
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if ADDRESS in message["To"]:
            yield message


def _links(stack: Stack) -> Iterator[str]:
    for message in _mail(stack):
        text = message.get_body(("plain",))
        found = LINK.search(text.get_content()) if text else None
        if found:
            yield found.group()
