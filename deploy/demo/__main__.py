"""`python -m deploy.demo`: the main job, told step by step. Exit 0 if every step showed what it should.

Leaves counsel's mail, the promises and `path.svg` in `var/demo`; the next run starts anew.
"""

import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.demo.audit import everything_holds, published_at, sealed_place, signed_sizes, tamper
from deploy.demo.court import court_date
from deploy.demo.custody import Evidence, hand_over, refused_act, register
from deploy.demo.notice import appoint, check_offline, propose, show_mail
from deploy.demo.picture import Path as FactPath
from deploy.demo.picture import draw
from deploy.demo.teller import Teller
from deploy.demo.troupe import Troupe
from deploy.local.commands import CHECKOUT
from deploy.local.files import PRIVATE_MASK
from deploy.local.pids import PidFile
from deploy.local.problem import StackProblem
from deploy.local.serve import ending_with_us
from deploy.local.stack import Stack


def main() -> int:
    """Run the demo; 130 when interrupted."""
    state = CHECKOUT / "var" / "demo"
    os.umask(PRIVATE_MASK)
    state.parent.mkdir(exist_ok=True)
    try:
        with alone(state), running(state) as stack:
            tell(stack)
    except StackProblem as problem:
        print(f"\nThe demo stopped: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything that was started is stopped.", file=sys.stderr)
        return 130
    return 0


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """One run at a time on this folder, each from an empty one; what a killed one left is ended first."""
    with state.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackProblem(f"Another {state.name} runs in this checkout; wait for its end.") from error
        for path in state.glob("pids/*.json"):
            PidFile(path).end_leftover()
        shutil.rmtree(state, ignore_errors=True)
        yield


@contextmanager
def running(state: Path) -> Iterator[Stack]:
    """The stack, founded and seeded; stopped at the end, whatever happens."""
    mark = secrets.token_hex(3)
    stack = Stack(state, database_suffix=f"_{mark}", topic_prefix=f"demo{mark}.")
    with ending_with_us(stack):
        print("Starting PostgreSQL, Kafka, a mail sink and Cadena's six processes …", flush=True)
        stack.up()
        yield stack


def tell(stack: Stack) -> None:
    """All steps in order."""
    troupe, teller = Troupe(stack), Teller()
    teller.say(f"founded: leaf 0 is in the log {stack.wiring.url('audit api')}", f"the log's key: {troupe.vkey}")
    evidence: Evidence = register(troupe, teller)
    hand_over(troupe, teller, evidence)
    refused_act(troupe, teller, evidence)
    appoint(troupe, teller, evidence)
    proposal = propose(troupe, teller, evidence)
    event, message_id = show_mail(troupe, teller, proposal)
    check_offline(troupe, teller, event)
    court_date(troupe, teller, event)
    verdict = everything_holds(troupe, teller)
    picture(troupe, teller, event, message_id, verdict)
    tamper(troupe, teller, victim(troupe, evidence))
    teller.say("", f"The demo showed what it should, in {teller.seconds:.0f} s after the start of the stack.")


def victim(troupe: Troupe, evidence: Evidence) -> int:
    """The index of a sample's registration; one that has a signed head of its own, if any has, so that it is named."""
    heads, index = signed_sizes(troupe), 0
    for sample in reversed(list(evidence.holder)):
        timeline = troupe.at("custody", evidence.holder[sample]).get(f"/v1/samples/{sample}/timeline")
        index = timeline["items"][0]["seal"]["index"]
        if {index, index + 1} <= heads:
            break
    return index


def picture(troupe: Troupe, teller: Teller, event: Path, message_id: str, verdict: str) -> None:
    """Draw the path that the proposal took, with what this run recorded."""
    identity = json.loads(event.read_bytes())["id"]
    place = sealed_place(troupe, identity)
    fact = FactPath(
        event=identity, promise=troupe.at("custody", "prosecutor").promises[-1], leaf=place.index, head=place.head,
        root=place.root, message_id=message_id, verdict=verdict, offset=published_at(troupe, identity),
    )  # fmt: skip
    path = troupe.stack.state / "path.svg"
    path.write_text(draw(fact))
    teller.say(f"the path of this proposal, drawn: {path.relative_to(CHECKOUT)}")


if __name__ == "__main__":
    sys.exit(main())
