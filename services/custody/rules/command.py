"""What a command is, and what deciding it may give. PURE."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, TypeAlias

from services.custody.refusals import UnknownReference
from shared.errors import Refusal
from shared.events import Draft
from shared.sealed import SealedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One imperative. The edge makes ids of new subjects and the salts of sealed texts, so that rules stay pure.

    `occurred_at` is when the actor says it happened; None means: when it is recorded.
    A sealed text has the name of the member that holds it, since its digest covers that name; else ValueError.
    """

    subject_is: ClassVar[str]
    target_is: ClassVar[str] = ""

    occurred_at: datetime | None = None

    def __post_init__(self) -> None:
        for member in _members(type(self)):  # type: ignore[arg-type]  # mypy looks at hashes of instances
            value = getattr(self, member)
            if isinstance(value, SealedValue) and value.field != member:
                raise ValueError(f"{member} holds a text that was sealed as {value.field}")

    def subject(self) -> str:
        """The subject, `<noun>/<id>`, that the command creates or changes; its new state is the answer."""
        return self.subject_is.format(self)

    def target(self) -> str:
        """What a refusal of the command names: the subject, unless that never came to exist."""
        return (self.target_is or self.subject_is).format(self)


@cache
def _members(kind: Any) -> tuple[str, ...]:
    return tuple(member.name for member in fields(kind))


@dataclass(frozen=True, slots=True)
class Known:
    """It is so already: nothing is recorded, and the answer is the state of `subject` as it stands."""

    subject: str


Decision: TypeAlias = tuple[Draft, ...] | Known | Refusal | UnknownReference
"""Facts to record, nothing to record, a no that is a fact (G9), or a body that names what does not exist."""
