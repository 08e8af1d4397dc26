"""Telling: what is due of proposals and reviews is planned, recorded and queued; what was told is not told again."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import mail, render, render_review, store
from services.notify.loops.gather import Known, known_of
from services.notify.mail import Attachment
from services.notify.plan import Planned, plan
from services.notify.post import enqueue
from services.notify.rules import notice
from shared.accounts import clock_command
from shared.events import Actor, Draft, Event, new_id
from shared.facts.retention import ReviewOpened

WORKER = Actor(service="notify")


@dataclass(slots=True)
class Trigger:
    """The sealed event that makes notices due, the pen for their facts, and the sender of their mails."""

    event: Event
    pen: store.Pen
    sender: str
    made: int = 0

    def write(self, draft: Draft) -> Event:
        """The next fact that this event led to: its command is a hash of the cause and the ordinal."""
        command, ordinal = clock_command(self.event.id, self.made), self.made
        self.made += 1
        return self.pen.write(draft, actor=WORKER, command=command, ordinal=ordinal, cause=self.event.id)


async def tell(connection: AsyncConnection, concerned: Collection[str], trigger: Trigger) -> None:
    """Plan, record and queue what is due now for each of these proposals and reviews."""
    for about in concerned:
        known = await known_of(connection, about)
        for planned in plan(known.fact, known.standing, known.addresses, known.told):
            await _make(connection, known, planned, trigger)


async def _make(connection: AsyncConnection, known: Known, planned: Planned, trigger: Trigger) -> None:
    identifier = new_id()
    if planned.address is None or planned.address.mail is None:
        draft = notice.unaddressed(identifier, known.fact, known.about, planned.person, planned.capacity)
        event = trigger.write(draft)
        await store.add_notice(connection, notice.apply(None, event), event.id)
        return
    message = letter(known, planned, identifier, trigger)
    draft = notice.planned(
        identifier, known.fact, known.about, planned.person, planned.capacity, planned.address.digest,
        hashlib.sha256(message).hexdigest(),
    )  # fmt: skip
    event = trigger.write(draft)
    await store.add_notice(connection, notice.apply(None, event), event.id)
    await enqueue(connection, identifier, planned.address.mail, message, trigger.pen.now, notice=identifier)


def letter(known: Known, planned: Planned, identifier: str, trigger: Trigger) -> bytes:
    """The whole mail; its Date is the time at which the notice is recorded."""
    if planned.address is None or planned.address.mail is None:
        raise ValueError("a party without an address gets no letter")
    language = planned.address.language
    if isinstance(known.fact, ReviewOpened):
        names = (mail.REVIEW, mail.REVIEW_PROOF)
        text = render_review.review(identifier, known.about, known.fact, language, known.directory, known.leaf)
    else:
        names = (mail.PROPOSAL, mail.PROOF)
        text = render.notice(
            identifier, known.about, known.recorded_at, known.fact, planned.capacity, language, known.directory,
            known.leaf,
        )  # fmt: skip
    files = (
        Attachment(names[0], "application/json", known.raw),
        Attachment(names[1], "application/octet-stream", known.proof.encode()),
    )
    text = render.as_demo(text, language) if known.demo else text
    return mail.compose(identifier, text, language, trigger.sender, planned.address.mail, trigger.pen.now, files)
