"""What part (g) says, as figures: items a second at the largest size, and how the cost of one grew from the smallest. PURE."""

from collections.abc import Callable, Sequence

from tests.bench.figures import Bar, Figure, Measured, Series
from tests.bench.keeping import Kept

MEBIBYTE = 2**20
LINEAR = 1.5
"""What the time for one item may grow by between the sizes, to be called linear."""
Work = tuple[str, str, Callable[[Kept], float], Callable[[Kept], int]]

WORKS: Sequence[Work] = (
    (
        "sweep, all that can change", "Cases of ten items, whose facts changed: read under locks, computed, and for three items of four a fact "
        "recorded, with its state.", lambda run: run.sweep, lambda run: run.items,
    ),
    (
        "sweep, nothing changes", "The same cases again: read under locks and computed.", lambda run: run.again,
        lambda run: run.items,
    ),
    (
        "reviews opened", "Items whose keeping has ended or ends within a year: found, and a review recorded for each case and lead, a fact "
        "for each item.", lambda run: run.review, lambda run: run.reviewed,
    ),
    ("report of what is due", "By holder, month and rule, over all items.", lambda run: run.due, lambda run: run.items),
    (
        "report of what is unknown", "Each case whose items have no last day, a quarter of all, with what is not known.", lambda run: run.unknown,
        lambda run: run.items,
    ),
    (
        "preview of another pack", "Every item under the other rules, and a line of canonical JSON for each that would change.",
        lambda run: run.preview, lambda run: run.items,
    ),
)  # fmt: skip


def measured_keeping(runs: Sequence[Kept]) -> Measured:
    """Part (g) in figures, from runs at growing sizes."""
    small, large = runs[0], runs[-1]
    figures = []
    for name, said, seconds, count in WORKS:
        rate = count(large) / seconds(large)
        growth = (seconds(large) / count(large)) / (seconds(small) / count(small))
        about = f"{said} {count(large):,} items in {seconds(large):.1f} s, {count(small):,} in {seconds(small):.1f} s."
        figures += [
            Figure("g", name, "items/s", rate, about),
            Figure("g", f"{name}: growth", "times", growth, GROWTH, bar=Bar("at most", LINEAR)),
        ]
    figures.append(
        Figure("g", "memory of all of it", "MiB", large.peak / MEBIBYTE, f"The process's peak; {small.peak / MEBIBYTE:.0f} at {small.items:,} items.")
    )  # fmt: skip
    series = tuple(
        Series("g", name, "items", "items/s", tuple((float(run.items), count(run) / seconds(run)) for run in runs))
        for name, _, seconds, count in (WORKS[0], WORKS[5])
    )
    seeded = f"Seeded by COPY: {large.items - small.items:,} items in {large.seeded:.0f} s."
    return Measured(tuple(figures), series, (seeded,))


GROWTH = f"The time for one item at the largest size over that at the smallest; linear up to {LINEAR:g}."
