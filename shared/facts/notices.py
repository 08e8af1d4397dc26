"""Notify's facts: whose address is known, who subscribed, what became of each message. Addresses never enter. PURE."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact
from shared.text import SealedDigest, Sha256, Uuid

Capacity = Literal["counsel_of_record", "subscriber"]
Language = Literal["es", "en"]


class PartyAddressGiven(Fact):
    """Subject `party/<person>`: the party gave an address; only the link that verifies it is sent there."""

    name: ClassVar[str] = "notify.party.address_given.v1"
    channel: Literal["mail"]
    address: SealedDigest
    language: Language


class PartyAddressVerified(Fact):
    """Who reads at the address has opened the link and confirmed; from now on notices go there."""

    name: ClassVar[str] = "notify.party.address_verified.v1"
    channel: Literal["mail"]
    address: SealedDigest


class SubscriptionMade(Fact):
    """Subject `subscription/<id>`: `person` is told what is proposed in `case`."""

    name: ClassVar[str] = "notify.subscription.made.v1"
    person: Uuid
    case: Uuid


class NoticePlanned(Fact):
    """Subject `notice/<id>`: a mail to `person` about `proposal` is ready; `message_sha256` is of the whole mail.

    `address` is the digest under which the party verified the address that the mail goes to.
    """

    name: ClassVar[str] = "notify.notice.planned.v1"
    proposal: Uuid
    person: Uuid
    capacity: Capacity
    address: SealedDigest
    message_sha256: Sha256


class NoticeReviewPlanned(Fact):
    """Subject `notice/<id>`: a mail to `person`, who subscribed to the case, about a `review` is ready."""

    name: ClassVar[str] = "notify.notice.review_planned.v1"
    review: Uuid
    person: Uuid
    address: SealedDigest
    message_sha256: Sha256


class NoticeReviewUnaddressed(Fact):
    """Subject `notice/<id>`: a subscriber who is to be told of a review has no verified address."""

    name: ClassVar[str] = "notify.notice.review_unaddressed.v1"
    review: Uuid
    person: Uuid


class NoticeAccepted(Fact):
    """A mail server took the message. This is not service: service is an act of a person (G4)."""

    name: ClassVar[str] = "notify.notice.accepted.v1"
    attempt: Annotated[int, Field(ge=1)]


class NoticeRejected(Fact):
    """A mail server refused the message for good, with this reply code; the party has not been told."""

    name: ClassVar[str] = "notify.notice.rejected.v1"
    attempt: Annotated[int, Field(ge=1)]
    reply_code: int


class NoticeUnaddressed(Fact):
    """Subject `notice/<id>`: a party that must be told has no verified address, and so has not been told."""

    name: ClassVar[str] = "notify.notice.unaddressed.v1"
    proposal: Uuid
    person: Uuid
    capacity: Capacity


class NoticeLost(Fact):
    """The database was set back before a mail server's answer was recorded, and the mail cannot be made again: whether
    it was sent is not known. The party is told again once it has given its address anew.
    """

    name: ClassVar[str] = "notify.notice.lost.v1"
