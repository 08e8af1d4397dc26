"""Offers of hand-over."""

from typing import ClassVar

from sqlalchemy import Index
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow, Ids


class OfferRow(IdRow, table=True):
    """An offer; its items never change."""

    __tablename__: ClassVar[str] = "offer"
    __table_args__ = (
        Index("ix_offer_from_org_id", "from_org", "id"),
        Index("ix_offer_to_org_id", "to_org", "id"),
        Index("ix_offer_samples", "samples", postgresql_using="gin"),
    )
    from_org: str = Field(sa_type=Id)
    from_person: str = Field(sa_type=Id)
    to_org: str = Field(sa_type=Id)
    samples: list[str] = Field(sa_type=Ids)
    purpose: str
    transport: str
    temperature: str
    courier: str | None
    note: str | None
    status: str
    refusal: str | None
