"""Reviews."""

from typing import Any, ClassVar

from sqlalchemy import Index
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow, Parts


class ReviewRow(IdRow, table=True):
    """A review of items of a case."""

    __tablename__: ClassVar[str] = "review"
    __table_args__ = (Index("ix_review_case_id", "case", "id"),)
    case: str = Field(sa_type=Id)
    lead: int
    items: list[dict[str, Any]] = Field(sa_type=Parts)
