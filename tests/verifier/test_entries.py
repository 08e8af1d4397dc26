"""What a soundly signed log says wrongly: form, sources, effective leaves, versions, founding."""

from typing import Any

import pytest
from cadena_verify import places

from tests.verifier.conftest import Auditor, found, the_one
from tests.verifier.forge import (
    AUDIT,
    COSIGNER_VKEY,
    CUSTODY,
    LOG_VKEY,
    NOTIFY,
    Forged,
    canonical,
    entries,
    event,
    founding,
)

SOUND = 12


def log_with(*extra: dict[str, Any] | bytes, size: int = SOUND) -> Forged:
    """A sound log with more entries at its end, soundly signed."""
    raw = [one if isinstance(one, bytes) else canonical(one) for one in extra]
    return Forged([*entries(size), *raw], [size, size + len(raw)])


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512])
def test_sound_logs_of_the_boundary_sizes(auditor: Auditor, size: int) -> None:
    report = auditor.audit(Forged(entries(size), sorted({1, (size + 1) // 2, size})))
    assert found(report) == set()
    assert report.facts["entries"] == {CUSTODY: size}


def test_a_sound_log_of_70000_with_three_levels_of_tiles(auditor: Auditor) -> None:
    report = auditor.audit(Forged(entries(70_000), [1, 65_535, 65_536, 65_537, 70_000]))
    assert found(report) == set()
    assert (report.facts["rebuilt"], report.facts["tiles"]) == (70_000, 274 + 2 + 1)


def test_an_empty_log_has_nothing_wrong_yet(auditor: Auditor) -> None:
    report = auditor.audit(Forged([], [0]))
    assert found(report) == set()
    assert report.facts["size"] == 0


NEXT = event(SOUND + 1)
WRONG: dict[str, tuple[dict[str, Any] | bytes, str]] = {
    "white space": (canonical(NEXT) + b" ", "entry-not-canonical"),
    "a float": (canonical(NEXT | {"data": {"n": 1.5}}), "entry-not-canonical"),
    "a key twice": (canonical(NEXT).replace(b'"ordinal":0', b'"ordinal":0,"ordinal":0'), "entry-not-canonical"),
    "no bytes at all": (b"", "entry-not-canonical"),
    "no JSON": (b"\x00\x01", "entry-not-canonical"),
    "no id": (event(SOUND + 1, id=None), "entry-not-event"),
    "an id in upper case": (event(SOUND + 1, id="0190000A-0000-7000-8000-00000000000D"), "entry-not-event"),
    "an id that is a number": (event(SOUND + 1, id=7), "entry-not-event"),
    "a time with an offset": (event(SOUND + 1, time="2026-03-01T00:00:00.000000+00:00"), "entry-not-event"),
    "another CloudEvents": (event(SOUND + 1, specversion="2.0"), "entry-not-event"),
    "no outcome": (event(SOUND + 1, outcome="perhaps"), "entry-not-event"),
    "no ordinal": (event(SOUND + 1, ordinal=None), "entry-not-event"),
    "data that is a text": (event(SOUND + 1, data="x"), "entry-not-event"),
    "another installation": (event(SOUND + 1, source="urn:cadena:other:custody"), "entry-source"),
    "notify speaking as custody": (event(SOUND + 1, source=NOTIFY), "entry-source"),
    "custody speaking as audit": (event(SOUND + 1, type="org.cadena.audit.foreign.v1"), "entry-source"),
    "no version": (event(SOUND + 1, sequence=None), "version-missing"),
    "no subject": (event(SOUND + 1, subject=None), "version-missing"),
    "version zero": (event(SOUND + 1, sequence=0), "version-missing"),
    "a version that is true": (event(SOUND + 1, sequence=True), "version-missing"),
    "a version too far": (event(SOUND + 1, sequence=2), "version-gap"),
    "a version again": (event(SOUND + 1, subject="sample/1", sequence=1), "version-repeat"),
    "a second founding": (founding() | {"id": NEXT["id"], "command": NEXT["command"], "sequence": 2}, "founding"),
}


@pytest.mark.parametrize(("extra", "code"), WRONG.values(), ids=WRONG)
def test_a_wrong_entry_is_named_by_index(auditor: Auditor, extra: dict[str, Any] | bytes, code: str) -> None:
    assert found(auditor.audit(log_with(extra))) == {(code, SOUND, SOUND + 1, None)}


def test_the_same_bytes_twice_are_a_defect(auditor: Auditor) -> None:
    report = auditor.audit(log_with(entries(6)[5]))
    assert found(report) == {("entry-duplicate", SOUND, SOUND + 1, None)}
    assert "entry 5" in the_one(report.defects).message


def test_of_two_leaves_with_one_id_only_the_lower_counts(auditor: Auditor) -> None:
    other = event(5, data={"label": "other"})
    report = auditor.audit(log_with(other, event(SOUND + 1)))
    assert found(report) == set()
    warning = the_one(report.warnings)
    assert (warning.code, warning.index) == ("conflict", SOUND)


def test_one_id_of_two_sources_is_no_conflict(auditor: Auditor) -> None:
    notified = event(5, source=NOTIFY, type="org.cadena.notify.notice.planned.v1", subject="notice/5", sequence=1)
    report = auditor.audit(log_with(notified))
    assert (found(report), report.warnings) == (set(), [])
    assert report.facts["entries"] == {CUSTODY: SOUND, NOTIFY: 1}


def test_of_one_act_of_one_command_recorded_twice_only_the_lower_counts(auditor: Auditor) -> None:
    again = event(5) | {"id": NEXT["id"], "time": NEXT["time"]}
    second_act = event(SOUND + 2, command=event(5)["command"], ordinal=1)
    report = auditor.audit(log_with(again, second_act))
    assert found(report) == set()
    assert [(warning.code, warning.index) for warning in report.warnings] == [("conflict", SOUND)]


def test_versions_out_of_order_are_taken_when_none_is_missing(auditor: Auditor) -> None:
    late = [event(n, subject="case/1", sequence=sequence) for n, sequence in ((21, 3), (22, 1), (23, 2), (24, 4))]
    report = auditor.audit(log_with(*late))
    assert found(report) == set()
    assert [(warning.code, warning.index) for warning in report.warnings] == [("version-order", SOUND)]


def test_all_missing_versions_of_a_subject_are_listed(auditor: Auditor) -> None:
    late = [event(n, subject="case/1", sequence=sequence) for n, sequence in ((21, 1), (22, 3), (23, 7), (24, 7))]
    report = auditor.audit(log_with(*late))
    assert {(f.code, f.index) for f in report.defects} == {("version-gap", SOUND + 1), ("version-repeat", SOUND + 3)}
    assert "case/1 lacks version 2, 4 to 6" in {f.message for f in report.defects}


def test_refusals_and_markers_are_counted_and_have_no_versions(auditor: Auditor) -> None:
    refused = event(21, type="org.cadena.custody.command.refused.v1", outcome="refused", subject=None, sequence=None)
    data = {"topic": "cadena.custody.v1", "offset": 7, "length": 3, "sha256": "0" * 64}
    foreign = event(22, source=AUDIT, type="org.cadena.audit.foreign.v1", subject=None, sequence=None, data=data)
    report = auditor.audit(log_with(refused, foreign))
    assert found(report) == set()
    assert (report.facts["refusals"], report.facts["foreign"]) == (1, 1)
    assert report.facts["markers"] == [
        {"index": SOUND + 1, "topic": "cadena.custody.v1", "offset": 7, "sha256": "0" * 64}
    ]


FOUNDINGS = {
    "another type": event(0, type="org.cadena.custody.case.opened.v1", sequence=1),
    "another origin": founding(origin="cadena.example/other"),
    "another log key": founding(log_vkey=COSIGNER_VKEY),
    "no cosigner": founding(cosigner_vkey=""),
    "the log's key as cosigner": founding(cosigner_vkey=LOG_VKEY),
    "no promise keys": founding(promise_keys={}),
    "a short promise key": founding(promise_keys={CUSTODY: "AAAA"}),
    "a promise key that is none": founding(promise_keys={CUSTODY: "!"}),
    "founded by notify": founding() | {"source": NOTIFY, "type": "org.cadena.notify.notice.planned.v1"},
}


@pytest.mark.parametrize("first", FOUNDINGS.values(), ids=FOUNDINGS)
def test_leaf_0_must_found_this_log(auditor: Auditor, first: dict[str, Any]) -> None:
    report = auditor.audit(Forged([canonical(first), *entries(5)[1:]], [5]))
    assert found(report) == {("founding", 0, 1, None)}


def test_a_log_without_any_event_is_not_founded(auditor: Auditor) -> None:
    report = auditor.audit(Forged([b"x", b"y"], [2]))
    assert found(report) == {("entry-not-canonical", 0, 2, None), ("founding", 0, 1, None)}


def test_fingerprints_that_lie_change_nothing(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "hash", lambda key: 7, raising=False)
    assert found(auditor.audit(log_with(event(SOUND + 1)))) == set()
    report = auditor.audit(log_with(entries(6)[5], event(7, data={"label": "other"})))
    assert found(report) == {("entry-duplicate", SOUND, SOUND + 1, None)}
    assert [(warning.code, warning.index) for warning in report.warnings] == [("conflict", SOUND + 1)]
