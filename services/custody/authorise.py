"""The one table: role × verb × relation. What it does not name is denied. PURE.

A relation is what connects an account with the thing that a command is about; without one, the thing does not exist
for that account (404, the same answer as for what was never there: G12). With one, but not with one that the role
needs for the verb, the answer is a refusal, and a fact (403: G9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.custody.refusals import RoleForbids
from services.custody.rules.account import CloseAccount, NameOperator
from services.custody.rules.auditor import DismissAuditor
from services.custody.rules.case import AppointCounsel, CaseState, LinkPerson, OpenCase
from services.custody.rules.command import Command
from services.custody.rules.hold import HoldState, LiftHold, PlaceHold
from services.custody.rules.offer import AcceptOffer, MakeOffer, OfferState, RefuseOffer, WithdrawOffer
from services.custody.rules.proposal import MakeProposal, ProposalState, WithdrawProposal
from services.custody.rules.sample import AmendSample, SampleState
from services.custody.rules.statement import Stating, WithdrawStatement
from services.custody.rules.world import ActorState, World
from shared.facts.people import Role


class Relation(StrEnum):
    """What connects an account with a thing. Of several things (the items of an offer), it connects with each."""

    INSTALLATION = "any account, with what the installation has for all"
    AUTHORITY = "the organisation keeps the case"
    COURT = "a court has standing in every case of its installation"
    COUNSEL = "the person is counsel of record in the case"
    HOLDER = "the organisation is the item's custodian"
    PAST_HOLDER = "the organisation once was the item's custodian, or is"
    REGISTRANT = "the organisation registered the item"
    RELEASER = "the organisation made the offer"
    RECEIVER = "the offer is made to the organisation"
    PROPOSER = "the organisation made the proposal"
    SETTER = "the person set the hold, or made the statement, for the same organisation"
    OVERSIGHT = "oversight and auditors see every case, to read"
    REGISTER = "registrars and courts keep the register of accounts; oversight reads who audits"


KEEPERS: frozenset[Role] = frozenset({"registrar", "court", "oversight"})
"""Roles to which accounts and appointments exist."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """The role may do it, by these relations."""

    relations: frozenset[Relation]


@dataclass(frozen=True, slots=True)
class NoStanding:
    """For this account the thing does not exist; nothing about it may be told, not even that."""


R = Relation
_HOLDING: Mapping[str, frozenset[Relation]] = {
    "offer.make": frozenset({R.HOLDER, R.PAST_HOLDER}),
    "offer.accept": frozenset({R.RECEIVER}),
    "offer.refuse": frozenset({R.RECEIVER}),
    "offer.withdraw": frozenset({R.RELEASER}),
    "sample.read": frozenset({R.HOLDER, R.PAST_HOLDER, R.REGISTRANT, R.RECEIVER}),
    "offer.read": frozenset({R.RELEASER, R.RECEIVER}),
    "proposal.read": frozenset({R.HOLDER}),
    "hold.place": frozenset({R.HOLDER}),
    "hold.lift": frozenset({R.SETTER}),
    "hold.read": frozenset({R.HOLDER, R.SETTER}),
    "case.read_brief": frozenset({R.HOLDER, R.PAST_HOLDER, R.REGISTRANT}),
}
"""A past holder who offers has standing, and is told by the rule who holds the item (NotTheCustodian).

Who handles items reads a case in brief: a laboratory may register an item under whatever folio it can guess, and that
must not tell it who is in the case, and who speaks for them (G12).
"""
_READS = ("sample.read", "case.read", "offer.read", "proposal.read", "hold.read")


def _reads_by(relation: Relation) -> dict[str, frozenset[Relation]]:
    return {verb: frozenset({relation}) for verb in _READS}


_PROTECTS: dict[str, frozenset[Relation]] = {"hold.lift": frozenset({R.SETTER})}
"""Whoever set a hold may lift it; counsel that is of record no more sees the hold no more, and may still lift it."""


def _states_by(relation: Relation) -> dict[str, frozenset[Relation]]:
    return {verb: frozenset({relation}) for verb in _STATES} | {"case.withdraw_statement": frozenset({R.SETTER})}


_STATES = (
    "case.state_date", "case.state_circumstance", "case.open_proceeding", "case.decide_proceeding", "case.end_role",
)  # fmt: skip
"""What a party says of its case. Only what a court says can end or shorten a period (G2)."""

ROLES: Mapping[Role, Mapping[str, frozenset[Relation]]] = {
    "registrar": {
        "organisation.register": frozenset({R.INSTALLATION}),
        "person.register": frozenset({R.INSTALLATION}),
        "account.link": frozenset({R.INSTALLATION}),
        "account.link_service": frozenset({R.INSTALLATION}),
        "account.name_operator": frozenset({R.REGISTER}),
        "account.close": frozenset({R.REGISTER}),
        "account.read": frozenset({R.REGISTER}),
        "auditor.read": frozenset({R.REGISTER}),
    },
    "court": {
        **_reads_by(R.COURT),
        "person.register": frozenset({R.INSTALLATION}),
        "account.close": frozenset({R.REGISTER}),
        "account.read": frozenset({R.REGISTER}),
        "auditor.appoint": frozenset({R.INSTALLATION}),
        "auditor.dismiss": frozenset({R.REGISTER}),
        "auditor.read": frozenset({R.REGISTER}),
        "case.open": frozenset({R.INSTALLATION}),
        "case.link_person": frozenset({R.COURT}),
        "case.appoint_counsel": frozenset({R.COURT}),
        **_states_by(R.COURT),
        "case.withdraw_statement": frozenset({R.COURT}),
        "hold.place": frozenset({R.COURT}),
        "hold.lift": frozenset({R.COURT}),
    },
    "prosecutor": {
        **_HOLDING,
        "person.register": frozenset({R.INSTALLATION}),
        "case.open": frozenset({R.AUTHORITY}),
        "case.link_person": frozenset({R.AUTHORITY}),
        **_states_by(R.AUTHORITY),
        "proposal.make": frozenset({R.AUTHORITY}),
        "proposal.withdraw": frozenset({R.PROPOSER}),
        "sample.read": _HOLDING["sample.read"] | {R.AUTHORITY},
        "case.read": frozenset({R.AUTHORITY}),
        "offer.read": _HOLDING["offer.read"] | {R.AUTHORITY},
        "proposal.read": _HOLDING["proposal.read"] | {R.AUTHORITY, R.PROPOSER},
        "hold.place": _HOLDING["hold.place"] | {R.AUTHORITY},
        "hold.read": _HOLDING["hold.read"] | {R.AUTHORITY},
    },
    "lab": {
        **_HOLDING,
        "case.open": frozenset({R.INSTALLATION}),
        "sample.register": frozenset({R.INSTALLATION}),
        "sample.amend": frozenset({R.HOLDER, R.REGISTRANT}),
    },
    "custodian": _HOLDING,
    "courier": {},
    "defence": _reads_by(R.COUNSEL)
    | _states_by(R.COUNSEL)
    | _PROTECTS
    | {"hold.place": frozenset({R.COUNSEL}), "case.appoint_counsel": frozenset({R.COUNSEL})},
    "auditor": _reads_by(R.OVERSIGHT),
    "oversight": _reads_by(R.OVERSIGHT)
    | _PROTECTS
    | {"hold.place": frozenset({R.OVERSIGHT})}
    | {"auditor.read": frozenset({R.REGISTER})},
}

TABLE: Mapping[tuple[Role, str], frozenset[Relation]] = {
    (role, verb): allowed for role, verbs in ROLES.items() for verb, allowed in verbs.items()
}

SERVICE_VERBS = frozenset({
    "case.open", "case.read_brief", "sample.register", "sample.amend", "sample.read", "offer.make", "offer.refuse",
    "offer.withdraw", "offer.read", "proposal.read", "hold.place", "hold.read",
})  # fmt: skip
"""What a system may do for its organisation: register, prepare, read, and protect. It approves nothing: whoever takes
an item into custody has it in hand and has read its seal (G5), and no protection ends by a machine's word (G2).
"""


def permit(
    actor: ActorState, verb: str, held: frozenset[Relation], target: str
) -> Permitted | RoleForbids | NoStanding:
    """Whether the actor, so related to what a command is about, may do `verb`; `target` is what a refusal names."""
    allowed = TABLE.get((actor.role, verb), frozenset()) & held
    if held and actor.service and verb not in SERVICE_VERBS:
        return RoleForbids(target, f"A system may not do {verb}: a person does it, by an account of their own.")
    if allowed:
        return Permitted(allowed)
    if held:
        return RoleForbids(target, f"The role {actor.role} may not do {verb} here.")
    return NoStanding()


def relations(world: World, command: Command) -> frozenset[Relation]:
    """What connects the actor with everything that the command is about; nothing, if any of it does not exist."""
    match command:
        case AmendSample():
            return _to_items(world, (command.sample,))
        case PlaceHold():
            if command.sample is None:
                return _to_case(world.acting(), world.cases.get(command.case or ""))
            return _to_items(world, (command.sample,))
        case LiftHold():
            return _to_hold(world, world.holds.get(command.hold))
        case MakeOffer() | MakeProposal():
            return _to_items(world, command.samples)
        case AcceptOffer() | RefuseOffer() | WithdrawOffer():
            return _to_offer(world, world.offers.get(command.offer))
        case WithdrawProposal():
            return _to_proposal(world, world.proposals.get(command.proposal))
        case _:
            return _of_people(world, command)


def _of_people(world: World, command: Command) -> frozenset[Relation]:
    actor = world.acting()
    match command:
        case OpenCase():
            own = {R.AUTHORITY} if command.authority == actor.org else set()
            return frozenset({R.INSTALLATION, *own})
        case WithdrawStatement():
            return _to_statement(actor, world.cases.get(command.case), command.statement)
        case LinkPerson() | AppointCounsel() | Stating():
            return _to_case(actor, world.cases.get(command.case))
        case CloseAccount() | NameOperator():
            return _to_register(actor, command.account in world.accounts)
        case DismissAuditor():
            return _to_register(actor, command.auditor in world.auditors)
        case _:
            return frozenset({R.INSTALLATION})


def _to_register(actor: ActorState, is_there: bool) -> frozenset[Relation]:
    return frozenset({R.REGISTER}) if is_there and actor.role in KEEPERS else frozenset()


def _to_case(actor: ActorState, case: CaseState | None) -> frozenset[Relation]:
    if case is None:
        return frozenset()
    found = {
        R.AUTHORITY: case.authority == actor.org,
        R.COURT: actor.role == "court",
        R.OVERSIGHT: actor.role in ("oversight", "auditor"),
        R.COUNSEL: any(appointment.counsel == actor.person for appointment in case.counsel),
    }
    return frozenset(relation for relation, holds in found.items() if holds)


def _to_statement(actor: ActorState, case: CaseState | None, statement: str) -> frozenset[Relation]:
    """Who made a statement may take it back, whatever else connects them with the case today."""
    if case is None:
        return frozenset()
    made = {(one.by, one.org) for one in case.statements if one.id == statement}
    own = {R.SETTER} if (actor.person, actor.org) in made else set()
    return frozenset({*own, *_to_case(actor, case)})


def _to_item(world: World, sample: SampleState | None) -> frozenset[Relation]:
    if sample is None:
        return frozenset()
    org = world.acting().org
    found = {
        R.HOLDER: sample.custodian_org == org,
        R.PAST_HOLDER: org in sample.holders,
        R.REGISTRANT: sample.registered_by == org,
        R.RECEIVER: sample.offered_to == org,
    }
    own = frozenset(relation for relation, holds in found.items() if holds)
    return own | _to_case(world.acting(), world.cases.get(sample.case))


def _to_items(world: World, items: Iterable[str]) -> frozenset[Relation]:
    each = [_to_item(world, world.samples.get(item)) for item in items]
    return frozenset.intersection(*each) if each else frozenset()


def _to_offer(world: World, offer: OfferState | None) -> frozenset[Relation]:
    if offer is None:
        return frozenset()
    org = world.acting().org
    found = {R.RELEASER: offer.from_org == org, R.RECEIVER: offer.to_org == org}
    own = frozenset(relation for relation, holds in found.items() if holds)
    return own | (_to_items(world, offer.samples) & _OF_CASES)


def _to_proposal(world: World, proposal: ProposalState | None) -> frozenset[Relation]:
    if proposal is None:
        return frozenset()
    own = {R.PROPOSER} if proposal.proposed_by_org == world.acting().org else set()
    return frozenset({*own, *(_to_items(world, proposal.samples) & (_OF_CASES | {R.HOLDER}))})


def _to_hold(world: World, hold: HoldState | None) -> frozenset[Relation]:
    if hold is None:
        return frozenset()
    actor = world.acting()
    set_by = (hold.placed_by_person, hold.placed_by_org)
    own = {R.SETTER} if set_by == (actor.person, actor.org) else set()
    return frozenset({*own, *(_to_case(actor, world.cases.get(hold.case)) & _OF_CASES)})


_OF_CASES = frozenset({R.AUTHORITY, R.COURT, R.COUNSEL, R.OVERSIGHT})
"""Relations that reach a thing through the cases of its items."""
