"""What an event is about, in SQL: its subject, or, for a refusal, the thing that it names; and who may see that."""

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, false, func, literal_column, or_
from sqlalchemy.dialects.postgresql import UUID

from services.custody.queries import visibility as visible
from services.custody.rules.world import ActorState
from services.custody.tables import (
    ACCOUNTS,
    AUDITORS,
    CASES,
    EVENTS,
    HOLDS,
    OFFERS,
    PROPOSALS,
    REFUSED_TARGET,
    REVIEWS,
    SAMPLES,
)

READABLE = {
    "sample": (SAMPLES.table, visible.samples),
    "case": (CASES.table, visible.cases),
    "offer": (OFFERS.table, visible.offers),
    "proposal": (PROPOSALS.table, visible.proposals),
    "hold": (HOLDS.table, visible.holds),
    "review": (REVIEWS.table, visible.reviews),
    "account": (ACCOUNTS.table, visible.accounts),
    "auditor": (AUDITORS.table, visible.auditors),
}
"""Nouns that somebody may read, each with the condition under which."""

TARGET: ColumnElement[str] = literal_column(REFUSED_TARGET, String)
"""`<noun>/<id>` that a refusal names, as ix_event_refused has it; of an event with a subject it says nothing."""
_refused_org: ColumnElement[str] = literal_column(REFUSED_TARGET.replace("target", "org"), String)
_event = EVENTS.event.c
_ABOUT: ColumnElement[str] = func.coalesce(_event.subject, TARGET)


def seen_by(actor: ActorState) -> ColumnElement[bool]:
    """Events about what the actor may read today, and refusals to the actor's own organisation."""
    noun, key = func.split_part(_ABOUT, "/", 1), cast(func.split_part(_ABOUT, "/", 2), UUID(as_uuid=False))
    readable = [
        (noun == name, exists().where(table.c.id == key, condition(actor)))
        for name, (table, condition) in READABLE.items()
    ]
    return or_(case(*readable, else_=false()), and_(_event.subject.is_(None), _refused_org == actor.org))
