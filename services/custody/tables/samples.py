"""Samples."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow, Ids, Instant


class SampleRow(IdRow, table=True):
    """An item as its last event left it."""

    __tablename__: ClassVar[str] = "sample"
    __table_args__ = (
        UniqueConstraint("registered_by", "label"),
        Index("ix_sample_case_id", "case", "id"),
        Index("ix_sample_label_id", "label", "id"),
        Index("ix_sample_holders", "holders", postgresql_using="gin"),
        Index(
            "ix_sample_retention",
            "retention_until",
            "id",
            postgresql_where=text("retention_until IS NOT NULL"),
        ),
        Index("ix_sample_offered_to", "offered_to", postgresql_where=text("offered_to IS NOT NULL")),
    )
    case: str = Field(sa_type=Id)
    kind: str
    label: str
    seal: str
    amount: int
    unit: str
    collected_at: datetime = Field(sa_type=Instant)
    collected_latest: date
    collected_place: str
    root: str = Field(sa_type=Id)
    registered_by: str = Field(sa_type=Id)
    custodian_org: str = Field(sa_type=Id)
    custodian_person: str = Field(sa_type=Id)
    holders: list[str] = Field(sa_type=Ids)
    links: int
    offer: str | None = Field(sa_type=Id)
    offered_to: str | None = Field(sa_type=Id)
    proposal: str | None = Field(sa_type=Id)
    retention_rule: str
    retention_version: int
    retention_until: date | None
    review_lead: int | None
    floor_rule: str | None
    floor_version: int | None
    floor_until: date | None
