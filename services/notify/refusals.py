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
class AddressChangedTooOften(Refusal):
    """Each address given sends a mail to a reader who has not asked for one: without a brake we would be its cannon."""

    code: ClassVar[str] = "address-changed-too-often"
    title: ClassVar[str] = "You gave an address too often today"


@dataclass(frozen=True, slots=True)
class LinkSuperseded(Refusal):
    """The link is for an address that the party replaced by another before confirming it."""

    code: ClassVar[str] = "link-superseded"
    title: ClassVar[str] = "Another address was given after this link was sent"
