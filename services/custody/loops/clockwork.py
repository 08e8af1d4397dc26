"""What the clock decided, recorded by the worker: events in nobody's name, and the states after them.

Each event's command follows from its subject and version, so a database that was set back records the same one again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.custody.rules.state import State
from services.custody.rules.table import apply
from services.custody.stamp import TICK, Outcome
from services.custody.tables import EVENTS, ROWS
from shared.accounts import clock_command
from shared.driver import Link
from shared.events import Actor, Draft, envelope
from shared.outbox import Recorded, add_events
from shared.writes import Writes

CLOCK = Actor(service="custody")


def stamped(
    drafts: Sequence[Draft], before: Mapping[str, State], source: str, now: datetime, causes: Mapping[str, str],
    demo: bool,
) -> Outcome:  # fmt: skip
    """Events and states; `before` and `causes` (ids of events) are by subject."""
    recorded: list[Recorded] = []
    states: dict[str, State] = {}
    for draft in drafts:
        state = states.get(draft.subject) or before.get(draft.subject)
        version = state.version + 1 if state else 1
        event = envelope(
            draft, source=source, sequence=version, time=max(now, state.updated_at + TICK) if state else now,
            actor=CLOCK, command=clock_command(draft.subject, version), ordinal=0, cause=causes.get(draft.subject),
            demo=demo,
        )  # fmt: skip
        states[draft.subject] = apply(state, event)
        recorded.append(Recorded.of(event))
    return Outcome(tuple(recorded), states)


async def save(link: Link, before: Mapping[str, State], outcome: Outcome) -> None:
    """Write events and states within the transaction that holds the locks."""
    writes = Writes()
    new: dict[str, list[State]] = {}
    changed: dict[str, list[State]] = {}
    for subject, state in outcome.states.items():
        (changed if subject in before else new).setdefault(subject.partition("/")[0], []).append(state)
    for noun, states in new.items():
        ROWS[noun].add(writes, states)
    for noun, states in changed.items():
        ROWS[noun].replace(writes, states)
    add_events(writes, EVENTS, list(outcome.recorded))
    await writes.run(link)
