"""Rows of notify's own nouns ⇄ their states, and the events of one transaction. Owns no transaction."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.rules.notice import NoticeState
from services.notify.rules.party import PartyState
from services.notify.rules.party import subject as party_subject
from services.notify.rules.subscription import SubscriptionState
from services.notify.tables import ACCOUNT, CLOSING, EVENTS, INSTALLATION, NOTICE, PARTY, SUBSCRIPTION
from shared.events import Actor, Draft, Event, envelope
from shared.facts.notices import PartyAddressGiven
from shared.outbox import Recorded, stage

_TICK = timedelta(microseconds=1)
_PERSONS = 0x706572
"""First half of the locks of persons: of twice 32 bits, the space that is not the relay's."""


@dataclass(slots=True)
class Pen:
    """Makes the events of one transaction and stages them together. `now` is the database's clock, read after locks;
    `demo`: the installation was founded as a demonstration.
    """

    source: str
    now: datetime
    demo: bool = False
    written: list[Recorded] = field(default_factory=list)

    def write(
        self, draft: Draft, *, actor: Actor, command: str, ordinal: int, cause: str | None = None, version: int = 0,
        updated_at: datetime | None = None, outcome: Literal["accepted", "refused"] = "accepted",
    ) -> Event:  # fmt: skip
        """The event of a draft about a subject that stood at `version` since `updated_at`; refusals have neither."""
        time = max(self.now, updated_at + _TICK) if updated_at else self.now
        event = envelope(
            draft, source=self.source, sequence=None if outcome == "refused" else version + 1, time=time, actor=actor,
            command=command, ordinal=ordinal, cause=cause, outcome=outcome, demo=self.demo,
        )  # fmt: skip
        self.written.append(Recorded.of(event, draft.sealed))
        return event

    async def stage(self, connection: AsyncConnection) -> None:
        """Store what was written, in order."""
        await stage(connection, EVENTS, self.written)


async def pen(connection: AsyncConnection, source: str) -> Pen:
    """A pen of this moment."""
    demo = select(INSTALLATION.c.demo).scalar_subquery()
    row = (await connection.execute(select(func.clock_timestamp().label("now"), demo.label("demo")))).one()
    return Pen(source, row.now, row.demo is True)


async def clock(connection: AsyncConnection) -> datetime:
    """The database's clock, now: not the transaction's start."""
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def is_founded(connection: AsyncConnection) -> bool:
    """Whether leaf 0 has been read."""
    return (await connection.execute(select(INSTALLATION.c.id))).first() is not None


async def keys_of_leaf_0(connection: AsyncConnection) -> tuple[str | None, str] | None:
    """The promise key and the link key that the founding names for notify; None before leaf 0 has been read."""
    row = (await connection.execute(select(INSTALLATION.c.promise_key, INSTALLATION.c.link_key))).first()
    return (row.promise_key, row.link_key) if row else None


async def actor(connection: AsyncConnection, account: str) -> Actor | None:
    """Who an account is, by the sealed directory; None for one that is not in it (yet)."""
    row = (
        await connection.execute(
            select(ACCOUNT.c.person, ACCOUNT.c.organisation, ACCOUNT.c.role).where(open_account(account))
        )
    ).first()
    return Actor(person=row.person, org=row.organisation, role=row.role) if row else None


def open_account(digest: str) -> ColumnElement[bool]:
    """True for the account that this digest is now, if that was not closed."""
    return (ACCOUNT.c.account_digest == digest) & ~exists().where(CLOSING.c.account == ACCOUNT.c.id)


async def lock_person(connection: AsyncConnection, person: str) -> None:
    """One command about a person at a time, whether or not there are rows about that person yet.

    Two persons of one hash wait for each other, no more. To the relay's locks the API's login has no right.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(_PERSONS, func.hashtext(person))))


async def party(connection: AsyncConnection, person: str) -> PartyState | None:
    """A party's state."""
    row = (await connection.execute(select(PARTY).where(PARTY.c.id == person))).first()
    if row is None:
        return None
    return PartyState(row.id, row.version, row.updated_at, row.language, row.given, row.verified)


def mail_of(digest: ColumnElement[Any]) -> ColumnElement[str | None]:
    """The address whose digest this column of `party` is; null where there is none, or its text is lost."""
    return case(
        (PARTY.c.verified_mail_of == digest, PARTY.c.verified_mail),
        (PARTY.c.given_mail_of == digest, PARTY.c.given_mail),
    )


async def mails(connection: AsyncConnection, person: str) -> tuple[str | None, str | None]:
    """The address given last and the one in use, each None where there is none or its text is lost."""
    wanted = select(mail_of(PARTY.c.given), mail_of(PARTY.c.verified)).where(PARTY.c.id == person)
    row = (await connection.execute(wanted)).first()
    return (row[0], row[1]) if row else (None, None)


async def save_party_again(connection: AsyncConnection, state: PartyState) -> None:
    """Write a party as its facts say, in the words of the worker, who has no part in addresses."""
    values = {name: value for name, value in asdict(state).items() if name != "id"}
    await connection.execute(
        insert(PARTY).values(id=state.id, **values).on_conflict_do_update(index_elements=[PARTY.c.id], set_=values)
    )


def _given_by(person: str) -> ColumnElement[bool]:
    return (EVENTS.event.c.subject == party_subject(person)) & (EVENTS.event.c.type == PartyAddressGiven.type_name())


async def given_since(connection: AsyncConnection, person: str, moment: datetime) -> int:
    """How often the person gave an address after `moment`."""
    wanted = select(func.count()).where(_given_by(person), EVENTS.event.c.time > moment)
    count: int = (await connection.execute(wanted)).scalar_one()
    return count


async def save_given(connection: AsyncConnection, state: PartyState, mail: str) -> None:
    """Write a party that gave the address `mail`; the verified one stays."""
    values = {
        "version": state.version, "updated_at": state.updated_at, "language": state.language, "given": state.given,
        "given_mail": mail, "given_mail_of": state.given,
    }  # fmt: skip
    await connection.execute(
        insert(PARTY)
        .values(id=state.id, verified=None, verified_mail=None, verified_mail_of=None, **values)
        .on_conflict_do_update(index_elements=[PARTY.c.id], set_=values)
    )


async def save_verified(connection: AsyncConnection, state: PartyState) -> None:
    """Write a party whose given address is verified now."""
    await connection.execute(
        PARTY.update()
        .where(PARTY.c.id == state.id)
        .values(
            version=state.version,
            updated_at=state.updated_at,
            verified=state.verified,
            verified_mail=PARTY.c.given_mail,
            verified_mail_of=PARTY.c.given_mail_of,
        )
    )


async def subscription_of(connection: AsyncConnection, person: str, case: str) -> str | None:
    """The id of the person's subscription to the case."""
    wanted = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.person == person, SUBSCRIPTION.c.case_id == case)
    found: str | None = (await connection.execute(wanted)).scalar()
    return found


async def add_subscription(connection: AsyncConnection, state: SubscriptionState) -> None:
    """Write a new subscription."""
    values = asdict(state)
    values["case_id"] = values.pop("case")
    await connection.execute(insert(SUBSCRIPTION).values(values))


async def lock_notice(connection: AsyncConnection, notice: str) -> tuple[NoticeState, str]:
    """A notice's state, locked, and the event that made it."""
    row = (await connection.execute(select(NOTICE).where(NOTICE.c.id == notice).with_for_update())).one()
    members: dict[str, Any] = dict(row._mapping)
    planned_by: str = members.pop("planned_by")
    return NoticeState(**members), planned_by


async def add_notice(connection: AsyncConnection, state: NoticeState, planned_by: str) -> None:
    """Write a new notice that the event `planned_by` made."""
    await connection.execute(insert(NOTICE).values(**asdict(state), planned_by=planned_by))


async def save_notice(connection: AsyncConnection, state: NoticeState) -> None:
    """Write the later version of a notice that this transaction has locked."""
    values = asdict(state)
    await connection.execute(NOTICE.update().where(NOTICE.c.id == values.pop("id")).values(values))
