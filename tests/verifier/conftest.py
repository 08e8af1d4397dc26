from pathlib import Path

import pytest
from cadena_verify.audit import Wanted, audit
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Finding, Report
from cadena_verify.source import Folder

from tests.verifier.forge import LOG_VKEY, Forged


class Auditor:
    """Audits forged logs in one folder per test."""

    def __init__(self, root: Path) -> None:
        self.root, self._runs = root, 0

    def audit(self, log: Forged, *, seen: Path | None = None, promises: Path | None = None) -> Report:
        self._runs += 1
        folder = log.folder(self.root / f"log-{self._runs}")
        return audit(Folder(folder), Wanted(parse_vkey(LOG_VKEY), seen=seen, promises=promises))


def found(report: Report) -> set[tuple[str, int | None, int | None, int | None]]:
    """The defects as (code, index, until, head)."""
    return {(f.code, f.index, f.until, f.head) for f in report.defects}


def the_one(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(tmp_path)
