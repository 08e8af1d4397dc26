"""What `make bench` writes where; the measuring itself is tried in `test_run.py`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.problem import StackProblem
from tests.bench import __main__ as bench
from tests.bench.figures import Bar, Figure, Measured, Series
from tests.bench.page import END, NOTES, PARTS
from tests.bench.sizes import FULL
from tests.bench.tessera import NoTessera

CURVE = Series("a", "Cadena", "leaves", "events/s", ((1.0, 2.0), (2.0, 3.0)))
MISSED = Figure("a", "350 B", "events/s", 1, "All.", 1, "Tessera.", Bar("ratio at least", 5))


class FakeRun:
    """Measures nothing; part b fails where `broken`."""

    broken = False

    def __init__(self, *_given: object) -> None:
        pass

    def all(self, letters: list[str]) -> dict[str, Measured]:
        found = {letter: Measured((Figure(letter, letter, "s", 1, "All."),)) for letter in letters}
        if "a" in found:
            found["a"] = Measured((MISSED,), (CURVE,))
        return {letter: one for letter, one in found.items() if not (self.broken and letter == "b")}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def none() -> None:
        raise NoTessera("no Go")

    for name, path in (("HERE", tmp_path), ("KEPT", tmp_path / "var"), ("DOCS", tmp_path / "docs")):
        monkeypatch.setattr(bench, name, path)
    monkeypatch.setattr(bench, "Run", FakeRun)
    monkeypatch.setattr(bench, "tools", none)
    (tmp_path / "docs").mkdir()
    return tmp_path


def test_a_full_run_writes_the_page_and_keeps_its_notes(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([]) == 0
    page = place / "docs" / "performance.md"
    assert "explained in the notes: a 350 B" in capsys.readouterr().out
    page.write_text(page.read_text().replace(f"{NOTES}\n", f"{NOTES}\n\n350 B: bound by the disk.\n\n"))
    assert bench.main([]) == 0
    assert "350 B: bound by the disk.\n\n" + END in page.read_text()
    assert "explained" not in capsys.readouterr().out
    assert "polyline" in (place / "docs" / "performance.svg").read_text()
    assert sorted(json.loads((place / "var" / "full.json").read_text())["parts"]) == sorted(PARTS)


@pytest.mark.parametrize("arguments", [["--quick"], ["--only", "a,e"], ["--only", "c"]])
def test_any_other_run_leaves_the_documents_alone(place: Path, arguments: list[str]) -> None:
    assert bench.main(arguments) == 0
    assert list((place / "docs").iterdir()) == []
    assert (place / "var" / "performance.md").exists()


def test_a_part_that_could_not_be_measured_is_an_error_and_the_page_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(FakeRun, "broken", True)
    assert bench.main([]) == 1
    assert "not measured: b" in capsys.readouterr().err
    assert list((place / "docs").iterdir()) == []


def test_the_page_can_be_written_anew_without_measuring(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench.main([]) == 0
    before = (place / "docs" / "performance.md").read_text()
    (place / "docs" / "performance.md").unlink()
    monkeypatch.setattr(bench, "Run", None)
    assert bench.main(["--page"]) == 0
    assert (place / "docs" / "performance.md").read_text() == before


def test_ctrl_c_writes_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeRun, "all", interrupted)
    assert bench.main([]) == 130
    assert list((place / "docs").iterdir()) == []


def test_a_disk_that_is_too_small_is_told_before_anything_begins(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "FULL", replace(FULL, disk=2**70))
    with pytest.raises(StackProblem, match=r"needs .* GB of disk"):
        bench.main([])
    assert list((place / "docs").iterdir()) == []


def test_there_is_no_part_h(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parsed(["--only", "h"])
    assert "the parts are a, b, c, d, e, f" in capsys.readouterr().err
