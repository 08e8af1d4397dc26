"""Cases."""

from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow, Parts


class CaseRow(IdRow, table=True):
    """A case with the persons in it, counsel of record, and what was stated of it."""

    __tablename__: ClassVar[str] = "case"
    __table_args__ = (
        UniqueConstraint("authority", "folio"),
        Index("ix_case_counsel", "counsel", postgresql_using="gin", postgresql_ops={"counsel": "jsonb_path_ops"}),
    )
    authority: str = Field(sa_type=Id)
    folio: str
    persons: list[dict[str, Any]] = Field(sa_type=Parts)
    counsel: list[dict[str, Any]] = Field(sa_type=Parts)
    statements: list[dict[str, Any]] = Field(sa_type=Parts)
