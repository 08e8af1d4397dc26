"""The event: a CloudEvents 1.0.2 envelope whose canonical bytes are made once and never again. PURE.

Refusals carry no `subject` version; every other event carries the subject's next version, 1, 2, 3 … without a gap.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from uuid6 import uuid7

from shared.canonical import NotCanonical, canonical, strict_loads
from shared.facts import FACTS, Fact, schema_name
from shared.sealed import SealedValue
from shared.text import Instant, Sha256, Uuid

MAX_EVENT_BYTES = 60_000


class NotAnEvent(ValueError):
    """Bytes that are not an event of ours; the message says which member is wrong."""


class Actor(BaseModel):
    """Who acted: a person of custody's own tables in one organisation and role, or a service whose clock came due.

    `account` stands there where a system of the organisation acted, for which the person answers as its operator.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    person: Uuid | None = None
    org: Uuid | None = None
    role: str | None = None
    account: Uuid | None = None
    service: Literal["custody", "notify", "audit"] | None = None


class Event(BaseModel):
    """One recorded fact. `time` is the database's clock, `occurred_at` what the actor claims; both microseconds UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"
    id: Uuid
    source: Annotated[str, Field(pattern=r"^urn:cadena:[a-z0-9-]+:(custody|notify|audit)$")]
    type: Annotated[str, Field(pattern=r"^org\.cadena\.(custody|notify|audit)\.[a-z_.]+\.v[0-9]+$")]
    dataschema: str
    subject: Annotated[str, Field(pattern=r"^[a-z_]+/[A-Za-z0-9._-]{1,64}$")] | None = None
    sequence: Annotated[int, Field(ge=1)] | None = None
    time: Instant
    occurred_at: Instant
    actor: Actor
    command: Sha256
    ordinal: Annotated[int, Field(ge=0)]
    cause: Uuid | None = None
    outcome: Literal["accepted", "refused"]
    data: dict[str, JsonValue]

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes that are stored, sent, hashed and kept. Raises NotAnEvent beyond 60,000 bytes."""
        raw = canonical(self.model_dump(mode="json", exclude_none=True))
        if len(raw) > MAX_EVENT_BYTES:
            raise NotAnEvent(f"an event has at most {MAX_EVENT_BYTES} bytes, this one {len(raw)}")
        return raw

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Event":
        """Read an event's bytes; raises NotAnEvent if they are not canonical JSON of this shape."""
        try:
            value = strict_loads(raw)
            event = cls.model_validate(value)
        except (NotCanonical, ValidationError) as error:
            raise NotAnEvent(str(error)) from error
        if event.to_bytes() != raw:
            raise NotAnEvent("the bytes are not in canonical form")
        return event

    def fact(self) -> Fact:
        """The typed data; raises NotAnEvent for a type that this release does not know, or data of another shape."""
        try:
            return FACTS[self.type].model_validate(self.data)
        except (KeyError, ValidationError) as error:
            raise NotAnEvent(f"{self.type}: {error}") from error


@dataclass(frozen=True, slots=True)
class Draft:
    """What a rule returns: a fact about a subject, before recording gives it id, version, time, actor and command.

    `sealed` are the texts whose digests `fact` carries. `occurred_at` None means: when it was recorded.
    """

    subject: str
    fact: Fact
    occurred_at: datetime | None = None
    sealed: tuple[SealedValue, ...] = ()


def new_id() -> str:
    """A UUIDv7: ids of one time lie together in every index."""
    return str(uuid7())


def envelope(
    draft: Draft,
    *,
    source: str,
    sequence: int | None,
    time: datetime,
    actor: Actor,
    command: str,
    ordinal: int,
    cause: str | None = None,
    outcome: Literal["accepted", "refused"] = "accepted",
) -> Event:
    """The event of a draft. `sequence` None is for refusals, which have neither subject nor version."""
    kind = draft.fact.type_name()
    return Event(
        id=new_id(), source=source, type=kind, dataschema=schema_name(kind),
        subject=draft.subject if sequence is not None else None, sequence=sequence,
        time=time, occurred_at=draft.occurred_at or time, actor=actor, command=command, ordinal=ordinal, cause=cause,
        outcome=outcome, data=_data(draft.fact),
    )  # fmt: skip


def _data(fact: Fact) -> dict[str, Any]:
    return fact.model_dump(mode="json", exclude_none=True)
