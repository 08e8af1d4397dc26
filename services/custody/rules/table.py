"""The one table: command → verb and decision, event → the noun whose state it changes. PURE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.custody.refusals import OccurredInTheFuture
from services.custody.rules import (
    account,
    auditor,
    case,
    hold,
    installation,
    offer,
    organisation,
    person,
    proposal,
    review,
    sample,
    statement,
)
from services.custody.rules.clock import is_to_come
from services.custody.rules.command import Command, Decision
from services.custody.rules.state import OutOfOrder, State
from services.custody.rules.world import World
from shared.events import Event
from shared.facts import Fact


@dataclass(frozen=True, slots=True)
class CommandRule:
    """How a command is decided. `creates`: its subject is new; `if_match`: the caller names the version it has seen.

    `protective`: it is taken also while custody stands behind the log. Its facts are of a new subject alone, so they
    contradict nothing that the log is about to give back.
    """

    verb: str
    decide: Callable[[World, Any, datetime], Decision]
    creates: bool = False
    if_match: bool = False
    protective: bool = False


COMMANDS: Mapping[type[Command], CommandRule] = {
    installation.Found: CommandRule("installation.found", installation.decide_found, creates=True),
    organisation.RegisterOrganisation: CommandRule("organisation.register", organisation.decide_register, creates=True),
    person.RegisterPerson: CommandRule("person.register", person.decide_register, creates=True),
    account.LinkAccount: CommandRule("account.link", account.decide_link, creates=True),
    account.LinkService: CommandRule("account.link_service", account.decide_link_service, creates=True),
    account.NameOperator: CommandRule("account.name_operator", account.decide_name_operator),
    account.CloseAccount: CommandRule("account.close", account.decide_close),
    auditor.AppointAuditor: CommandRule("auditor.appoint", auditor.decide_appoint, creates=True),
    auditor.DismissAuditor: CommandRule("auditor.dismiss", auditor.decide_dismiss),
    case.OpenCase: CommandRule("case.open", case.decide_open, creates=True),
    case.LinkPerson: CommandRule("case.link_person", case.decide_link_person),
    case.AppointCounsel: CommandRule("case.appoint_counsel", case.decide_appoint_counsel),
    statement.StateDate: CommandRule("case.state_date", statement.decide_state),
    statement.StateCircumstance: CommandRule("case.state_circumstance", statement.decide_state),
    statement.OpenProceeding: CommandRule("case.open_proceeding", statement.decide_state),
    statement.DecideProceeding: CommandRule("case.decide_proceeding", statement.decide_state),
    statement.EndRole: CommandRule("case.end_role", statement.decide_state),
    statement.WithdrawStatement: CommandRule("case.withdraw_statement", statement.decide_withdraw),
    sample.RegisterSample: CommandRule("sample.register", sample.decide_register, creates=True),
    sample.AmendSample: CommandRule("sample.amend", sample.decide_amend, if_match=True),
    offer.MakeOffer: CommandRule("offer.make", offer.decide_make, creates=True),
    offer.AcceptOffer: CommandRule("offer.accept", offer.decide_accept, if_match=True),
    offer.RefuseOffer: CommandRule("offer.refuse", offer.decide_refuse),
    offer.WithdrawOffer: CommandRule("offer.withdraw", offer.decide_withdraw),
    proposal.MakeProposal: CommandRule("proposal.make", proposal.decide_make, creates=True),
    proposal.WithdrawProposal: CommandRule("proposal.withdraw", proposal.decide_withdraw),
    hold.PlaceHold: CommandRule("hold.place", hold.decide_place, creates=True, protective=True),
    hold.LiftHold: CommandRule("hold.lift", hold.decide_lift),
}


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of subject: its state, how an event changes it, and the facts that are its own."""

    state: type[State]
    apply: Callable[[Any, Event], State]
    facts: tuple[type[Fact], ...]


NOUNS: Mapping[str, Noun] = {
    "installation": Noun(installation.InstallationState, installation.apply, installation.FACTS),
    "organisation": Noun(organisation.OrganisationState, organisation.apply, organisation.FACTS),
    "person": Noun(person.PersonState, person.apply, person.FACTS),
    "account": Noun(account.AccountState, account.apply, account.FACTS),
    "auditor": Noun(auditor.AuditorState, auditor.apply, auditor.FACTS),
    "case": Noun(case.CaseState, case.apply, case.FACTS),
    "sample": Noun(sample.SampleState, sample.apply, sample.FACTS),
    "offer": Noun(offer.OfferState, offer.apply, offer.FACTS),
    "proposal": Noun(proposal.ProposalState, proposal.apply, proposal.FACTS),
    "hold": Noun(hold.HoldState, hold.apply, hold.FACTS),
    "review": Noun(review.ReviewState, review.apply, review.FACTS),
}

FACTS_APPLY: Mapping[str, tuple[str, Callable[[Any, Event], State]]] = {
    fact.type_name(): (name, noun.apply) for name, noun in NOUNS.items() for fact in noun.facts
}
"""Event type → the noun of its subject, and the folding."""


def decide(world: World, command: Command, now: datetime) -> Decision:
    """What recording the command would record, or why it is not recorded. `now` is custody's clock under the locks."""
    if command.occurred_at is not None and is_to_come(command.occurred_at, now):
        return OccurredInTheFuture(command.target(), "The act is said to have happened after now.")
    return COMMANDS[type(command)].decide(world, command, now)


def apply(state: State | None, event: Event) -> State:
    """The state of the event's subject after it; None for a subject that has none yet.

    Raises OutOfOrder if the event is of another noun, is not the next of its subject, or cannot follow.
    """
    if event.type not in FACTS_APPLY:
        raise OutOfOrder(f"{event.type} changes no state")
    noun, fold = FACTS_APPLY[event.type]
    if (event.subject or "").partition("/")[0] != noun:
        raise OutOfOrder(f"{event.type} is a fact about a {noun}, not about {event.subject}")
    version = state.version if state else 0
    if event.sequence != version + 1:
        raise OutOfOrder(f"{event.subject} stands at version {version}; version {event.sequence} does not follow")
    return fold(state, event)
