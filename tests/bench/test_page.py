import re
from dataclasses import replace
from xml.etree import ElementTree

from tests.bench.conditions import Conditions, conditions
from tests.bench.figures import Bar, Figure, Measured, Series
from tests.bench.page import END, NOTES, notes_of, number, page, unexplained
from tests.bench.picture import ceiling, picture

CONDITIONS = Conditions(
    "2026-11-23T12:00+00:00", "make bench", "abc1234", "A processor", 2, 23.5, (0.1, 0.2, 0.3), "Python 3.11.7"
)
GOOD = Figure("a", "350 B", "events/s", 66_000, "Everything.", 12_000, "Tessera.", Bar("ratio at least", 5))
BAD = replace(GOOD, name="1 KiB", ours=20_000, bar=Bar("ratio at least", 3))
ALONE = replace(GOOD, name="live", theirs=None)
SLOW = Figure("b", "p99", "ms", 251, "All.", bar=Bar("at most", 250))
PARTS = {"a": Measured((GOOD, BAD, ALONE), remarks=("No Go.",)), "b": Measured((SLOW,))}


def rows(text: str) -> dict[str, list[str]]:
    """Name → the cells of its row."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row for row in cells if len(row) == 7}


def test_a_missed_bar_is_never_silent() -> None:
    text = page(CONDITIONS, PARTS, "")
    found = rows(text)
    assert found["350 B"] == ["350 B", "events/s", "66,000", "12,000", "5.50", "ratio ≥ 5", "reached"]
    assert found["1 KiB"][-3:] == ["1.67", "ratio ≥ 3", "**not reached**"]
    assert found["live"][-4:] == ["", "", "ratio ≥ 5", "not compared"]
    assert found["p99"] == ["p99", "ms", "251", "", "", "≤ 250 ms", "**not reached**"]
    assert "Not reached, and not explained yet: 1 KiB; p99." in text
    assert "- No Go." in text


def test_what_numbers_include_is_said_once_with_their_names() -> None:
    text = page(CONDITIONS, PARTS, "")
    assert text.count("- *350 B*, *1 KiB*, *live*: Everything.\n") == 1
    assert text.count("- *beside it*: Tessera.\n") == 1
    assert "- *p99*: All.\n" in text


def test_what_was_written_by_hand_is_kept() -> None:
    first = page(CONDITIONS, PARTS, "")
    assert notes_of(first) == ""
    by_hand = first.replace(f"{NOTES}\n", f"{NOTES}\n\n*1 KiB* is bound by the disk; p99 by the fetch.\n\n")
    again = page(CONDITIONS, PARTS, notes_of(by_hand))
    assert again == by_hand.replace("\nNot reached, and not explained yet: 1 KiB; p99.\n", "")
    assert page(CONDITIONS, PARTS, notes_of(again)) == again
    assert unexplained([GOOD, BAD, SLOW], "nothing of them") == [BAD, SLOW]


def test_without_both_marks_there_are_no_notes() -> None:
    assert notes_of("") == notes_of(f"{NOTES}\nx") == notes_of(f"x{END}") == ""


def test_the_page_says_under_what_it_was_measured() -> None:
    text = page(CONDITIONS, PARTS, "")
    for words in ("`make bench`", "`abc1234`", "A processor, 2 cores, 23.5 GiB", "0.1, 0.2, 0.3", "Python 3.11.7"):
        assert words in text


def test_conditions_are_found_and_survive_json() -> None:
    found = conditions("make bench", "Tessera v1.0.4")
    assert Conditions.read(found.plain()) == found
    assert re.fullmatch(r"[\d-]{10}T\d\d:\d\d\+00:00", found.at)
    assert found.cores >= 1
    assert found.memory_gib > 0
    assert "Kafka" in found.versions
    assert found.versions.endswith("Tessera v1.0.4")


def test_numbers_are_short_and_round_no_bar_away() -> None:
    assert [number(value) for value in (66_123.4, 251.2, 99.94, 1.254, 0.01234)] == [
        "66,123", "251", "99.9", "1.25", "0.0123",
    ]  # fmt: skip


def test_the_picture_is_a_whole_document_with_a_line_for_each_series() -> None:
    one = Series("a", "Cadena <350 B>", "leaves", "events/s", ((500_000.0, 60_000.0), (3_000_000.0, 58_000.0)))
    lines = [one, replace(one, name="1 KiB"), replace(one, part="f", y_unit="MiB")]
    drawn = ElementTree.fromstring(picture(lines))  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f".//{space}polyline")) == 3
    assert len(drawn.findall(f"{space}g")) == 2
    words = " ".join(text.text or "" for text in drawn.iter(f"{space}text"))
    assert "Cadena <350 B>" in words
    assert "3M" in words
    for line in drawn.iter(f"{space}polyline"):
        for x, y in (point.split(",") for point in line.get("points", "").split()):
            assert 0 <= float(x) <= 560
            assert 0 <= float(y) <= 250


def test_a_picture_of_nothing_is_one() -> None:
    assert ElementTree.fromstring(picture([])).tag.endswith("svg")  # noqa: S314 - our own


def test_an_axis_ends_at_a_round_number_at_or_above_the_largest() -> None:
    assert [ceiling(value) for value in (0, 1, 1.1, 58_000, 3_000_000, 95, 0.03)] == [
        1, 1, 2, 80_000, 4_000_000, 100, 0.04,
    ]  # fmt: skip
