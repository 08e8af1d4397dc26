"""`python -m tests.mutants`: break each guarantee by one line, in a copy, and see its own test turn red.

Exit code 0 if every mutant turned its test red and every test is green without one; 1 if not; 2 if it cannot be tried. Words
on the command line (`G5 G7`) choose guarantees.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.local.environment import given
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.problem import StackProblem
from tests.mutants.catalogue import MUTANTS, Mutant
from tests.mutants.scratch import Outcome, Scratch, Unfit

CHECKOUT = Path(__file__).parents[2]


def main(wanted: Sequence[str]) -> int:
    """Try the mutants of these guarantees, or all."""
    mutants = [mutant for mutant in MUTANTS if not wanted or mutant.guarantee in wanted]
    if not mutants:
        print(f"There are no mutants of {', '.join(wanted)}.", file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="cadena-mutants-") as folder, servers() as environment:
            scratch = Scratch(CHECKOUT, Path(folder), environment)
            return 0 if is_green(scratch, mutants) and all_red(scratch, mutants) else 1
    except (StackProblem, Unfit) as problem:
        print(f"cadena: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ncadena: interrupted, nothing was shown", file=sys.stderr)
        return 130


def is_green(scratch: Scratch, mutants: Sequence[Mutant]) -> bool:
    """Whether every test passes on the code as it is."""
    tests = sorted({mutant.test for mutant in mutants})
    print(f"{len(tests)} tests without a mutant ... ", end="", flush=True)
    outcome = scratch.pytest(tests)
    print(f"{outcome.passed} cases pass" if outcome.green else f"NOT GREEN\n{outcome.told}")
    return outcome.green


def all_red(scratch: Scratch, mutants: Sequence[Mutant]) -> bool:
    """Try each, print its line of the table, and say how many survived."""
    survived = 0
    for mutant in mutants:
        started = time.monotonic()
        number, outcome = try_one(scratch, mutant)
        survived += not outcome.red
        print(f"{mutant.guarantee:4} {verdict(outcome):9} {time.monotonic() - started:5.1f} s  {mutant.what}")
        print(f"{'':20} {mutant.file}:{number}  {mutant.broken}\n{'':20} {mutant.test}", flush=True)
        if outcome.broken:
            print(outcome.told)
    print(f"{len(mutants)} mutants, {len(mutants) - survived} found by the test of their guarantee, {survived} not")
    return not survived


def try_one(scratch: Scratch, mutant: Mutant) -> tuple[int, Outcome]:
    """Break the line, run the test until its first failure, mend the line."""
    with scratch.broken(mutant.file, mutant.line, mutant.broken) as number:
        return number, scratch.pytest([mutant.test], "-x")


def verdict(outcome: Outcome) -> str:
    """One word for the table."""
    if outcome.red:
        return "red"
    return "BROKEN" if outcome.broken else "SURVIVED"


@contextmanager
def servers() -> Iterator[dict[str, str]]:
    """One PostgreSQL and one Kafka for all runs, unless the caller names some."""
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cadena-mutants-")))
        environment = {}
        if not given("DATABASE_URL"):
            postgres = Postgres(state)
            stack.callback(postgres.stop)
            postgres.start()
            environment["DATABASE_URL"] = postgres.admin_url()
        if not given("KAFKA_BOOTSTRAP_SERVERS"):
            kafka = Kafka(state)
            stack.callback(kafka.stop)
            kafka.start()
            environment["KAFKA_BOOTSTRAP_SERVERS"] = kafka.bootstrap_servers
            environment["KAFKA_SASL_USERNAME"] = kafka.operator.sasl_username or ""
            environment["KAFKA_SASL_PASSWORD"] = kafka.operator.sasl_password or ""
        yield environment


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
