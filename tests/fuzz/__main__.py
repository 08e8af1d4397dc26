"""`make fuzz`: 50,000 requests at an installation of its own. Exit 0 if no answer was a failure or off its document.

ARGS="--requests 2000 --seed 7" sends fewer, or repeats what another run drew.
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from deploy.local.stack import Stack
from tests.e2e.outside import Outside
from tests.fuzz.campaign import run
from tests.fuzz.fuzzer import Report

REQUESTS = 50_000


def main() -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cadena-fuzz-") as folder:
        stack = Stack(Path(folder) / "a state")
        try:
            stack.up()
            outside = Outside(stack)
            report = run(outside, options.requests, options.seed, _progress)
            outside.close()
        finally:
            stack.stop()
    print(f"\n{report.sent} requests over {len(report.operations)} operations")
    print("\n".join(f"  {status}: {count}" for status, count in sorted(report.answers.items())))
    print(f"{len(report.faults)} faults", *report.faults, sep="\n")
    return 1 if report.faults else 0


def _progress(report: Report) -> None:
    print(f"\r{report.sent} sent, {len(report.faults)} faults", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
