"""Notify's rows: its own state, the directory it keeps of what custody has sealed, and what waits to be sent.

Addresses stand in `party`, `delivery` and `sealed_value`, and nowhere else. There are no foreign keys: every row
follows from an event that was checked, in the order of the ledger.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, LargeBinary, Table, UniqueConstraint, Uuid, text
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from shared.behind import restoration_tables
from shared.commands import command_tables
from shared.database import metadata
from shared.outbox import event_tables
from shared.reader_position import reader_position_table

METADATA = metadata()
EVENTS = event_tables(METADATA)
COMMANDS = command_tables(METADATA)
READER_POSITION = reader_position_table(METADATA)
RESTORATION = restoration_tables(METADATA, READER_POSITION, EVENTS.publication)


class Id(TypeDecorator[str]):
    """A UUID, in Python the one spelling of it."""

    impl = Uuid(as_uuid=False)
    cache_ok = True


class Instant(TypeDecorator[datetime]):
    """A moment, with its offset."""

    impl = DateTime(timezone=True)
    cache_ok = True


class Row(SQLModel, registry=registry(metadata=METADATA)):
    """The base of notify's rows."""


class SubjectRow(Row):
    """A row of a noun of notify's own; columns = fields of the noun's state, and what no event may hold."""

    id: str = Field(primary_key=True, sa_type=Id)
    version: int
    updated_at: datetime = Field(sa_type=Instant)


class PartyRow(SubjectRow, table=True):
    """A party, by its person id. A mail address stands beside the digest that it is the text of (`…_of`): where that is
    not the digest `given` or `verified`, the text is lost, since the database was set back.
    """

    __tablename__: ClassVar[str] = "party"
    language: str
    given: str
    given_mail: str | None
    given_mail_of: str | None
    verified: str | None
    verified_mail: str | None
    verified_mail_of: str | None


class SubscriptionRow(SubjectRow, table=True):
    """A counsel follows a case."""

    __tablename__: ClassVar[str] = "subscription"
    __table_args__ = (UniqueConstraint("person", "case_id"),)
    person: str = Field(sa_type=Id)
    case_id: str = Field(sa_type=Id, index=True)


class NoticeRow(SubjectRow, table=True):
    """A notice of a proposal or of a review. The constraint is the last wall against telling a party twice at one
    address.
    """

    __tablename__: ClassVar[str] = "notice"
    __table_args__ = (
        UniqueConstraint("proposal", "review", "person", "capacity", "address", postgresql_nulls_not_distinct=True),
        CheckConstraint("(proposal IS NULL) <> (review IS NULL)", name="of_one"),
        Index(None, "person", "id"),
    )
    proposal: str | None = Field(sa_type=Id)
    review: str | None = Field(sa_type=Id)
    person: str = Field(sa_type=Id)
    capacity: str
    address: str | None
    status: str
    attempt: int | None
    reply_code: int | None
    planned_by: str = Field(sa_type=Id)
    """The event that made the notice: the cause of what follows."""


class DeliveryRow(Row, table=True):
    """A whole mail that waits, or waited, to be handed over.

    `notice` is absent for the mail with an address link, whose `id` is that of the fact that the address was given.
    """

    __tablename__: ClassVar[str] = "delivery"
    __table_args__ = (
        CheckConstraint("state IN ('due', 'accepted', 'rejected', 'dropped')", name="state"),
        Index("ix_delivery_due_at", "due_at", postgresql_where=text("state = 'due'")),
    )
    id: str = Field(primary_key=True, sa_type=Id)
    notice: str | None = Field(sa_type=Id, index=True)
    recipient: str
    message: bytes = Field(sa_type=LargeBinary)
    state: str
    attempts: int
    due_at: datetime = Field(sa_type=Instant)
    """When it is tried next; moved on before each attempt, so that a process that dies in it leaves it due again."""
    useless_at: datetime | None = Field(sa_type=Instant)
    """From when on there is no use in it: an address link that has run out. Notices have no such time."""


class AttemptRow(Row, table=True):
    """What came of one attempt; none for an attempt that its process did not survive. Insert-only."""

    __tablename__: ClassVar[str] = "attempt"
    delivery: str = Field(primary_key=True, sa_type=Id)
    number: int = Field(primary_key=True)
    ended_at: datetime = Field(sa_type=Instant)
    outcome: str
    reply_code: int | None
    why: str | None


class InstallationRow(Row, table=True):
    """Leaf 0, as far as notices need it. One row; without it nothing is recorded."""

    __tablename__: ClassVar[str] = "installation"
    id: str = Field(primary_key=True)
    origin: str
    log_vkey: str
    promise_key: str | None
    link_key: str
    demo: bool
    """It was founded as a demonstration: every mail and fact says so."""


class OrganisationRow(Row, table=True):
    """An institution's public name and kind."""

    __tablename__: ClassVar[str] = "organisation"
    id: str = Field(primary_key=True, sa_type=Id)
    name: str
    kind: str


class AccountRow(Row, table=True):
    """An account: one person in one organisation and role. Once it is closed, its digest may come again."""

    __tablename__: ClassVar[str] = "account"
    id: str = Field(primary_key=True, sa_type=Id)
    account_digest: str = Field(index=True)
    person: str = Field(sa_type=Id)
    organisation: str = Field(sa_type=Id)
    role: str


class ClosingRow(Row, table=True):
    """An account that was closed: nobody acts by it. Kept apart, so that rows are written once."""

    __tablename__: ClassVar[str] = "account_closing"
    account: str = Field(primary_key=True, sa_type=Id)


class CaseRow(Row, table=True):
    """A case: its folio, and the authority that keeps it."""

    __tablename__: ClassVar[str] = "case_file"
    id: str = Field(primary_key=True, sa_type=Id)
    authority: str = Field(sa_type=Id)
    folio: str


class CounselRow(Row, table=True):
    """Counsel of record of a case."""

    __tablename__: ClassVar[str] = "counsel"
    case_id: str = Field(primary_key=True, sa_type=Id)
    person: str = Field(primary_key=True, sa_type=Id, index=True)


class ProposalRow(Row, table=True):
    """A sealed proposal with the very bytes of its event and the proof that was made when it was read."""

    __tablename__: ClassVar[str] = "proposal"
    id: str = Field(primary_key=True, sa_type=Id)
    event: bytes = Field(sa_type=LargeBinary)
    idx: int = Field(sa_type=BigInteger)
    size: int = Field(sa_type=BigInteger)
    proof: str


class WithdrawalRow(Row, table=True):
    """A proposal that was taken back: nobody further is told of it. Kept apart, so that no order of reading matters."""

    __tablename__: ClassVar[str] = "withdrawal"
    proposal: str = Field(primary_key=True, sa_type=Id)


class ProposalCaseRow(Row, table=True):
    """Which cases a proposal touches."""

    __tablename__: ClassVar[str] = "proposal_case"
    proposal: str = Field(primary_key=True, sa_type=Id)
    case_id: str = Field(primary_key=True, sa_type=Id, index=True)


class ReviewRow(Row, table=True):
    """A sealed review with the very bytes of its event and the proof that was made when it was read.

    `until` is the first of its items' last days, `lead` how many months before the items are looked at.
    """

    __tablename__: ClassVar[str] = "review"
    id: str = Field(primary_key=True, sa_type=Id)
    event: bytes = Field(sa_type=LargeBinary)
    idx: int = Field(sa_type=BigInteger)
    size: int = Field(sa_type=BigInteger)
    proof: str
    case_id: str = Field(sa_type=Id, index=True)
    until: date
    lead: int


class EffectRow(Row, table=True):
    """An event that had its effect here. Of two leaves with one id, or one command and ordinal, the lower counts."""

    __tablename__: ClassVar[str] = "effect"
    __table_args__ = (UniqueConstraint("source", "command", "ordinal"),)
    source: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True, sa_type=Id)
    command: str
    ordinal: int


def table_of(row: type[Row]) -> Table:
    """The table of a row class, for Core statements."""
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


PARTY, SUBSCRIPTION, NOTICE = table_of(PartyRow), table_of(SubscriptionRow), table_of(NoticeRow)
DELIVERY, ATTEMPT = table_of(DeliveryRow), table_of(AttemptRow)
INSTALLATION, ORGANISATION, ACCOUNT = table_of(InstallationRow), table_of(OrganisationRow), table_of(AccountRow)
CLOSING = table_of(ClosingRow)
CASE, COUNSEL = table_of(CaseRow), table_of(CounselRow)
PROPOSAL, PROPOSAL_CASE, WITHDRAWAL = table_of(ProposalRow), table_of(ProposalCaseRow), table_of(WithdrawalRow)
REVIEW = table_of(ReviewRow)
EFFECT = table_of(EffectRow)
