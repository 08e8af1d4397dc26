"""Delivery: takes mail that is due, hands it over, and records what the server said. At least once, the same bytes.

An attempt first moves its delivery's due time on and commits: a process that dies in it leaves the mail due again.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notify import store
from services.notify.channels.mail import Channel, Outcome, Postponed, Refused, Taken
from services.notify.loops.telling import WORKER
from services.notify.retry import delay
from services.notify.rules import notice
from services.notify.tables import ATTEMPT, DELIVERY, EVENTS, RESTORATION
from shared.accounts import clock_command
from shared.behind import standing, stands
from shared.facts.notices import PartyAddressGiven
from shared.failpoint import reach
from shared.outside import Remembered, SealedIndexGlance
from shared.pause import pause
from shared.trouble import TROUBLE

LEASE = timedelta(minutes=5)
"""Longer than any attempt may take (services.notify.channels.mail)."""
SIDE_BY_SIDE = 3
POLL_SECONDS = 0.3
TROUBLE_SECONDS = 2.0

ATTEMPTS = Counter("cadena_notify_attempts_total", "Attempts to hand mail over, by outcome", ["outcome"])
WAITING = Gauge("cadena_notify_deliveries_waiting", "Mail not yet accepted, rejected or dropped")
OLDEST_DUE = Gauge("cadena_notify_oldest_due_seconds", "For how long the oldest mail has been due")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this process's to attempt, for the `attempt`-th time."""

    id: str
    notice: str | None
    recipient: str
    message: bytes
    attempt: int


class Deliver:
    """Hands over what is due, a few at a time. `spread` in [0, 1) scatters the retries."""

    def __init__(
        self, engine: AsyncEngine, source: str, channel: Channel, spread: Callable[[], float] = random.random,
        glance: SealedIndexGlance | None = None,
    ) -> None:  # fmt: skip
        self._engine, self._source, self._channel, self._spread = engine, source, channel, spread
        self._glance = glance

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; what is being handed over then is finished."""
        await asyncio.gather(*(self._work(stop) for _ in range(SIDE_BY_SIDE)), self._measure(stop))

    async def one(self) -> bool:
        """Attempt one delivery; False if none is due."""
        claimed = await self._claim()
        if claimed is None:
            return False
        reach("before-mail")
        outcome = await self._channel.send(claimed.recipient, claimed.message)
        reach("after-mail")
        ATTEMPTS.labels(type(outcome).__name__.lower()).inc()
        await self._settle(claimed, outcome)
        return True

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if not await self.one():
                    await pause(stop, POLL_SECONDS)
            except TROUBLE as error:
                log.warning("delivery waits for the database", reason=type(error).__name__)
                await pause(stop, TROUBLE_SECONDS)

    async def _claim(self) -> Claimed | None:
        """The mail that is due longest and that nobody else is handling; an address link of no more use is dropped."""
        now = func.clock_timestamp()
        due = (DELIVERY.c.state == "due") & (DELIVERY.c.due_at <= now)
        wanted = select(DELIVERY.c.id).where(due).order_by(DELIVERY.c.due_at).limit(1).with_for_update(skip_locked=True)
        remembered = self._glance.remembered() if self._glance else None
        async with self._engine.begin() as connection:
            if remembered is not None and await _is_behind(connection, remembered):
                return None  # what is due here may have been sent
            useless = (DELIVERY.c.useless_at <= now) | _is_superseded()
            await connection.execute(DELIVERY.update().where(due, useless).values(state="dropped"))
            row = (
                await connection.execute(
                    DELIVERY.update()
                    .where(DELIVERY.c.id == wanted.scalar_subquery())
                    .values(attempts=DELIVERY.c.attempts + 1, due_at=now + LEASE)
                    .returning(DELIVERY)
                )
            ).first()
        return Claimed(row.id, row.notice, row.recipient, row.message, row.attempts) if row else None

    async def _settle(self, claimed: Claimed, outcome: Outcome) -> None:
        """Record what came of an attempt, in one transaction with the fact, if it decides the notice."""
        async with self._engine.begin() as connection:
            row = (
                await connection.execute(
                    select(DELIVERY.c.state, DELIVERY.c.attempts).where(DELIVERY.c.id == claimed.id).with_for_update()
                )
            ).one()
            now = await store.clock(connection)
            await _note(connection, claimed, outcome, now)
            if isinstance(outcome, Postponed):
                if row.state == "due" and row.attempts == claimed.attempt:
                    again = now + delay(claimed.attempt, self._spread())
                    await connection.execute(DELIVERY.update().where(DELIVERY.c.id == claimed.id).values(due_at=again))
                return
            state = "accepted" if isinstance(outcome, Taken) else "rejected"
            await connection.execute(DELIVERY.update().where(DELIVERY.c.id == claimed.id).values(state=state))
            if claimed.notice is not None:
                await self._decide(connection, claimed.notice, claimed.attempt, outcome)

    async def _decide(
        self, connection: AsyncConnection, identifier: str, attempt: int, outcome: Taken | Refused
    ) -> None:
        """The fact that a server took or refused the notice: once, whatever a later attempt is told."""
        state, planned_by = await store.lock_notice(connection, identifier)
        if state.status != "planned":
            return
        draft = (
            notice.accepted(identifier, attempt)
            if isinstance(outcome, Taken)
            else notice.rejected(identifier, attempt, outcome.reply_code)
        )
        pen = await store.pen(connection, self._source)
        event = pen.write(
            draft, actor=WORKER, command=clock_command(planned_by, attempt), ordinal=attempt, cause=planned_by,
            version=state.version, updated_at=state.updated_at,
        )  # fmt: skip
        await store.save_notice(connection, notice.apply(state, event))
        await pen.stage(connection)

    async def _measure(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            waiting = select(func.count(), func.extract("epoch", func.clock_timestamp() - func.min(DELIVERY.c.due_at)))
            with contextlib.suppress(*TROUBLE):
                async with self._engine.connect() as connection:
                    count, late = (await connection.execute(waiting.where(DELIVERY.c.state == "due"))).one()
                WAITING.set(count)
                OLDEST_DUE.set(max(0.0, float(late or 0)))
            await pause(stop, 5.0)


async def _is_behind(connection: AsyncConnection, remembered: Remembered) -> bool:
    return stands((await connection.execute(select(*standing(RESTORATION)))).one()).is_behind(remembered)


def _is_superseded() -> ColumnElement[bool]:
    """An address link whose party has given an address since: its mail has the id of the fact that it was given."""
    of_link, later = EVENTS.event.alias("of_link"), EVENTS.event.alias("later")
    since = (later.c.subject == of_link.c.subject) & (later.c.sequence > of_link.c.sequence)
    given = later.c.type == PartyAddressGiven.type_name()
    found = select(later.c.id).where(of_link.c.id == DELIVERY.c.id, since, given)
    return DELIVERY.c.notice.is_(None) & found.exists()


async def _note(connection: AsyncConnection, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    await connection.execute(
        insert(ATTEMPT).values(
            delivery=claimed.id, number=claimed.attempt, ended_at=now, outcome=type(outcome).__name__.lower(),
            reply_code=None if isinstance(outcome, Taken) else outcome.reply_code,
            why=outcome.why if isinstance(outcome, Postponed) else None,
        )
    )  # fmt: skip
