"""The shapes of answers, for the OpenAPI document; tests hold every answer against them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.notify.rules.notice import NoticeStatus
from shared.facts.notices import Capacity, Language
from shared.text import Instant, Uuid


class Shape(BaseModel):
    """A closed object of an answer."""

    model_config = ConfigDict(extra="forbid")


class Subject(Shape):
    """What every subject's answer begins with; `version` is its ETag."""

    id: Uuid
    version: int
    updated_at: Instant
    promises: list[str] | None = None
    """In recorded answers: one signed promise (JWS) for each event, to be kept."""
    replayed: Literal["restored"] | None = None
    """In an answer that was rebuilt from the log, since the database was set back after the command was recorded."""


class PartyAnswer(Subject):
    """A party, by its person id. `reachable`: some address of it is verified, so notices go out."""

    language: Language
    address_state: Literal["given", "verified"]
    reachable: bool
    address: str | None = None
    """In reads: the address given last."""
    address_in_use: str | None = None
    """In reads: the verified address, where notices go."""


class SubscriptionAnswer(Subject):
    """A person is told of what is proposed in a case."""

    person: Uuid
    case: Uuid


class Subscriptions(Shape):
    """Your subscriptions, oldest first."""

    items: list[SubscriptionAnswer]
    next: str | None


class SealState(Shape):
    """Whether the ledger holds the latest fact: at which index, and the size of the head that first covered it."""

    state: Literal["recorded", "sealed"]
    index: int | None = None
    head: int | None = None


class NoticeAnswer(Subject):
    """What became of a notice of a proposal or of a review. `accepted` is a mail server's word and not service."""

    proposal: Uuid | None = None
    review: Uuid | None = None
    person: Uuid
    capacity: Capacity
    status: NoticeStatus
    attempt: int | None = None
    reply_code: int | None = None
    seal: SealState


class Notices(Shape):
    """Notices, oldest first."""

    items: list[NoticeAnswer]
    next: str | None
