"""`make chaos`: rounds of kills on a stack of its own in `var/chaos`. Exit 0 if everything held, 1 if not, 130 if broken off.

`--rounds N` and `--seed N`; what chance decides depends on the seed, not how the processes are scheduled meanwhile.
"""

import argparse
import os
import secrets
import sys
import traceback

from deploy.demo.__main__ import alone
from deploy.local.commands import CHECKOUT
from deploy.local.files import PRIVATE_MASK
from deploy.local.problem import StackProblem
from deploy.local.serve import ending_with_us
from deploy.local.stack import Stack
from tests.chaos.mayhem import Mayhem
from tests.chaos.rounds import run
from tests.chaos.table import table

STATE = CHECKOUT / "var" / "chaos"
OURS = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SMTP_URL")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=secrets.randbits(24))
    asked = parser.parse_args()
    os.umask(PRIVATE_MASK)
    STATE.parent.mkdir(exist_ok=True)
    for name in OURS:
        # Nobody else's servers are ours to kill.
        os.environ.pop(name, None)
    print(f'seed {asked.seed}: make chaos ARGS="--rounds {asked.rounds} --seed {asked.seed}"', flush=True)
    try:
        with alone(STATE):
            return attempt(asked.rounds, asked.seed)
    except StackProblem as problem:
        print(f"chaos: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nBroken off; everything that was started is stopped.", file=sys.stderr)
        return 130


def attempt(rounds: int, seed: int) -> int:
    """One run on a new stack; the table is printed however it ends."""
    stack = Stack(STATE)
    with ending_with_us(stack):
        stack.up()
        mayhem = Mayhem(stack)
        try:
            run(mayhem, rounds, seed)
        except (AssertionError, StackProblem):
            traceback.print_exc()
            print(f"It did not hold. Logs are in {STATE / 'logs'}.", file=sys.stderr)
            return 1
        finally:
            print(table(mayhem, rounds, seed), flush=True)
    print("Everything held.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
