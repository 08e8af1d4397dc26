"""A counsel's subscription to a case: told of it also where the proposal did not name that counsel. PURE."""

from dataclasses import dataclass
from datetime import datetime

from services.notify.refusals import AlreadySubscribed
from shared.errors import Refusal
from shared.events import Draft, Event
from shared.facts.notices import SubscriptionMade

VERB = "subscription.make"


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`person` asks to be told of what is proposed in `case`."""

    id: str
    person: str
    case: str


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """A standing subscription."""

    id: str
    version: int
    updated_at: datetime
    person: str
    case: str


def subscribe(existing: str | None, command: Subscribe) -> Draft | Refusal:
    """Once per person and case; `existing` is the id of the subscription that there is."""
    if existing is not None:
        return AlreadySubscribed(
            f"subscription/{existing}", "You are told of this case already; there is nothing to do."
        )
    return Draft(f"subscription/{command.id}", SubscriptionMade(person=command.person, case=command.case))


def apply(event: Event) -> SubscriptionState:
    """The subscription that its only fact makes; ValueError for a fact of another noun."""
    fact = event.fact()
    if not isinstance(fact, SubscriptionMade):
        raise ValueError(f"{event.type} does not make a subscription")
    subscription = (event.subject or "").partition("/")[2]
    return SubscriptionState(subscription, event.sequence or 0, event.time, fact.person, fact.case)
