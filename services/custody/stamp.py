"""From what a rule returned to what is recorded: versions, times, bytes and new states. No I/O, no clock of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.custody.rules.state import State
from services.custody.rules.table import apply
from services.custody.rules.world import World
from shared.errors import Refusal
from shared.events import Actor, Draft, envelope
from shared.facts.refusals import CustodyCommandRefused
from shared.outbox import Recorded

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all events of one command share; `now` is the database's clock under the locks."""

    source: str
    actor: Actor
    command: str
    now: datetime
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The events of a command, in order, and the state of each subject after them."""

    recorded: tuple[Recorded, ...]
    states: dict[str, State]


def stamp(stamped: Stamp, drafts: tuple[Draft, ...], world: World) -> Outcome:
    """Give each draft the next version of its subject, and a time after the subject's last."""
    recorded: list[Recorded] = []
    states: dict[str, State] = {}
    for ordinal, draft in enumerate(drafts):
        before = states.get(draft.subject) or world.state(draft.subject)
        event = envelope(
            draft,
            source=stamped.source,
            sequence=before.version + 1 if before else 1,
            time=max(stamped.now, before.updated_at + TICK) if before else stamped.now,
            actor=stamped.actor,
            command=stamped.command,
            ordinal=ordinal,
            demo=stamped.demo,
        )
        states[draft.subject] = apply(before, event)
        recorded.append(Recorded.of(event, draft.sealed))
    return Outcome(tuple(recorded), states)


def refuse(stamped: Stamp, verb: str, refusal: Refusal) -> Recorded:
    """The fact that a command was refused: it has no subject, or anyone could stale an ETag by trying."""
    fact = CustodyCommandRefused(verb=verb, code=refusal.code, target=refusal.target)
    event = envelope(
        Draft(refusal.target, fact),
        source=stamped.source,
        sequence=None,
        time=stamped.now,
        actor=stamped.actor,
        command=stamped.command,
        ordinal=0,
        outcome="refused",
        demo=stamped.demo,
    )
    return Recorded.of(event)
