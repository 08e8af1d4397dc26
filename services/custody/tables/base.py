"""What every table of custody shares: one metadata with named constraints, and the column types that states need.

There are no foreign keys: every reference was checked by a rule under locks, and the state follows from the events
alone, which `rebuild` proves. A key check by the database would lock rows outside the one lock order.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, DateTime, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from shared.database import metadata

METADATA = metadata()


class Id(TypeDecorator[str]):
    """A UUID, in Python the one spelling of it."""

    impl = Uuid(as_uuid=False)
    cache_ok = True


class Ids(TypeDecorator[list[str]]):
    """UUIDs in order."""

    impl = ARRAY(Uuid(as_uuid=False))
    cache_ok = True


class Instant(TypeDecorator[datetime]):
    """A moment, with its offset."""

    impl = DateTime(timezone=True)
    cache_ok = True


class Parts(TypeDecorator[list[dict[str, Any]]]):
    """Flat objects in order."""

    impl = JSONB
    cache_ok = True


class Row(SQLModel, registry=registry(metadata=METADATA)):
    """The base of custody's rows; column = field of the noun's state (services.custody.rules)."""

    version: int
    updated_at: datetime = Field(sa_type=Instant)


class IdRow(Row):
    """A row whose subject is known by a UUID."""

    id: str = Field(primary_key=True, sa_type=Id)
