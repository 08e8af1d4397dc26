"""Holds."""

from typing import ClassVar

from sqlalchemy import Index, text
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow


class HoldRow(IdRow, table=True):
    """A hold. It is found by the root that it covers, or by its case."""

    __tablename__: ClassVar[str] = "hold"
    __table_args__ = (
        Index("ix_hold_root_id", "root", "id"),
        Index("ix_hold_case_id", "case", "id", postgresql_where=text("root IS NULL")),
    )
    case: str = Field(sa_type=Id)
    sample: str | None = Field(sa_type=Id)
    root: str | None = Field(sa_type=Id)
    reason: str
    placed_by_org: str = Field(sa_type=Id)
    placed_by_person: str = Field(sa_type=Id)
    placed_as: str
    status: str
