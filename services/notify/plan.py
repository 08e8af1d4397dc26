"""Who is told of a proposal or a review, and at which address: entry + directory + parties → planned deliveries. PURE.

One function answers every trigger (a proposal, an appointment, a subscription, a verified address), so that no order of
events leaves a party out: it names those who ought to be told now and have not been.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.notify.rules.notice import Matter
from shared.facts.notices import Capacity, Language
from shared.facts.retention import ReviewOpened


@dataclass(frozen=True, slots=True)
class Address:
    """Where a party reads: its verified address, the digest under which it verified it, and its language.

    `mail` is None where the text of the address is lost: then the party must give it again.
    """

    mail: str | None
    digest: str
    language: Language


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has to do with the cases: case → persons. `subscribers` are those who have standing there now."""

    counsel: Mapping[str, frozenset[str]]
    subscribers: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that there is: to whom, in which capacity, at which address; None stands for *has no address*."""

    person: str
    capacity: Capacity
    digest: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice to make. Without `address` it is the fact that this party has not been told."""

    person: str
    capacity: Capacity
    address: Address | None


def cases_of(fact: Matter) -> frozenset[str]:
    """The cases that the proposal or review touches."""
    if isinstance(fact, ReviewOpened):
        return frozenset({fact.case})
    return frozenset(item.case for item in fact.items)


def audience(fact: Matter, standing: Standing) -> dict[str, Capacity]:
    """Everyone who is to be told, in the stronger capacity where there are two: of a review, who subscribed.

    Of a proposal, the recipients that the event names come first and cannot be muted; then counsel of record of each
    case as the directory knows them, who may have been appointed since; then subscribers.
    """
    if isinstance(fact, ReviewOpened):
        return dict.fromkeys(sorted(standing.subscribers.get(fact.case, frozenset())), "subscriber")
    told: dict[str, Capacity] = {recipient.person: "counsel_of_record" for recipient in fact.recipients}
    for people, capacity in _ranks(standing):
        for case in sorted(cases_of(fact)):
            for person in sorted(people.get(case, frozenset())):
                told.setdefault(person, capacity)
    return told


def _ranks(standing: Standing) -> tuple[tuple[Mapping[str, frozenset[str]], Capacity], ...]:
    return (standing.counsel, "counsel_of_record"), (standing.subscribers, "subscriber")


def plan(
    fact: Matter, standing: Standing, addresses: Mapping[str, Address], told: Iterable[Told]
) -> tuple[Planned, ...]:
    """The notices still to make, in a fixed order.

    A party is told once at each address it verified (again if it was told as subscriber and is counsel now), and the
    want of an address is stated once per capacity; not where the party was told at the address that is lost.
    """
    known = set(told)
    made: list[Planned] = []
    for person, capacity in audience(fact, standing).items():
        address = addresses.get(person)
        usable = address if address and address.mail else None
        at = {address.digest if address else None, usable.digest if usable else None}
        same = any(Told(person, capacity, digest) in known for digest in at)
        stronger = capacity == "subscriber" and any(Told(person, "counsel_of_record", digest) in known for digest in at)
        if not same and not stronger:
            made.append(Planned(person, capacity, usable))
    return tuple(made)
