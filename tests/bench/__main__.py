"""`python -m tests.bench`: run the parts, keep what they measured as JSON, and write the page and the picture from it.

A full run of all parts writes docs/performance.md and docs/performance.svg; any other writes both into var/bench/.
`--page` writes them anew from the last full run. Exit code 0 if all was measured, reached or not; 1 if a part could not
be; 130 after Ctrl-C or another request to end.
"""

import argparse
import json
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.local.problem import StackProblem
from tests.bench.conditions import Conditions, conditions
from tests.bench.figures import Figure, Measured
from tests.bench.page import PARTS, notes_of, number, page, unexplained, verdict
from tests.bench.picture import picture
from tests.bench.run import Run
from tests.bench.sizes import FULL, QUICK
from tests.bench.tessera import NoTessera, Tools, tools

HERE = Path(__file__).parents[2]
KEPT = HERE / "var" / "bench"
DOCS = HERE / "docs"


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for."""
    given = parsed(arguments)
    full = not given.quick and given.only == list(PARTS)
    kept = KEPT / ("full.json" if full else "last.json")
    KEPT.mkdir(parents=True, exist_ok=True)
    if not given.page:
        try:
            failed = measure(given.only, given.quick, shlex.join(["make", "bench", *arguments]), kept)
        except KeyboardInterrupt:
            print("\ncadena: interrupted; nothing was written", file=sys.stderr)
            return 130
        if failed:
            print(f"cadena: not measured: {', '.join(failed)}. The page is left as it was.", file=sys.stderr)
            return 1
    write(json.loads(kept.read_text()), DOCS if full else KEPT)
    return 0


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options: `only` is a list of letters."""

    def letters(text: str) -> list[str]:
        wanted = [letter for letter in PARTS if letter in text.split(",")]
        if set(text.split(",")) - set(PARTS):
            raise argparse.ArgumentTypeError(f"the parts are {', '.join(PARTS)}")
        return wanted

    parser = argparse.ArgumentParser(prog='make bench ARGS="…"', description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes, and noisier")
    parser.add_argument("--only", type=letters, default=list(PARTS), metavar="a,e", help="only these parts")
    parser.add_argument("--page", action="store_true", help="measure nothing: write page and picture anew")
    return parser.parse_args(arguments)


def measure(letters: Sequence[str], quick: bool, command: str, kept: Path) -> list[str]:
    """Run the parts and keep what they say; the letters of those that could not be measured."""
    sizes = QUICK if quick else FULL
    free = shutil.disk_usage(KEPT).free
    if free < sizes.disk:
        raise StackProblem(f"This run needs {sizes.disk / 1e9:g} GB of disk for a while; {free / 1e9:.1f} GB are free.")
    beside, why = built()
    now = conditions(command, f"Tessera {beside.version}" if beside else "")
    run = Run(KEPT / "run", sizes, beside, why, told)
    parts = run.all(letters)
    plain = {"conditions": now.plain(), "parts": {letter: one.plain() for letter, one in parts.items()}}
    kept.write_text(json.dumps(plain, indent=2) + "\n")
    return [letter for letter in letters if letter not in parts]


def built() -> tuple[Tools | None, str]:
    """Tessera's programs, or why there are none."""
    print("Tessera is built where Go is …", flush=True)
    try:
        return tools(), ""
    except NoTessera as reason:
        print(f"cadena: without Tessera beside us: {reason}", file=sys.stderr)
        return None, str(reason)


def told(figure: Figure) -> None:
    """A line for each figure as it comes."""
    beside = "" if figure.theirs is None else f", beside it {number(figure.theirs)}, ratio {figure.ratio:.2f}"
    print(f"  {figure.part}  {figure.name}: {number(figure.ours)} {figure.unit}{beside}  {verdict(figure)}", flush=True)


def write(kept: dict[str, Any], folder: Path) -> None:
    """Page and picture from what was kept; the notes of the page that is there stay."""
    parts = {letter: Measured.read(one) for letter, one in kept["parts"].items()}
    there = DOCS / "performance.md"
    notes = notes_of(there.read_text()) if there.exists() else ""
    (folder / "performance.md").write_text(page(Conditions.read(kept["conditions"]), parts, notes))
    series = [series for letter in PARTS if letter in parts for series in parts[letter].series]
    (folder / "performance.svg").write_text(picture(series))
    for figure in unexplained([figure for one in parts.values() for figure in one.figures], notes):
        print(f"not reached, and not explained in the notes: {figure.part} {figure.name}")
    print(f"{folder.relative_to(HERE)}/performance.md and performance.svg are written.")


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # an end by any of them takes down what was started
    try:
        sys.exit(main(sys.argv[1:]))
    except StackProblem as problem:
        sys.exit(f"cadena: {problem}")
