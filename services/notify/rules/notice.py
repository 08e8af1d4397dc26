"""A notice: planned or without an address, then taken or refused by a mail server, or lost. None is service. PURE."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from shared.events import Draft, Event
from shared.facts.notices import Capacity, NoticeAccepted, NoticeLost, NoticePlanned, NoticeRejected, NoticeUnaddressed

NoticeStatus = Literal["unaddressed", "planned", "accepted", "rejected", "lost"]


@dataclass(frozen=True, slots=True)
class NoticeState:
    """One notice to one person; `address` is the digest of the address it goes to, None where there is none."""

    id: str
    version: int
    updated_at: datetime
    proposal: str
    person: str
    capacity: Capacity
    address: str | None
    status: NoticeStatus
    attempt: int | None = None
    reply_code: int | None = None


def subject(notice: str) -> str:
    """The subject of a notice's facts."""
    return f"notice/{notice}"


def unaddressed(notice: str, proposal: str, person: str, capacity: Capacity) -> Draft:
    """The fact that this party has not been told, because it has no verified address."""
    return Draft(subject(notice), NoticeUnaddressed(proposal=proposal, person=person, capacity=capacity))


def accepted(notice: str, attempt: int) -> Draft:
    """The fact that a mail server took the message."""
    return Draft(subject(notice), NoticeAccepted(attempt=attempt))


def rejected(notice: str, attempt: int, reply_code: int) -> Draft:
    """The fact that a mail server refused the message for good."""
    return Draft(subject(notice), NoticeRejected(attempt=attempt, reply_code=reply_code))


def lost(notice: str) -> Draft:
    """The fact that the mail is lost, and with it whether it was sent."""
    return Draft(subject(notice), NoticeLost())


def apply(state: NoticeState | None, event: Event) -> NoticeState:
    """The notice after one of its facts; ValueError for a fact of another noun or out of turn."""
    fact, version, at = event.fact(), event.sequence or 0, event.time
    notice = (event.subject or "").partition("/")[2]
    if state is None:
        if isinstance(fact, NoticePlanned):
            return NoticeState(notice, version, at, fact.proposal, fact.person, fact.capacity, fact.address, "planned")
        if isinstance(fact, NoticeUnaddressed):
            return NoticeState(notice, version, at, fact.proposal, fact.person, fact.capacity, None, "unaddressed")
    elif state.status == "planned":
        if isinstance(fact, NoticeAccepted):
            return replace(state, version=version, updated_at=at, status="accepted", attempt=fact.attempt)
        if isinstance(fact, NoticeRejected):
            return replace(
                state, version=version, updated_at=at, status="rejected", attempt=fact.attempt,
                reply_code=fact.reply_code,
            )  # fmt: skip
        if isinstance(fact, NoticeLost):
            return replace(state, version=version, updated_at=at, status="lost")
    raise ValueError(f"{event.type} does not change a notice that is {state.status if state else 'unknown'}")
