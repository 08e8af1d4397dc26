"""What every state has in common, and the pieces that states are made of. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A subject as its events left it: nothing stands here that its own events, in order, do not say.

    `version` is the sequence of the last event, `updated_at` its time. Members are str, int, bool, date, datetime,
    None, tuples of str, or tuples of flat frozen dataclasses of such; sealed texts stand here as digests.
    """

    id: str
    version: int
    updated_at: datetime


class OutOfOrder(ValueError):
    """An event that does not follow the state it is applied to: the history has a gap, a twin, or a foreign event."""


def born(event: Event) -> dict[str, Any]:
    """The common members of the state that a subject's first event makes."""
    if event.subject is None:
        raise OutOfOrder(f"the event {event.id} has no subject")
    return {"id": event.subject.partition("/")[2], **moved(event)}


def moved(event: Event) -> dict[str, Any]:
    """The common members that each event of a subject changes."""
    return {"version": event.sequence, "updated_at": event.time}


def acted(event: Event) -> tuple[str, str]:
    """Organisation and person of the actor; OutOfOrder for an event that only a person can have caused, without one."""
    if event.actor.org is None or event.actor.person is None:
        raise OutOfOrder(f"the event {event.id} names no person and organisation")
    return event.actor.org, event.actor.person
