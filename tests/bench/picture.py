"""`docs/performance.svg`: each series as a small chart. PURE. SVG written as text; no script, no font to fetch.

Light and dark both read it: colours are the reader's by `prefers-color-scheme`.
"""

from collections.abc import Sequence
from html import escape
from math import log10

from tests.bench.figures import Series
from tests.bench.page import number

WIDTH, HEIGHT, COLUMNS = 560, 250, 2
LEFT, RIGHT, BOTTOM = 66, 18, 40
TITLE, NAME = 30, 16
LIGHT = {"ink": "#1d2733", "soft": "#5a6876", "grid": "#d5dbe1", "paper": "#ffffff"} | {
    "one": "#1f6feb", "two": "#c4570e", "three": "#2c8a4b", "four": "#8250df",
}  # fmt: skip
DARK = {"ink": "#e3e9ef", "soft": "#9aa7b4", "grid": "#37424d", "paper": "#14191f"} | {
    "one": "#6cb0ff", "two": "#f0a35e", "three": "#6fd08f", "four": "#c297ff",
}  # fmt: skip
COLOURS = ("one", "two", "three", "four")


def picture(series: Sequence[Series]) -> str:
    """One chart for each pair of units, with the series that share it, in the order given."""
    charts: dict[tuple[str, str, str], list[Series]] = {}
    for one in series:
        if one.points:
            charts.setdefault((one.part, one.x_unit, one.y_unit), []).append(one)
    rows = -(-len(charts) // COLUMNS) or 1
    width, height = WIDTH * min(COLUMNS, max(len(charts), 1)), HEIGHT * rows
    drawn = [
        f'<g transform="translate({WIDTH * (at % COLUMNS)} {HEIGHT * (at // COLUMNS)})">\n{chart(group)}\n</g>'
        for at, group in enumerate(charts.values())
    ]
    about = escape("; ".join(f"{one.name} in {one.y_unit} over {one.x_unit}" for one in series))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img">',
            f"<title>{about}</title>",
            style(),
            f'<rect class="paper" width="{width}" height="{height}"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def style() -> str:
    """The style sheet: plain colours, which every reader of SVG knows, and others where the reader's page is dark."""
    fixed = (
        "text { font-family: system-ui, sans-serif; font-size: 12px; } .title { font-size: 14px; font-weight: 600; }"
    )
    return f"<style>\n{fixed}\n{colours(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{colours(DARK)}\n}}\n</style>"


def colours(of: dict[str, str]) -> str:
    """The rules that give each class its colour."""
    lines = [f"text {{ fill: {of['soft']}; }} .title {{ fill: {of['ink']}; }} .paper {{ fill: {of['paper']}; }}"]
    lines += [f".grid {{ stroke: {of['grid']}; }}"]
    for name in COLOURS:
        lines += [
            f"polyline.{name} {{ fill: none; stroke: {of[name]}; stroke-width: 2; }} text.{name} {{ fill: {of[name]}; }}"
        ]
    return "\n".join(lines)


def chart(group: Sequence[Series]) -> str:
    """Axes from zero, and a line with its name for each series."""
    points = [point for one in group for point in one.points]
    right, top = ceiling(max(x for x, _ in points)), ceiling(max(y for _, y in points))
    above = TITLE + NAME * len(group)
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - above - BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + wide * x / right, above + high * (1 - y / top)

    parts = [f'<text class="title" x="{LEFT}" y="20">{escape(group[0].y_unit)} over {escape(group[0].x_unit)}</text>']
    for step in range(5):
        x, y = place(right * step / 4, top * step / 4)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(top * step / 4)}</text>')
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{short(right * step / 4)}</text>'
        )
    for at, (one, colour) in enumerate(zip(group, COLOURS * len(group), strict=False)):
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in one.points))
        parts.append(f'<polyline class="{colour}" points="{line}"/>')
        parts.append(f'<text class="{colour}" x="{LEFT + 4}" y="{TITLE + NAME * at + 6}">{escape(one.name)}</text>')
    return "\n".join(parts)


def ceiling(value: float) -> float:
    """The next of 1, 2, 4, 5, 8, 10 times a power of ten; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** int(log10(value) // 1)
    return next(step * power for step in (1, 2, 4, 5, 8, 10, 20) if step * power >= value * (1 - 1e-9))


def short(value: float) -> str:
    """A number for an axis: 3M, 250k, 0.5."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return number(value)
