"""The end of a restoration, in one transaction: what is left open of the notices, and who is still to be told.

While notify stood behind the log it planned nothing, since what it had planned before was still to be read. A notice
whose mail is gone is made again byte for byte, as its fact says; where that cannot be, its fact is that it is lost.
"""

import hashlib
from dataclasses import replace

import structlog
from prometheus_client import Counter
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import store
from services.notify.loops import proposals, reviews
from services.notify.loops.gather import known_of
from services.notify.loops.taking_back import TAKING_BACK
from services.notify.loops.telling import WORKER, Trigger, letter, tell
from services.notify.plan import Address, Planned
from services.notify.post import enqueue
from services.notify.rules import notice
from services.notify.store import mail_of
from services.notify.tables import DELIVERY, EVENTS, NOTICE, PARTY
from shared.accounts import clock_command
from shared.events import Event
from shared.facts.notices import NoticePlanned, NoticeReviewPlanned

LOST = Counter("cadena_notify_lost_notices", "ALARM: notices of which nobody knows whether they were sent")
MOST = 4096
"""More facts than one proposal or review ever led to."""
log = structlog.get_logger()


async def restored(connection: AsyncConnection, source: str, sender: str) -> None:
    """Settle the notices without a mail, then tell everyone who is due."""
    if left := await TAKING_BACK.left(connection):
        log.error("entries in notify's name follow nothing that the log holds", indexes=left[:20], count=len(left))
    pen = await store.pen(connection, source)
    for identifier in await _without_mail(connection):
        await _settle(connection, identifier, pen, sender)
    for about in [*await proposals.every_open(connection), *await reviews.every_open(connection)]:
        event = Event.from_bytes((await known_of(connection, about)).raw)
        trigger = Trigger(event, pen, sender, await _first_free(connection, event.id))
        await tell(connection, [about], trigger)
    await pen.stage(connection)


async def _without_mail(connection: AsyncConnection) -> list[str]:
    """Notices that wait for a server's answer and have no mail to send."""
    mail = select(DELIVERY.c.id).where(DELIVERY.c.notice == NOTICE.c.id).exists()
    wanted = select(NOTICE.c.id).where(NOTICE.c.status == "planned", ~mail).order_by(NOTICE.c.id)
    return list((await connection.execute(wanted)).scalars())


async def _settle(connection: AsyncConnection, identifier: str, pen: store.Pen, sender: str) -> None:
    state, planned_by = await store.lock_notice(connection, identifier)
    planned = Event.from_bytes(
        (await connection.execute(select(EVENTS.event.c.bytes).where(EVENTS.event.c.id == planned_by))).scalar_one()
    )
    address = await _address(connection, state)
    if address is not None and address.mail is not None:
        at_that_time = Trigger(planned, replace(pen, now=planned.time, written=[]), sender)
        known = await known_of(connection, state.about)
        message = letter(known, Planned(state.person, state.capacity, address), identifier, at_that_time)
        fact = planned.fact()
        made = fact.message_sha256 if isinstance(fact, NoticePlanned | NoticeReviewPlanned) else ""
        if hashlib.sha256(message).hexdigest() == made:
            await enqueue(connection, identifier, address.mail, message, pen.now, notice=identifier)
            return
    LOST.inc()
    log.error("a notice is lost: whether it was sent is not known", notice=identifier)
    event = pen.write(
        notice.lost(identifier), actor=WORKER, command=clock_command(planned_by, 0), ordinal=0, cause=planned_by,
        version=state.version, updated_at=state.updated_at,
    )  # fmt: skip
    await store.save_notice(connection, notice.apply(state, event))


async def _address(connection: AsyncConnection, state: notice.NoticeState) -> Address | None:
    """The party's address that the notice was planned for, if its text is there."""
    digest = literal(state.address or "")
    wanted = select(mail_of(digest).label("mail"), PARTY.c.language).where(PARTY.c.id == state.person)
    row = (await connection.execute(wanted)).first()
    return Address(row.mail, state.address or "", row.language) if row else None


async def _first_free(connection: AsyncConnection, cause: str) -> int:
    """The ordinal after every fact that this event has led to so far."""
    commands = [clock_command(cause, ordinal) for ordinal in range(MOST)]
    used = select(func.max(EVENTS.event.c.ordinal)).where(EVENTS.event.c.command.in_(commands))
    last = (await connection.execute(used)).scalar()
    return 0 if last is None else int(last) + 1
