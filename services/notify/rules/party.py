"""A party's address: given by the party itself, in use from the moment that its link was confirmed. PURE.

The verified address stays in use until a later one is verified too, so that a mistyped change silences nobody.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notify.refusals import AddressChangedTooOften, LinkSuperseded
from shared.errors import Refusal
from shared.events import Draft, Event
from shared.facts.notices import Language, PartyAddressGiven, PartyAddressVerified
from shared.sealed import SealedValue

VERB_GIVE = "party.give_address"
VERB_VERIFY = "party.verify_address"
MOST_GIVEN, WITHIN = 5, timedelta(hours=24)
"""How often one person may give an address, the same one too, in any span of that length by the database's clock."""


@dataclass(frozen=True, slots=True)
class GiveAddress:
    """A party names the address at which it wants to be told; `address` is the sealed field of that name."""

    person: str
    address: SealedValue
    language: Language


@dataclass(frozen=True, slots=True)
class VerifyAddress:
    """Who reads at the address confirms it; `digest` is that of the address the link was sent to."""

    person: str
    digest: str


@dataclass(frozen=True, slots=True)
class PartyState:
    """A party; `given` and `verified` are digests of sealed addresses."""

    id: str
    version: int
    updated_at: datetime
    language: Language
    given: str
    verified: str | None = None

    @property
    def address_state(self) -> str:
        """`verified` once the address that was given last is confirmed, else `given`."""
        return "verified" if self.verified == self.given else "given"


def subject(person: str) -> str:
    """The subject of a party's facts."""
    return f"party/{person}"


def give(command: GiveAddress, lately: int) -> Draft | Refusal:
    """Any party may give an address, also a new one; `lately` is how often it did so `WITHIN` the time up to now."""
    if lately >= MOST_GIVEN:
        detail = f"An address is given at most {MOST_GIVEN} times in 24 hours; what was confirmed stays in use."
        return AddressChangedTooOften(subject(command.person), detail)
    fact = PartyAddressGiven(channel="mail", address=command.address.digest, language=command.language)
    return Draft(subject(command.person), fact, sealed=(command.address,))


def verify(state: PartyState | None, command: VerifyAddress) -> Draft | Refusal:
    """Only the address given last can be confirmed, and once."""
    if state is None or state.given != command.digest or state.verified == command.digest:
        return LinkSuperseded(subject(command.person), "Use the link in the newest message, or give the address again.")
    return Draft(subject(command.person), PartyAddressVerified(channel="mail", address=command.digest))


def apply(state: PartyState | None, event: Event) -> PartyState:
    """The party after one of its facts; ValueError for a fact of another noun or out of turn."""
    fact, version = event.fact(), event.sequence or 0
    if isinstance(fact, PartyAddressGiven):
        if state is None:
            return PartyState((event.subject or "").partition("/")[2], version, event.time, fact.language, fact.address)
        return replace(state, version=version, updated_at=event.time, language=fact.language, given=fact.address)
    if isinstance(fact, PartyAddressVerified) and state is not None:
        return replace(state, version=version, updated_at=event.time, verified=fact.address)
    raise ValueError(f"{event.type} does not change a party that is {'known' if state else 'unknown'}")
