"""The table of services.custody.authorise as SQL: one condition per noun, true for what the reader may see (G12).

A relation that has no condition here makes nothing visible. Unknown and not yours are the same empty result of the same
statement.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, true, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from services.custody.authorise import TABLE, Relation
from services.custody.rules.world import ActorState
from services.custody.tables import CASES, HOLDS, OFFERS, PROPOSALS, REVIEWS, SAMPLES

Condition = Callable[[ActorState], ColumnElement[bool]]
_case, _sample, _offer, _proposal = CASES.table.c, SAMPLES.table.c, OFFERS.table.c, PROPOSALS.table.c
_hold, _review = HOLDS.table.c, REVIEWS.table.c


def cases(actor: ActorState) -> ColumnElement[bool]:
    """Cases that the actor may read whole."""
    return _visible("case.read", actor, CASE)


def cases_in_brief(actor: ActorState) -> ColumnElement[bool]:
    """Cases of which the actor may read what they are called, and no more."""
    return _visible("case.read_brief", actor, CASE)


def samples(actor: ActorState) -> ColumnElement[bool]:
    """Samples that the actor may read."""
    return _visible("sample.read", actor, SAMPLE)


def offers(actor: ActorState) -> ColumnElement[bool]:
    """Offers that the actor may read."""
    return _visible("offer.read", actor, OFFER)


def proposals(actor: ActorState) -> ColumnElement[bool]:
    """Proposals that the actor may read."""
    return _visible("proposal.read", actor, PROPOSAL)


def holds(actor: ActorState) -> ColumnElement[bool]:
    """Holds that the actor may read."""
    return _visible("hold.read", actor, HOLD)


def reviews(actor: ActorState) -> ColumnElement[bool]:
    """Reviews of cases that the actor may read whole."""
    return _visible("case.read", actor, REVIEW)


def accounts(actor: ActorState) -> ColumnElement[bool]:
    """Accounts that the actor may read: all, or none."""
    return _visible("account.read", actor, REGISTER)


def auditors(actor: ActorState) -> ColumnElement[bool]:
    """Appointments of auditors that the actor may read: all, or none."""
    return _visible("auditor.read", actor, REGISTER)


def _visible(verb: str, actor: ActorState, conditions: Mapping[Relation, Condition]) -> ColumnElement[bool]:
    granted = TABLE.get((actor.role, verb), frozenset())
    return or_(false(), *(conditions[relation](actor) for relation in sorted(granted) if relation in conditions))


def _everywhere(_actor: ActorState) -> ColumnElement[bool]:
    return true()


def _counsel_in(case: ColumnElement[str]) -> Condition:
    return lambda actor: exists().where(_case.id == case, _speaks(actor))


def _authority_of(case: ColumnElement[str]) -> Condition:
    return lambda actor: exists().where(_case.id == case, _case.authority == actor.org)


def _speaks(actor: ActorState) -> ColumnElement[bool]:
    """Counsel of record in the row's case, by the index over its appointments."""
    return _case.counsel.contains([{"counsel": actor.person}])


def _held_by(actor: ActorState) -> ColumnElement[bool]:
    holders = type_coerce(_sample.holders, ARRAY(UUID(as_uuid=False)))
    return holders.contains([actor.org])


def _every_item_of(items: ColumnElement[list[str]], condition: Condition) -> Condition:
    """True if the condition is, of every item of an offer or a proposal: who may see one of two cases sees neither."""
    return lambda actor: not_(exists().where(_sample.id == func.any(items), not_(condition(actor))))


REGISTER: Mapping[Relation, Condition] = {Relation.REGISTER: _everywhere}

CASE: Mapping[Relation, Condition] = {
    Relation.INSTALLATION: _everywhere,
    Relation.COURT: _everywhere,
    Relation.OVERSIGHT: _everywhere,
    Relation.AUTHORITY: lambda actor: _case.authority == actor.org,
    Relation.COUNSEL: _speaks,
    Relation.HOLDER: lambda actor: exists().where(_sample.case == _case.id, _sample.custodian_org == actor.org),
    Relation.PAST_HOLDER: lambda actor: exists().where(_sample.case == _case.id, _held_by(actor)),
    Relation.REGISTRANT: lambda actor: exists().where(_sample.case == _case.id, _sample.registered_by == actor.org),
}

SAMPLE: Mapping[Relation, Condition] = {
    Relation.INSTALLATION: _everywhere,
    Relation.COURT: _everywhere,
    Relation.OVERSIGHT: _everywhere,
    Relation.AUTHORITY: _authority_of(_sample.case),
    Relation.COUNSEL: _counsel_in(_sample.case),
    Relation.HOLDER: lambda actor: _sample.custodian_org == actor.org,
    Relation.PAST_HOLDER: _held_by,
    Relation.REGISTRANT: lambda actor: _sample.registered_by == actor.org,
    Relation.RECEIVER: lambda actor: _sample.offered_to == actor.org,
}

OFFER: Mapping[Relation, Condition] = {
    Relation.INSTALLATION: _everywhere,
    Relation.COURT: _everywhere,
    Relation.OVERSIGHT: _everywhere,
    Relation.AUTHORITY: _every_item_of(_offer.samples, SAMPLE[Relation.AUTHORITY]),
    Relation.COUNSEL: _every_item_of(_offer.samples, SAMPLE[Relation.COUNSEL]),
    Relation.RELEASER: lambda actor: _offer.from_org == actor.org,
    Relation.RECEIVER: lambda actor: _offer.to_org == actor.org,
}

PROPOSAL: Mapping[Relation, Condition] = {
    Relation.INSTALLATION: _everywhere,
    Relation.COURT: _everywhere,
    Relation.OVERSIGHT: _everywhere,
    Relation.AUTHORITY: _every_item_of(_proposal.samples, SAMPLE[Relation.AUTHORITY]),
    Relation.COUNSEL: _every_item_of(_proposal.samples, SAMPLE[Relation.COUNSEL]),
    Relation.HOLDER: _every_item_of(_proposal.samples, SAMPLE[Relation.HOLDER]),
    Relation.PROPOSER: lambda actor: _proposal.proposed_by_org == actor.org,
}

HOLD: Mapping[Relation, Condition] = {
    Relation.INSTALLATION: _everywhere,
    Relation.COURT: _everywhere,
    Relation.OVERSIGHT: _everywhere,
    Relation.AUTHORITY: _authority_of(_hold.case),
    Relation.COUNSEL: _counsel_in(_hold.case),
    Relation.HOLDER: lambda actor: exists().where(
        _sample.custodian_org == actor.org,
        or_(_sample.root == _hold.root, and_(_hold.root.is_(None), _sample.case == _hold.case)),
    ),
    Relation.SETTER: lambda actor: and_(_hold.placed_by_person == actor.person, _hold.placed_by_org == actor.org),
}

REVIEW: Mapping[Relation, Condition] = {
    Relation.COURT: _everywhere,
    Relation.OVERSIGHT: _everywhere,
    Relation.AUTHORITY: _authority_of(_review.case),
    Relation.COUNSEL: _counsel_in(_review.case),
}
