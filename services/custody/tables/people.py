"""The installation, its organisations, its persons and their accounts."""

from typing import Any, ClassVar

from sqlalchemy import Index, text
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow, Parts, Row


class InstallationRow(Row, table=True):
    """The one row of the installation; where there is none, nothing is recorded yet."""

    __tablename__: ClassVar[str] = "installation"
    __table_args__ = (Index("uq_installation_one", text("(true)"), unique=True),)
    id: str = Field(primary_key=True)
    founding_event: str = Field(sa_type=Id)
    origin: str
    log_vkey: str
    cosigner_vkey: str
    promise_keys: list[dict[str, Any]] = Field(sa_type=Parts)
    link_key: str
    pack_id: str
    pack_version: int
    pack_sha256: str


class OrganisationRow(IdRow, table=True):
    """An institution."""

    __tablename__: ClassVar[str] = "organisation"
    name: str
    kind: str
    independent: bool
    source: str | None


class PersonRow(IdRow, table=True):
    """A person: a digest of the name, no more."""

    __tablename__: ClassVar[str] = "person"
    person_name: str


class AccountRow(IdRow, table=True):
    """An account, found by the digest of its issuer and subject."""

    __tablename__: ClassVar[str] = "account"
    __table_args__ = (
        Index("uq_account_account_digest", "account_digest", unique=True, postgresql_where=text("status <> 'closed'")),
    )
    person: str = Field(sa_type=Id, index=True)
    organisation: str = Field(sa_type=Id)
    role: str
    account_digest: str
    kind: str
    status: str


class AuditorRow(IdRow, table=True):
    """An auditor by a court's appointment, found by the digest of the account."""

    __tablename__: ClassVar[str] = "auditor"
    __table_args__ = (
        Index(
            "uq_auditor_account_digest", "account_digest", unique=True, postgresql_where=text("status = 'appointed'")
        ),
    )
    person: str = Field(sa_type=Id)
    account_digest: str
    order: str
    document_sha256: str | None
    status: str
