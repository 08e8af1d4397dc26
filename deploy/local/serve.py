"""`make serve`, `make down`, `make status`: one stack in `var/`, watched until Ctrl-C."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from deploy.local.cast import MEMBERS, SHOWN
from deploy.local.commands import CHECKOUT
from deploy.local.files import PRIVATE_MASK, read_json
from deploy.local.pids import PidFile
from deploy.local.problem import StackProblem
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor
from deploy.local.waiting import wait_until

STATE = CHECKOUT / "var"
DOWN_SECONDS = 60.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def ending_with_us(stack: Stack) -> Iterator[None]:
    """Stop the stack at the end of the block, also on Ctrl-C, SIGTERM or SIGHUP; a second one ends everything at once.

    Nothing is left after SIGKILL either: each process is tied to this one by the kernel.
    """
    before = {number: signal.signal(number, _interrupt) for number in ENDING}
    try:
        yield
    finally:
        try:
            stack.stop()
        except KeyboardInterrupt:
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
            stack.kill_all()
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(state: Path = STATE) -> int:
    """Run until told to stop; 0 after a request to stop, raises StackProblem if it cannot start."""
    began = time.monotonic()
    stack = Stack(state)
    own = PidFile(state / "pids" / "serve.json")
    own.write(os.getpid())
    try:
        with ending_with_us(stack):
            print("Cadena, for trying out: loopback only, an issuer of its own, nothing for real data.", flush=True)
            for line in stack.backends.describe():
                print(f"  {line}", flush=True)
            stack.up()
            print(introduction(stack, time.monotonic() - began), flush=True)
            Supervisor(stack).watch()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    finally:
        own.clear()
    return 0


def introduction(stack: Stack, seconds: float) -> str:
    """What to do with what now runs."""
    url = stack.wiring.url
    lines = [
        f"Ready after {seconds:.0f} s. Stop with Ctrl-C, or with `make down` from elsewhere.",
        "",
        f"  custody   {url('custody api')}/openapi.json",
        f"  audit     {url('audit api')}/openapi.json",
        f"  notify    {url('notify api')}/openapi.json",
        f"  log       {url('audit api')}/checkpoint   vkey {stack.vkey}",
        f"  mail      {stack.backends.mail_folder or stack.backends.smtp_url}",
        f"  state     {stack.state}   (logs in logs/, addresses and tokens in stack.json)",
        "",
        "A token for each role, good for seven days:",
    ]
    for member in SHOWN:
        lines.append(f"  {member:<12} {MEMBERS[member].name}\n    {stack.token(member)}")
    return "\n".join(lines)


def down(state: Path = STATE) -> int:
    """Stop what serves in this checkout, and end any process of it that was left; 0 also if nothing runs."""
    own = PidFile(state / "pids" / "serve.json")
    pid = own.living()
    if pid is None:
        print("Nothing is served from this checkout.")
    else:
        os.kill(pid, signal.SIGTERM)
        try:
            wait_until(lambda: own.living() is None, DOWN_SECONDS, f"process {pid} to stop")
        except StackProblem:
            own.end_leftover()
        print("Stopped.")
    for path in sorted((state / "pids").glob("*.json")):
        ended = PidFile(path).end_leftover()
        if ended is not None:
            print(f"Ended {path.stem}, process {ended}, which was left over.")
    return 0


def status(state: Path = STATE) -> int:
    """What runs, and where; 0 if something is served, 3 if not."""
    if PidFile(state / "pids" / "serve.json").living() is None:
        print("Nothing is served from this checkout.")
        return 3
    for path in sorted((state / "pids").glob("*.json")):
        print(f"  {path.stem:<15} {PidFile(path).living() or 'does not run'}")
    stack = read_json(state / "stack.json")
    for name in ("custody", "audit", "notify"):
        print(f"  {name:<15} {stack[name]['url'] if stack else 'is starting'}")
    return 0


def main(arguments: list[str]) -> int:
    """`serve`, `down` or `status`, and the state folder where it is not `var/`."""
    commands = {"serve": serve, "down": down, "status": status}
    if not 1 <= len(arguments) <= 2 or arguments[0] not in commands:
        print(f"usage: python -m deploy.local {'|'.join(commands)} [FOLDER]", file=sys.stderr)
        return 2
    os.umask(PRIVATE_MASK)
    try:
        return commands[arguments[0]](*(Path(folder) for folder in arguments[1:]))
    except StackProblem as problem:
        print(f"cadena: {problem}", file=sys.stderr)
        return 1
