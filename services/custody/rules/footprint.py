"""What a command reads and locks, before anything is decided. PURE.

Locks are taken in one order, each noun's ids sorted, shared or exclusive, never upgraded: persons, organisations,
accounts, auditors, cases, offers, proposals, holds, samples. An offer or proposal comes before its items because its
fixed item list says which items there are to lock; a case before both because holds and counsel of a case reach over
all its items. A new hold of an item locks its root, and one of a case that case alone, as a proposal locks the roots
and shares the cases of its items: of the two, one sees the other (G3).
Before all of these the caller's own account is locked, shared: two who close each other's accounts at one moment meet
in a deadlock, which the database ends, and one of them finds itself closed.
New subjects have no row to lock: their uniqueness (label, folio, account digest) is the database's constraint.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from services.custody.rules.account import CloseAccount, LinkAccount, LinkService, NameOperator
from services.custody.rules.auditor import AppointAuditor, DismissAuditor
from services.custody.rules.case import AppointCounsel, LinkPerson, OpenCase
from services.custody.rules.command import Command
from services.custody.rules.hold import LiftHold, PlaceHold
from services.custody.rules.offer import AcceptOffer, MakeOffer, RefuseOffer, WithdrawOffer
from services.custody.rules.proposal import MakeProposal, WithdrawProposal
from services.custody.rules.sample import AmendSample, RegisterSample
from services.custody.rules.statement import Stating, WithdrawStatement

LOCK_ORDER = ("person", "organisation", "account", "auditor", "case", "offer", "proposal", "hold", "sample")
NONE: frozenset[str] = frozenset()
NOBODY = "00000000-0000-0000-0000-000000000000"
"""Stands for the id of what does not exist: it is asked for by the same statements as what does (G12)."""


Mode = Literal["share", "update"]


class Lock(NamedTuple):
    """Rows of one noun: `share` is FOR SHARE, `update` FOR NO KEY UPDATE."""

    noun: str
    ids: tuple[str, ...]
    mode: Mode


class Birth(NamedTuple):
    """What of a sample was fixed when it was registered and never changes."""

    case: str
    registered_by: str
    root: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What is fixed at birth, read before the locks: the items of offers and proposals, the births of samples, the
    cases of holds, and whose a person's account is.

    Since none of it can change, it needs no second reading after them.
    """

    offer_items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proposal_items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    births: Mapping[str, Birth] = field(default_factory=dict)
    hold_cases: Mapping[str, str] = field(default_factory=dict)
    account_persons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Ids by noun; `accounts_of` are persons, all of whose accounts, and those of their systems, are read and locked,
    shared unless `accounts_exclusive`. Of the persons in `counsel_of_record` it is asked who is.

    `labels` (registering organisation, label), `folios` (authority, folio) and `account_digests` are looked up after
    the locks; the case of a known folio and the account of a known digest are read too, unlocked. `under_hold`: so are
    the standing holds over `samples`.
    """

    persons: frozenset[str] = NONE
    organisations: frozenset[str] = NONE
    accounts_of: frozenset[str] = NONE
    account_digests: frozenset[str] = NONE
    accounts: frozenset[str] = NONE
    accounts_exclusive: bool = False
    counsel_of_record: frozenset[str] = NONE
    auditors: frozenset[str] = NONE
    auditor_digests: frozenset[str] = NONE
    cases: frozenset[str] = NONE
    cases_exclusive: bool = False
    offers: frozenset[str] = NONE
    proposals: frozenset[str] = NONE
    holds: frozenset[str] = NONE
    samples: frozenset[str] = NONE
    labels: frozenset[tuple[str, str]] = frozenset()
    folios: frozenset[tuple[str, str]] = frozenset()
    under_hold: bool = False

    @property
    def reached(self) -> frozenset[str]:
        """The nouns that the command leads to, whether or not what it names exists: for each there is a statement."""
        to_items = self.samples or self.offers or self.proposals
        found = {
            "person": self.persons,
            "organisation": self.organisations,
            "account": self.accounts or self.accounts_of,
            "auditor": self.auditors,
            "case": self.cases or self.holds or to_items,
            "offer": self.offers,
            "proposal": self.proposals,
            "hold": self.holds,
            "sample": to_items,
        }
        return frozenset(noun for noun, named in found.items() if named)

    def locks(self, accounts: tuple[str, ...] = ()) -> tuple[Lock, ...]:
        """The locks in order, one for each noun that is reached; `accounts` are the ids that `accounts_of` led to."""
        whose = {*accounts, *self.accounts}
        wanted: tuple[tuple[str, Collection[str], Mode], ...] = (
            ("person", self.persons, "share"),
            ("organisation", self.organisations, "share"),
            ("account", whose, "update" if self.accounts_exclusive else "share"),
            ("auditor", self.auditors, "update"),
            ("case", self.cases, "update" if self.cases_exclusive else "share"),
            ("offer", self.offers, "update"),
            ("proposal", self.proposals, "update"),
            ("hold", self.holds, "update"),
            ("sample", self.samples, "update"),
        )
        reached = self.reached
        return tuple(Lock(noun, tuple(sorted(ids)) or (NOBODY,), mode) for noun, ids, mode in wanted if noun in reached)


def footprint(command: Command, actor_org: str | None) -> Footprint:
    """What the command itself names. `actor_org` None is for the founding alone."""
    match command:
        case RegisterSample():
            return Footprint(cases=frozenset({command.case}), labels=frozenset({(actor_org or "", command.label)}))
        case AmendSample():
            return Footprint(samples=frozenset({command.sample}))
        case MakeOffer():
            return Footprint(organisations=frozenset({command.to_organisation}), samples=frozenset(command.samples))
        case MakeProposal():
            return Footprint(samples=frozenset(command.samples), under_hold=True)
        case PlaceHold(sample=None):
            return Footprint(cases=frozenset({command.case or ""}), cases_exclusive=True)
        case PlaceHold():
            return Footprint(samples=frozenset({command.sample or ""}))
        case LiftHold():
            return Footprint(holds=frozenset({command.hold}))
        case AcceptOffer() | RefuseOffer() | WithdrawOffer():
            return Footprint(offers=frozenset({command.offer}))
        case WithdrawProposal():
            return Footprint(proposals=frozenset({command.proposal}))
        case _:
            return _of_people(command)


def _of_people(command: Command) -> Footprint:
    match command:
        case OpenCase():
            folio = (command.authority, command.folio)
            return Footprint(organisations=frozenset({command.authority}), folios=frozenset({folio}))
        case LinkPerson():
            return Footprint(persons=frozenset({command.person}), cases=frozenset({command.case}), cases_exclusive=True)
        case AppointCounsel():
            return Footprint(
                persons=frozenset({command.counsel, command.client}),
                accounts_of=frozenset({command.counsel}),
                cases=frozenset({command.case}),
                cases_exclusive=True,
            )
        case Stating() | WithdrawStatement():
            return Footprint(cases=frozenset({command.case}), cases_exclusive=True)
        case AppointAuditor():
            return Footprint(persons=frozenset({command.person}), auditor_digests=frozenset({command.account_digest}))
        case DismissAuditor():
            return Footprint(auditors=frozenset({command.auditor}))
        case _:
            return _of_accounts(command)


def _of_accounts(command: Command) -> Footprint:
    match command:
        case LinkAccount():
            return Footprint(
                persons=frozenset({command.person}),
                organisations=frozenset({command.organisation}),
                account_digests=frozenset({command.account_digest}),
            )
        case LinkService():
            return Footprint(
                persons=frozenset({command.operator}),
                organisations=frozenset({command.organisation}),
                accounts_of=frozenset({command.operator}),
                account_digests=frozenset({command.account_digest}),
            )
        case NameOperator():
            operator = frozenset({command.operator})
            named = frozenset({command.account})
            return Footprint(persons=operator, accounts=named, accounts_of=operator, accounts_exclusive=True)
        case CloseAccount():
            return Footprint(accounts=frozenset({command.account}), accounts_exclusive=True)
        case _:
            return Footprint()


def with_items(named: Footprint, command: Command, fixed: Fixed) -> Footprint:
    """First reach, from `fixed`: the items of the named offers and proposals, the cases of the named holds, and whose
    the account is that is to be closed.
    """
    items = {item for key in named.offers for item in fixed.offer_items.get(key, ())}
    items |= {item for key in named.proposals for item in fixed.proposal_items.get(key, ())}
    cases = {fixed.hold_cases[key] for key in named.holds if key in fixed.hold_cases}
    owners = NONE
    if isinstance(command, CloseAccount):
        owners = frozenset(fixed.account_persons[key] for key in named.accounts if key in fixed.account_persons)
    return replace(
        named,
        samples=named.samples | items,
        cases=named.cases | cases,
        accounts_of=named.accounts_of | owners,
        counsel_of_record=named.counsel_of_record | owners,
    )


def with_cases(named: Footprint, command: Command, fixed: Fixed) -> Footprint:
    """Second reach, from `fixed.births`: the cases of the items, where a new label must be free, and the roots of what
    is held or proposed.
    """
    births = [fixed.births[item] for item in named.samples if item in fixed.births]
    labels = named.labels
    if isinstance(command, AmendSample) and command.label is not None:
        labels |= {(birth.registered_by, command.label) for birth in births} or {(NOBODY, command.label)}
    roots = {birth.root for birth in births} if isinstance(command, PlaceHold | MakeProposal) else NONE
    cases = named.cases | {birth.case for birth in births}
    return replace(named, cases=cases, labels=labels, samples=named.samples | roots)
