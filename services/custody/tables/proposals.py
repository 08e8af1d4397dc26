"""Proposals of destruction."""

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Index
from sqlmodel import Field

from services.custody.tables.base import Id, IdRow, Ids, Parts


class ProposalRow(IdRow, table=True):
    """A proposal; its items and recipients never change."""

    __tablename__: ClassVar[str] = "proposal"
    __table_args__ = (Index("ix_proposal_cases", "cases", postgresql_using="gin"),)
    proposed_by_org: str = Field(sa_type=Id)
    proposed_by_person: str = Field(sa_type=Id)
    samples: list[str] = Field(sa_type=Ids)
    cases: list[str] = Field(sa_type=Ids)
    planned_on: date
    reason: str
    method: str
    rule_id: str
    rule_version: int
    recipients: list[dict[str, Any]] = Field(sa_type=Parts)
    explanation: str | None
    status: str
