"""The base of every refusal: a rule's no, as a value. PURE."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command by a known person with standing was not carried out: a fact, recorded and sealed (G9).

    `target` names what the command was about (`sample/<id>`); `detail` is one sentence that says what to do instead and
    holds no personal data. A refusal by a rule answers 409, one by role 403.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[int] = 409

    target: str
    detail: str
