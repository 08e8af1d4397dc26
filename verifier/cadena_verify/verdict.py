"""What is said to a reader at the end of a check. PURE."""

import json

from cadena_verify.case import SHOWS
from cadena_verify.depth import Depth
from cadena_verify.report import Report

DEMO = "DEMO: this log was founded as a demonstration; nothing in it is a real case."


def verdict(report: Report) -> str:
    """The last lines: what was checked, how it stands, and whether it is of a demonstration."""
    return f"{_said(report)}\n{DEMO}" if report.facts.get("demo") else _said(report)


def _said(report: Report) -> str:
    facts = report.facts
    if report.defects_total:
        return f"{report.log}: {report.defects_total} defects. Do not rely on it before they are explained."
    if "promised" in facts:
        return f"{_of_case(report)}\n{SHOWS}"
    if "saved" in facts:
        return (
            f"{facts['folder']}: {facts['saved']:,} files saved, {facts['kept']:,} were there: {facts['origin']} up to "
            f"its signed head of {facts['size']:,} entries. Only the heads' signatures are checked yet; "
            f"cadena-verify {facts['folder']} checks the rest."
        )
    if "heads" not in facts:
        return f"{report.log} is entry {facts['index']} of {facts['origin']}, under its signed head of {facts['size']}."
    if facts["depth"] == Depth.TILES.value:
        return (
            f"{facts['origin']}: {facts['tiles']:,} tiles of hashes of {facts['size']:,} entries and "
            f"{facts['heads']:,} signed heads verified: no head contradicts another; "
            f"no entry was read{_taken_over(report)}. Root {facts['root']}"
        )
    if "subjects" not in facts:
        return (
            f"{facts['origin']}: the hashes of {facts['size']:,} entries, {facts['tiles']:,} tiles and "
            f"{facts['heads']:,} signed heads verified; no entry was read as an event{_taken_over(report)}. "
            f"Root {facts['root']}"
        )
    kept = f", promises: {json.dumps(facts['promises'])[1:-1]}" if "promises" in facts else ""
    return (
        f"{facts['origin']}: {facts['size']:,} entries, {facts['tiles']:,} tiles and {facts['heads']:,} signed heads "
        f"verified, {facts['subjects']:,} subjects without a gap{kept}{_taken_over(report)}. Root {facts['root']}"
    )


def _taken_over(report: Report) -> str:
    before = report.facts["taken_over"]
    return f"; of the first {before:,} only what an earlier audit read was held against the heads" if before else ""


def _of_case(report: Report) -> str:
    facts = report.facts
    seen = facts["head_time"] or "at a time that nobody cosigned"
    counts = [f"{facts['promised']} more promised and not yet under it", f"{facts['texts']} texts as they were sealed"]
    counts += [f"{facts[word]} {word}" for word in ("erased", "lost", "withheld") if facts[word]]
    return (
        f"{report.log}: case {facts['case']} of {facts['origin']}: {facts['events']} events proved "
        f"under the signed head of {facts['size'] or 0:,}, seen {seen}; {', '.join(counts)}."
    )
