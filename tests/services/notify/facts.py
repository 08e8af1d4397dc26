"""Facts and events as custody would record them, for tests of notify."""

import hashlib
from datetime import UTC, date, datetime, timedelta

from shared.accounts import clock_command
from shared.events import Actor, Draft, Event, envelope, new_id
from shared.facts import Fact
from shared.facts.proposals import ProposalMade, ProposalRule, ProposedItem, Recipient
from shared.sealed import fresh

CUSTODY = "urn:cadena:demo:custody"
NOTIFY = "urn:cadena:demo:notify"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ZERO = "sha256:" + "0" * 64


def digest(text: str) -> str:
    return fresh("address", text).digest


def item(case: str, held_by: str, label: str = "L-1") -> ProposedItem:
    return ProposedItem(
        sample=new_id(), case=case, label=label, kind="blood", held_by=held_by, retention_until=date(2046, 1, 31)
    )


def proposal(*items: ProposedItem, recipients: dict[str, str] | None = None) -> ProposalMade:
    """A proposal; `recipients` maps person to case."""
    return ProposalMade(
        items=list(items), planned_on=date(2046, 2, 28), reason="retention_over", method="incineration",
        rule=ProposalRule(id="flat", version=1),
        recipients=[Recipient(person=p, case=c, capacity="counsel_of_record") for p, c in (recipients or {}).items()],
    )  # fmt: skip


def event(
    subject: str,
    fact: Fact,
    sequence: int = 1,
    *,
    source: str = CUSTODY,
    time: datetime = NOW,
    command: str | None = None,
) -> Event:
    return envelope(
        Draft(subject, fact), source=source, sequence=sequence, time=time, actor=Actor(person=new_id()),
        command=command or clock_command(new_id(), 0), ordinal=0,
    )  # fmt: skip


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
