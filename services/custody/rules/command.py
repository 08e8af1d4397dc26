"""What a command is, and what deciding it may give. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, TypeAlias, get_args, get_type_hints

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
        for member in _sealed_members(type(self)):  # type: ignore[arg-type]  # mypy looks at hashes of instances
            value = getattr(self, member)
            if value is not None and value.field != member:
                raise ValueError(f"{member} holds a text that was sealed as {value.field}")

    def subject(self) -> str:
        """The subject, `<noun>/<id>`, that the command creates or changes; its new state is the answer."""
        return _named(self.subject_is, self)

    def target(self) -> str:
        """What a refusal of the command names: the subject, unless that never came to exist."""
        return _named(self.target_is or self.subject_is, self)


@cache
def _sealed_members(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, is_of in get_type_hints(kind).items() if SealedValue in (is_of, *get_args(is_of)))


def _named(form: str, command: Command) -> str:
    """`form` with the member of the command that it names, as str.format puts it there."""
    noun, member = _parts(form)
    return noun + getattr(command, member) if member else form.format(command)


@cache
def _parts(form: str) -> tuple[str, str]:
    """`sample/` and `id` of `sample/{0.id}`: formatting that is quick; no member for a form that says more."""
    found = _PLAIN.fullmatch(form)
    return (found[1], found[2]) if found else (form, "")


_PLAIN = re.compile(r"([a-z]+/)\{0\.(\w+)\}")


@dataclass(frozen=True, slots=True)
class Known:
    """It is so already: nothing is recorded, and the answer is the state of `subject` as it stands."""

    subject: str


Decision: TypeAlias = tuple[Draft, ...] | Known | Refusal | UnknownReference
"""Facts to record, nothing to record, a no that is a fact (G9), or a body that names what does not exist."""
