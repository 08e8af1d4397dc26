"""`docs/performance.md` from what a run measured. PURE.

The words between the two marks are written by hand and kept: what bounds a figure that is not reached, and what was
tried. A figure that misses its bar says so in the table, always, and is named here if no hand has explained it.
"""

from collections.abc import Mapping

from tests.bench.conditions import Conditions
from tests.bench.figures import Bar, Figure, Measured

NOTES, END = "<!-- written by hand from here -->", "<!-- to here -->"
PARTS: Mapping[str, str] = {
    "a": "From Kafka to a head that is signed and published",
    "b": "From the moment an event is due to be produced until its signed head is read, open loop",
    "c": "From the moment a request is due until its fact is sealed, open loop",
    "d": "Recording",
    "e": "Verifying a whole log",
    "f": "A log of millions: proofs, and the writer's memory",
    "g": "Items by the million: until when they are kept",
}
HEAD = """# Performance

Written by `make bench`, but for the notes at the end: one run, all parts one after the other on one machine, clients,
load generators and servers together. Read the ratios; the absolute numbers are those of that machine.

"""
READING = """
A latency is charged from the moment at which the request was *due*, so that whoever waits behind a stall counts too, and
percentiles are exact. *Bar* is what is demanded. How each number is made stands in `tests/bench/`; `make bench` repeats
all of it, `make bench ARGS="--quick"` in minutes, `make bench ARGS="--only a,e"` in parts. Tessera needs Go to be built:
without Go its column is empty, and the page says so.
"""


def page(conditions: Conditions, parts: Mapping[str, Measured], notes: str) -> str:
    """The whole page; `notes` is what `notes_of` found in the page before."""
    sections = [section(letter, parts[letter]) for letter in PARTS if letter in parts]
    figures = [figure for measured in parts.values() for figure in measured.figures]
    left = [figure.name for figure in unexplained(figures, notes)]
    missing = f"\nNot reached, and not explained yet: {'; '.join(left)}.\n" if left else ""
    text = [
        HEAD, machine(conditions), "\n![Rates and memory over the size of the log](performance.svg)\n", READING,
        *sections, "\n## Notes\n", missing, "\n", NOTES, "\n", notes, END, "\n",
    ]  # fmt: skip
    return "".join(text)


def notes_of(page: str) -> str:
    """What stands between the marks, with its line ends; empty where they are missing."""
    _, begun, rest = page.partition(f"{NOTES}\n")
    inside, ended, _ = rest.partition(END)
    return inside if begun and ended else ""


def unexplained(figures: list[Figure], notes: str) -> list[Figure]:
    """The figures that miss their bar and whose names the notes do not mention."""
    return [figure for figure in figures if figure.reached is False and figure.name not in notes]


def machine(conditions: Conditions) -> str:
    """Under what it was measured."""
    one, five, fifteen = conditions.load
    return (
        f"| | |\n|---|---|\n| run | {conditions.at}, commit `{conditions.commit}`, `{conditions.command}` |\n"
        f"| machine | {conditions.processor}, {conditions.cores} cores, {conditions.memory_gib:g} GiB |\n"
        f"| load before | {one:g}, {five:g}, {fifteen:g} over 1, 5, 15 minutes |\n"
        f"| versions | {conditions.versions} |\n"
    )


def section(letter: str, measured: Measured) -> str:
    """One part: its table, what each row includes, its remarks."""
    rows = "".join(row(figure) for figure in measured.figures)
    table = f"| | unit | Cadena | beside it | ratio | bar | |\n|---|---|--:|--:|--:|---|---|\n{rows}" if rows else ""
    lines = [*explained(measured), *measured.remarks]
    return f"\n## {letter}. {PARTS[letter]}\n\n{table}\n" + "".join(f"- {line}\n" for line in lines)


def explained(measured: Measured) -> list[str]:
    """What the numbers include and what stands beside them, each text once, with the names that it is about."""
    texts: dict[str, list[str]] = {}
    for figure in measured.figures:
        texts.setdefault(figure.includes, []).append(f"*{figure.name}*")
    for figure in measured.figures:
        if figure.beside and figure.theirs is not None:
            texts.setdefault(figure.beside, ["*beside it*"])
    return [f"{', '.join(names)}: {text}" for text, names in texts.items()]


def row(figure: Figure) -> str:
    """A row of the table."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    theirs = "" if figure.theirs is None else number(figure.theirs)
    return (
        f"| {figure.name} | {figure.unit} | {number(figure.ours)} | {theirs} | {ratio} | {bar(figure.bar, figure.unit)} "
        f"| {verdict(figure)} |\n"
    )


def bar(bar: Bar | None, unit: str) -> str:
    """What is demanded, in signs."""
    if bar is None:
        return ""
    if bar.demand == "ratio at least":
        return f"ratio ≥ {bar.value:g}"
    return f"{'≥' if bar.demand == 'at least' else '≤'} {number(bar.value)} {unit}"


def verdict(figure: Figure) -> str:
    """Whether the bar is met, in a word."""
    if figure.bar is None:
        return ""
    return {True: "reached", False: "**not reached**", None: "not compared"}[figure.reached]


def number(value: float) -> str:
    """Three significant digits or all digits before the point: 66,123; 0.0123; 1.25."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
