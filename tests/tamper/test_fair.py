"""The judge of what the verifier says says so when that is too little, too much or elsewhere."""

import pytest
from cadena_verify.report import Report

from shared.tiles import frame
from tests.tamper.fair import complaints
from tests.tamper.truth import Changed, Sound, compared

ENTRIES = [b"%d" % number for number in range(300)]
SOUND = Sound(ENTRIES, b"", b"", (200, 300))
BUNDLE = "tile/entries/000"


def with_changed(*indexes: int) -> Changed:
    """A first bundle in which other bytes were served at these indexes."""
    served = [b"x" if index in indexes else entry for index, entry in enumerate(ENTRIES[:256])]
    return compared(SOUND, {BUNDLE: frame(served), "tile/0/001.p/44": SOUND.file("tile/0/001.p/44")})


def saying(code: str, index: int | None = None, until: int | None = None, head: int | None = None) -> Report:
    report = Report("log")
    report.defect(code, "so it is", index=index, until=until, head=head)
    return report


@pytest.mark.parametrize("report", [saying("entry-changed", 7), saying("history-rewritten", 0, 200, 200)])
def test_what_was_changed_and_is_named_gives_no_complaint(report: Report) -> None:
    assert complaints(report, with_changed(7), SOUND) == []


def test_what_was_changed_and_is_not_named_is_one() -> None:
    assert complaints(saying("entry-changed", 7), with_changed(7, 9), SOUND) == ["what was changed at 9 is not named"]


@pytest.mark.parametrize(
    "report",
    [
        saying("entry-changed", 8), saying("tile-changed", 8), saying("tile-missing", 0, 256), saying("entry-missing", 8),
        saying("history-rewritten", 0, 300, 300), saying("head-signature", head=200), saying("entry-not-event", 8),
    ],
    ids=lambda report: str(report.defects[0].code),
)  # fmt: skip
def test_what_is_named_and_was_not_changed_is_one(report: Report) -> None:
    found = report.defects[0]
    assert f"{found.code} at {found.place()} is not so" in complaints(report, with_changed(7), SOUND)


def test_the_same_files_are_no_change() -> None:
    assert with_changed().same
    assert not with_changed(255).same
