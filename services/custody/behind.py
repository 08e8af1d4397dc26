"""While custody stands behind the log, and after: what it takes, and what it answers to keys known only from there.

Behind, it says yes to what protects, and *not yet* to all else: any no might be wrong, since the facts that would make
it a yes may be among those that are still to be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import ARRAY, Text, any_, bindparam, func, select

from services.custody import refusals
from services.custody.answer import Answered, Request, accepted_answer, refusal_answer
from services.custody.rules.state import State
from services.custody.rules.table import COMMANDS, apply
from services.custody.tables import EVENTS, RESTORATION
from shared.accounts import command_hash
from shared.behind import behind_the_log
from shared.commands import Answer, key_reused
from shared.driver import Link, Statement
from shared.errors import Refusal
from shared.events import Event
from shared.facts.refusals import CustodyCommandRefused
from shared.problems import Problem
from shared.promise import Promiser

RESTORED = "restored"
REFUSALS: dict[str, type[Refusal]] = {
    kind.code: kind for kind in vars(refusals).values() if getattr(kind, "code", None) and issubclass(kind, Refusal)
}
_EVENT = EVENTS.event.c
_OF_COMMANDS = Statement(
    select(_EVENT.bytes, func.clock_timestamp().label("now"))
    .join(RESTORATION.taken_back, RESTORATION.taken_back.c.event_id == _EVENT.id)
    .where(_EVENT.command == any_(bindparam("commands", type_=ARRAY(Text))))
    .order_by(_EVENT.command, _EVENT.ordinal)
)
_UP_TO = Statement(
    select(_EVENT.bytes)
    .where(_EVENT.subject == bindparam("subject"), _EVENT.sequence <= bindparam("sequence"))
    .order_by(_EVENT.sequence)
)


def demand_protective(request: Request) -> None:
    """Problem 503 for a command that is not taken behind the log."""
    if not COMMANDS[type(request.command)].protective:
        raise behind_the_log()


def demand_yes(made: Answered) -> None:
    """Problem 503 for whatever is not a yes."""
    if made.outcome != "accepted":
        raise behind_the_log()


@dataclass(slots=True)
class Again:
    """By key: answers rebuilt for commands that were recorded before the database was set back, and problems where the
    key was used for another kind of request, as far as the facts tell.
    """

    answers: dict[str, Answered]
    mistakes: dict[str, Problem]
    now: datetime | None


async def answered_before(link: Link, promiser: Promiser, requests: Sequence[Request]) -> Again:
    """What those of the requests are answered whose facts were taken back from the log: nothing is recorded twice.

    The body is the subject as the command left it, with a new promise for each fact.
    """
    keys = {command_hash(one.principal.account, one.key): one for one in requests}
    events: dict[str, list[tuple[Event, bytes]]] = {}
    again = Again({}, {}, None)
    for raw, again.now in await _OF_COMMANDS.rows(link, commands=sorted(keys)):
        event = Event.from_bytes(raw)
        events.setdefault(event.command, []).append((event, raw))
    for command, facts in events.items():
        promises = [promiser.promise(event, raw) for event, raw in facts]
        try:
            answer = await _rebuilt(link, keys[command], facts[0][0], promises)
        except Problem as problem:
            again.mistakes[keys[command].key] = problem
        else:
            again.answers[keys[command].key] = Answered(answer, RESTORED)
    return again


async def _rebuilt(link: Link, request: Request, first: Event, promises: list[str]) -> Answer:
    """The answer whose first fact is `first`: a refusal's fact, or one about the subject of the command."""
    fact = first.fact()
    if isinstance(fact, CustodyCommandRefused):
        if fact.verb != request.verb:
            raise key_reused()
        kind = REFUSALS[fact.code]
        return _marked(refusal_answer(kind(fact.target, "It was refused before the database was set back."), promises))
    rule, subject = COMMANDS[type(request.command)], request.command.subject()
    noun = subject.partition("/")[0]
    same = (
        first.sequence == 1 and f"{first.subject}".startswith(f"{noun}/") if rule.creates else first.subject == subject
    )
    if not same:
        raise key_reused()
    state = await _as_left(link, first)
    return _marked(accepted_answer(state, 201 if first.sequence == 1 else 200, promises))


async def _as_left(link: Link, by: Event) -> State:
    """The subject of an event as that event left it."""
    state: State | None = None
    for (raw,) in await _UP_TO.rows(link, subject=by.subject, sequence=by.sequence):
        state = apply(state, Event.from_bytes(raw))
    if state is None:
        raise LookupError(f"{by.subject} has no events")
    return state


def _marked(answer: Answer) -> Answer:
    body = orjson.loads(answer.body) | {"replayed": RESTORED}
    return Answer(answer.status, answer.headers, orjson.dumps(body))


def not_yet(problem: Problem) -> Problem:
    """Behind the log, what cannot be found may yet come; a server that is busy is busy."""
    return problem if problem.status == 503 else behind_the_log()
