"""From a command and its world to the answer and all that is to be written for it. No I/O, no clock of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import orjson

from services.custody import authorise
from services.custody.refusals import UnknownReference
from services.custody.representation import in_brief, representation
from services.custody.rules.command import Command, Decision, Known
from services.custody.rules.state import State
from services.custody.rules.table import COMMANDS, decide
from services.custody.rules.world import World
from services.custody.stamp import Stamp, refuse, stamp
from shared.auth import Principal
from shared.commands import Answer
from shared.errors import Refusal
from shared.outbox import Recorded
from shared.problems import MEDIA_TYPE, Problem, not_found, problem_body
from shared.promise import Promiser

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One command as it came: by whom, under which key, and what it must repeat to be a retry."""

    principal: Principal
    key: str
    fingerprint: bytes
    command: Command
    if_match: int | None = None

    @property
    def verb(self) -> str:
        """The verb of the command."""
        return COMMANDS[type(self.command)].verb


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, what became of the command (`accepted`, `refused`, `known`), its events, and states after them."""

    answer: Answer
    outcome: str
    recorded: tuple[Recorded, ...] = ()
    states: dict[str, State] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What becomes of a command, before its facts are promised: `told` makes the answer, of a promise for each."""

    outcome: str
    recorded: tuple[Recorded, ...]
    states: dict[str, State]
    told: Callable[[list[str]], Answer]

    def answered(self, promises: list[str]) -> Answered:
        """The same with its answer."""
        return Answered(self.told(promises), self.outcome, self.recorded, self.states)


def answered(world: World, request: Request, stamped: Stamp, promiser: Promiser) -> Answered:
    """Decide, and answer. Problems 404, 412 and 422 are no facts: nothing may be written, and the key stays free."""
    resolved = resolve(world, request, stamped)
    return resolved.answered([promiser.promise(each.event, each.raw) for each in resolved.recorded])


def resolve(world: World, request: Request, stamped: Stamp) -> Resolved:
    """`answered` as far as it goes without promises."""
    decision = judge(world, request, stamped.now)
    if isinstance(decision, Refusal):
        refused = refuse(stamped, request.verb, decision)
        return Resolved("refused", (refused,), {}, partial(refusal_answer, decision))
    if isinstance(decision, Known):
        known = _known(world, decision)
        return Resolved("known", (), {}, lambda _: known)
    if isinstance(decision, UnknownReference):
        raise unknown_reference(decision)
    facts = stamp(stamped, decision, world)
    subject = request.command.subject()
    status = 201 if world.state(subject) is None else 200
    return Resolved("accepted", facts.recorded, facts.states, partial(accepted_answer, facts.states[subject], status))


def judge(world: World, request: Request, now: datetime) -> Decision:
    """Standing, then role, then version, then the rules."""
    command = request.command
    if world.actor is not None:
        relations = authorise.relations(world, command)
        permit = authorise.permit(world.actor, request.verb, relations, command.target())
        if isinstance(permit, authorise.NoStanding):
            raise not_found()
        if isinstance(permit, Refusal):
            return permit
    if request.if_match is not None:
        state = world.state(command.subject())
        if state is not None and state.version != request.if_match:
            raise Problem(
                412, "stale-version", "It has changed since you saw it",
                "Read it again, and decide upon what it is now.", headers={"ETag": _etag(state)}, version=state.version,
            )  # fmt: skip
    return decide(world, command, now)


def refusal_answer(refusal: Refusal, promises: list[str]) -> Answer:
    """The problem that tells a refusal, with the promise of its fact where it became one."""
    promised = {"promises": promises} if promises else {}
    body = problem_body(
        refusal.status, refusal.code, refusal.title, refusal.detail, target=refusal.target, **promised
    )  # fmt: skip
    return Answer(refusal.status, {"Content-Type": MEDIA_TYPE}, body)


def accepted_answer(state: State, status: int, promises: list[str]) -> Answer:
    """The subject as the command left it, with a promise for each fact."""
    body = orjson.dumps(representation(state) | {"promises": promises})
    return Answer(status, {"Content-Type": JSON, "ETag": _etag(state)}, body)


def _known(world: World, known: Known) -> Answer:
    state = world.state(known.subject)
    if state is None:
        raise LookupError(f"{known.subject} is said to be known, and was not read")
    return Answer(200, {"Content-Type": JSON}, orjson.dumps(in_brief(state)))


def unknown_reference(unknown: UnknownReference) -> Problem:
    """The problem of a body that names what is not there."""
    noun = unknown.reference.partition("/")[0]
    return Problem(
        422, "unknown-reference", "The request names something that is not there",
        f"No {noun} has the id that you sent, as far as you have standing to see.",
    )  # fmt: skip


def _etag(state: State) -> str:
    return f'"{state.version}"'
