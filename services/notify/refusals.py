"""Every reason notify says no, one class each. PURE."""

from dataclasses import dataclass
from typing import ClassVar

from shared.errors import Refusal


@dataclass(frozen=True, slots=True)
class AlreadySubscribed(Refusal):
    """A person follows a case once; a second subscription would only double the mail."""

    code: ClassVar[str] = "already-subscribed"
    title: ClassVar[str] = "You follow this case already"


@dataclass(frozen=True, slots=True)
class LinkSuperseded(Refusal):
    """The link is for an address that the party replaced by another before confirming it."""

    code: ClassVar[str] = "link-superseded"
    title: ClassVar[str] = "Another address was given after this link was sent"
