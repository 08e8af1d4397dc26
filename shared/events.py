"""The event: a CloudEvents 1.0.2 envelope whose canonical bytes are made once and never again. PURE.

Refusals carry no `subject` version; every other event carries the subject's next version, 1, 2, 3 … without a gap.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from shared.built import built
from shared.canonical import NotCanonical, canonical, strict_loads
from shared.closed import canonical_of
from shared.facts import FACTS, Fact, schema_name
from shared.ids import new_id
from shared.sealed import SealedValue
from shared.text import Instant, Sha256, Uuid, write_instant

__all__ = ["MAX_EVENT_BYTES", "Actor", "Draft", "Event", "NotAnEvent", "envelope", "new_id"]

MAX_EVENT_BYTES = 60_000
_SUBJECT = r"^[a-z_]+/[A-Za-z0-9._-]{1,64}$"
_IS_SUBJECT = re.compile(_SUBJECT)


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
    subject: Annotated[str, Field(pattern=_SUBJECT)] | None = None
    sequence: Annotated[int, Field(ge=1)] | None = None
    time: Instant
    occurred_at: Instant
    actor: Actor
    command: Sha256
    ordinal: Annotated[int, Field(ge=0)]
    cause: Uuid | None = None
    demo: Literal[True] | None = None
    """Made in an installation that was founded as a demonstration: nothing here is a real case."""
    outcome: Literal["accepted", "refused"]
    data: dict[str, JsonValue]

    def to_bytes(self) -> bytes:
        """The RFC 8785 bytes that are stored, sent, hashed and kept. Raises NotAnEvent beyond 60,000 bytes."""
        made = _MADE in self.__dict__
        raw = self._spelled() if made else canonical(self.model_dump(mode="json", exclude_none=True))
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
        made: Fact | None = self.__dict__.get(_MADE)
        if made is not None:
            return made
        try:
            return FACTS[self.type].model_validate(self.data)
        except (KeyError, ValidationError) as error:
            raise NotAnEvent(f"{self.type}: {error}") from error

    def __copy__(self) -> Self:
        """A copy may be given other members: it is looked at like an event that was read."""
        copied = super().__copy__()
        copied.__dict__.pop(_MADE, None)
        return copied

    def _spelled(self) -> bytes:
        """`canonical` of what `model_dump` says, of an event that `envelope` made: members in order around its data.

        No character of an id, a subject, a hash or an instant is one that JSON escapes.
        """
        before, between, behind = _frame(self.actor, self.cause, self.source, self.type, self.dataschema, self.demo)
        data = canonical_of(type(self.__dict__[_MADE]), self.data).decode()
        version = "" if self.sequence is None else f',"sequence":{self.sequence}'
        subject = "" if self.subject is None else f',"subject":"{self.subject}"'
        return (
            f'{before}"command":"{self.command}","data":{data}{between}"id":"{self.id}"'
            f',"occurred_at":"{write_instant(self.occurred_at)}","ordinal":{self.ordinal},"outcome":"{self.outcome}"'
            f'{version}{behind}{subject},"time":"{write_instant(self.time)}","type":"{self.type}"}}'
        ).encode()


_MADE = "_made_of"
"""The fact that `envelope` made an event of; beside its fields, as a cached property stands there: it is in no dump and
no comparison.
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a rule returns: a fact about a subject, before recording gives it id, version, time, actor and command.

    `sealed` are the texts whose digests `fact` carries. `occurred_at` None means: when it was recorded.
    """

    subject: str
    fact: Fact
    occurred_at: datetime | None = None
    sealed: tuple[SealedValue, ...] = ()


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
    demo: bool = False,
) -> Event:
    """The event of a draft. `sequence` None is for refusals, which have neither subject nor version.

    Its parts were validated when they were made; ValueError for a subject or a hash, and TypeError for a time, that is
    none.
    """
    if sequence is not None and not _IS_SUBJECT.fullmatch(draft.subject):
        raise ValueError("a subject is written as noun/id")
    if not command.isalnum():
        raise ValueError("a command is named by its hash")
    if time.tzinfo is None:
        raise TypeError("an event's time has an offset from UTC")
    kind, schema = _names(type(draft.fact))
    data = draft.fact.model_dump(mode="json", exclude_none=True)
    return built(Event, {
        "specversion": "1.0", "datacontenttype": "application/json", "id": new_id(), "source": source, "type": kind,
        "dataschema": schema, "subject": draft.subject if sequence is not None else None, "sequence": sequence,
        "time": time, "occurred_at": draft.occurred_at or time, "actor": actor, "command": command,
        "ordinal": ordinal, "cause": cause, "demo": demo or None, "outcome": outcome, "data": data, _MADE: draft.fact,
    })  # fmt: skip


@lru_cache(maxsize=1024)
def _frame(
    actor: Actor, cause: str | None, source: str, kind: str, schema: str, demo: bool | None
) -> tuple[str, str, str]:
    """What the events of one command, or of one batch, have alike: before the hash, behind the data, and the source."""
    first = {"actor": actor.model_dump(exclude_none=True)} | ({} if cause is None else {"cause": cause})
    texts = [
        first,
        {"datacontenttype": "application/json", "dataschema": schema} | ({"demo": True} if demo else {}),
        {"source": source, "specversion": "1.0"},
    ]
    before, between, behind = (canonical(text).decode()[1:-1] for text in texts)
    return f"{{{before},", f",{between},", f",{behind}"


@cache
def _names(fact: type[Fact]) -> tuple[str, str]:
    """Type and schema of a kind of fact."""
    return fact.type_name(), schema_name(fact.type_name())
