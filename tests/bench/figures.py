"""What a part of the bench says: figures with their bars, series for the picture, remarks. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Demand = Literal["ratio at least", "at least", "at most"]


@dataclass(frozen=True, slots=True)
class Bar:
    """What is demanded: of `ours / theirs`, or of `ours` in the figure's own unit."""

    demand: Demand
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of ours and, where there is one, the number beside it from the same run.

    `part` is a letter a to g; `includes` says in words what was counted in ours, `beside` what `theirs` is and includes.
    """

    part: str
    name: str
    unit: str
    ours: float
    includes: str
    theirs: float | None = None
    beside: str = ""
    bar: Bar | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over theirs; None where nothing stands beside."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def reached(self) -> bool | None:
        """Whether the bar is met; None without a bar, or where what it compares with was not measured."""
        if self.bar is None:
            return None
        if self.bar.demand == "ratio at least":
            return None if self.ratio is None else self.ratio >= self.bar.value
        return self.ours >= self.bar.value if self.bar.demand == "at least" else self.ours <= self.bar.value


@dataclass(frozen=True, slots=True)
class Series:
    """A curve: points (x, y) with the units of both axes, such as events/s over leaves."""

    part: str
    name: str
    x_unit: str
    y_unit: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one part found. A remark names what could not be measured here, and why."""

    figures: tuple[Figure, ...] = ()
    series: tuple[Series, ...] = ()
    remarks: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it; the inverse of `read`."""
        return asdict(self)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Measured":
        """From what `plain` gave, through JSON or not."""
        return cls(
            tuple(Figure(**one | {"bar": Bar(**one["bar"]) if one["bar"] else None}) for one in kept["figures"]),
            tuple(Series(**one | {"points": tuple((x, y) for x, y in one["points"])}) for one in kept["series"]),
            tuple(kept["remarks"]),
        )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` (0 to 1) of them do not exceed; ValueError for no values.

    Exact: the values are sorted, none is grouped or interpolated.
    """
    if not values:
        raise ValueError("there is no percentile of nothing")
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 1_000_000) // 1_000_000)  # exact ceiling: floats would round up 0.99 * 100
    return ordered[max(rank, 1) - 1]
