"""The pages as a whole: links lead somewhere, files and tests that are named exist, nothing of one machine stands there."""

import re
from pathlib import Path

import pytest

from tests.deploy.checkout import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "verifier").glob("*.md")])
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


def heading_names(page: Path) -> set[str]:
    """The anchors that a reader on the web gets."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {*re.findall(r'<a id="([^"]+)"></a>', page.read_text())} | {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor in heading_names(there), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_tests_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    for named in re.findall(r"`((?:tests|docs|services|shared|deploy|verifier|requirements)/[\w./*-]+)`", text):
        assert list(ROOT.glob(named)), named
    for named in re.findall(r"`(test_[a-z0-9_]+)`", text):
        assert f"def {named}(" in TESTS, named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_of_one_machine_stands_in_a_page(page: Path) -> None:
    assert not re.search(r"/(root|home|work|tmp|Users)/", page.read_text())


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)#\s:]+)", page.read_text()):
            waiting.append((page.parent / target).resolve())
    assert [page for page in PAGES if page not in reached] == []
