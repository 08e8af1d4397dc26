"""A notice: planned or without an address, then taken or refused by a mail server, or lost. None is service. PURE."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from shared.events import Draft, Event
from shared.facts import Fact
from shared.facts.notices import (
    Capacity,
    NoticeAccepted,
    NoticeLost,
    NoticePlanned,
    NoticeRejected,
    NoticeReviewPlanned,
    NoticeReviewUnaddressed,
    NoticeUnaddressed,
)
from shared.facts.proposals import ProposalMade
from shared.facts.retention import ReviewOpened

Matter = ProposalMade | ReviewOpened
"""What a party is told of."""

NoticeStatus = Literal["unaddressed", "planned", "accepted", "rejected", "lost"]


@dataclass(frozen=True, slots=True)
class NoticeState:
    """One notice to one person, of a proposal or of a review; `address` is the digest of the address it goes to, None
    where there is none.
    """

    id: str
    version: int
    updated_at: datetime
    proposal: str | None
    review: str | None
    person: str
    capacity: Capacity
    address: str | None
    status: NoticeStatus
    attempt: int | None = None
    reply_code: int | None = None

    @property
    def about(self) -> str:
        """The id of the proposal or review."""
        return self.proposal or self.review or ""


def subject(notice: str) -> str:
    """The subject of a notice's facts."""
    return f"notice/{notice}"


def unaddressed(notice: str, matter: Matter, about: str, person: str, capacity: Capacity) -> Draft:
    """The fact that this party has not been told, because it has no verified address; `about` is the matter's id."""
    if isinstance(matter, ReviewOpened):
        return Draft(subject(notice), NoticeReviewUnaddressed(review=about, person=person))
    return Draft(subject(notice), NoticeUnaddressed(proposal=about, person=person, capacity=capacity))


def planned(
    notice: str, matter: Matter, about: str, person: str, capacity: Capacity, address: str, message_sha256: str
) -> Draft:
    """The fact that a mail is ready; `about` is the matter's id."""
    if isinstance(matter, ReviewOpened):
        of = NoticeReviewPlanned(review=about, person=person, address=address, message_sha256=message_sha256)
        return Draft(subject(notice), of)
    fact = NoticePlanned(
        proposal=about, person=person, capacity=capacity, address=address, message_sha256=message_sha256
    )
    return Draft(subject(notice), fact)


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
        born = _born(fact)
        if born is not None:
            return NoticeState(notice, version, at, **born)
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


def _born(fact: Fact) -> dict[str, Any] | None:
    """What the first fact of a notice says; None for one that is none."""
    match fact:
        case NoticePlanned():
            return _of(fact.proposal, None, fact.person, fact.capacity, fact.address)
        case NoticeUnaddressed():
            return _of(fact.proposal, None, fact.person, fact.capacity, None)
        case NoticeReviewPlanned():
            return _of(None, fact.review, fact.person, "subscriber", fact.address)
        case NoticeReviewUnaddressed():
            return _of(None, fact.review, fact.person, "subscriber", None)
        case _:
            return None


def _of(
    proposal: str | None, review: str | None, person: str, capacity: Capacity, address: str | None
) -> dict[str, Any]:
    return {
        "proposal": proposal, "review": review, "person": person, "capacity": capacity, "address": address,
        "status": "planned" if address else "unaddressed",
    }  # fmt: skip
