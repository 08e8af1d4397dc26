"""What a reader holds against the log: heads seen before, and promises of recorded facts."""

import json
from pathlib import Path
from typing import Any

import pytest
from cadena_verify.notes import parse_vkey
from cadena_verify.seen import SeenUnusable, load_seen

from tests.verifier.conftest import Auditor, found
from tests.verifier.forge import (
    LOG_VKEY,
    NOTIFY_KEY,
    ORIGIN,
    Forged,
    b64url,
    canonical,
    entries,
    event,
    private,
    promise,
    vkey,
)

HEADS = [1, 100, 256, 300]
NEXT_WEEK = "2026-03-08T00:00:00.000000Z"


def sound() -> Forged:
    return Forged(entries(300), HEADS)


def relabelled(index: int) -> bytes:
    made: dict[str, Any] = json.loads(entries(index + 1)[index])
    return canonical(made | {"data": {"label": "forged"}})


def rewritten(index: int, size: int = 300) -> Forged:
    """A log whose keeper, with the log's key, replaced an entry and made everything anew."""
    some = entries(size)
    some[index] = relabelled(index)
    return Forged(some, [head for head in HEADS if head <= size])


def shortened() -> Forged:
    return Forged(entries(256), [1, 100, 256])


def regrown(later: str = NEXT_WEEK) -> Forged:
    """The tail cut off at 256, and later events recorded in its place."""
    more = [event(n, subject=f"case/{n}", sequence=1, time=later) for n in range(1000, 1044)]
    return Forged([*entries(256), *map(canonical, more)], HEADS)


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "heads.seen"


def promises(root: Path, *made: bytes) -> Path:
    folder = root / "promises"
    folder.mkdir()
    for number, raw in enumerate(made):
        (folder / f"{number}.jws").write_bytes(raw)
    (folder / "notes.txt").write_text("not a promise, and not read as one")
    return folder


def test_g8_heads_are_remembered_and_more_are_added(auditor: Auditor, seen: Path) -> None:
    assert found(auditor.audit(shortened(), seen=seen)) == set()
    assert [head.size for head in load_seen(seen, parse_vkey(LOG_VKEY))] == [1, 100, 256]
    before = seen.read_text()
    assert found(auditor.audit(sound(), seen=seen)) == set()
    assert [head.size for head in load_seen(seen, parse_vkey(LOG_VKEY))] == HEADS
    assert seen.read_text().startswith(before)
    assert [path.name for path in seen.parent.iterdir() if "seen" in path.name] == ["heads.seen"]


def test_g8_a_tail_cut_off_with_its_heads_is_found(auditor: Auditor, seen: Path) -> None:
    auditor.audit(sound(), seen=seen)
    before = seen.read_bytes()
    assert found(auditor.audit(shortened())) == set(), "without a memory nothing tells"
    assert found(auditor.audit(shortened(), seen=seen)) == {("tail-cut", 256, 300, 300)}
    assert seen.read_bytes() == before


def test_g8_a_rewritten_and_signed_log_is_found(auditor: Auditor, seen: Path) -> None:
    auditor.audit(sound(), seen=seen)
    assert found(auditor.audit(rewritten(150))) == set(), "without a memory nothing tells"
    assert found(auditor.audit(rewritten(150), seen=seen)) == {("head-forked", None, None, head) for head in (256, 300)}


def test_a_head_that_is_no_longer_listed_is_found(auditor: Auditor, seen: Path) -> None:
    auditor.audit(sound(), seen=seen)
    assert found(auditor.audit(Forged(entries(300), [1, 256, 300]), seen=seen)) == {("head-missing", None, None, 100)}


def test_heads_of_a_log_with_a_defect_are_not_remembered(auditor: Auditor, seen: Path) -> None:
    log = sound()
    del log.files["tile/0/000"]
    assert found(auditor.audit(log, seen=seen)) != set()
    assert not seen.exists()


DAMAGE = {
    "not ours": lambda text: "something else\n",
    "cut": lambda text: text[:-5],
    "another log's": lambda text: text.replace(LOG_VKEY, vkey(ORIGIN, 1, private(9))),
    "a changed root": lambda text: text.replace("\n256 ", "\n257 "),
    "a line that is no head": lambda text: text + "junk\n",
    "a number in another spelling": lambda text: text.replace("\n256 ", "\n0256 "),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_memory_is_refused(auditor: Auditor, seen: Path, damage: Any) -> None:
    auditor.audit(sound(), seen=seen)
    seen.write_text(damage(seen.read_text()))
    with pytest.raises(SeenUnusable):
        auditor.audit(sound(), seen=seen)


def test_a_memory_that_cannot_be_written_says_so(auditor: Auditor, tmp_path: Path) -> None:
    with pytest.raises(SeenUnusable, match="cannot be written"):
        auditor.audit(sound(), seen=tmp_path / "no such folder" / "seen")


def test_g1_promises_kept_pending_and_broken_are_told_apart(auditor: Auditor, tmp_path: Path) -> None:
    log, lost = sound(), canonical(event(2000))
    folder = promises(tmp_path, promise(log.entries[7]), promise(log.entries[299]), promise(lost))
    report = auditor.audit(log, promises=folder)
    assert found(report) == set()
    assert report.facts["promises"] == {"fulfilled": 2, "pending": 1, "broken": 0, "forged": 0}


def test_g1_a_cut_tail_breaks_a_promise_once_the_log_went_on(auditor: Auditor, tmp_path: Path) -> None:
    folder = promises(tmp_path, promise(sound().entries[280]))
    report = auditor.audit(regrown(), promises=folder)
    assert found(report) == {("promise-broken", None, None, None)}
    assert report.facts["promises"]["broken"] == 1


def test_a_promise_is_pending_until_its_source_recorded_something_past_its_time(
    auditor: Auditor, tmp_path: Path
) -> None:
    made = promise(sound().entries[280], sealed_by=NEXT_WEEK)
    report = auditor.audit(regrown(later=NEXT_WEEK), promises=promises(tmp_path, made))
    assert report.facts["promises"]["pending"] == 1


def test_a_pending_promise_older_than_the_head_is_worth_a_warning(auditor: Auditor, tmp_path: Path) -> None:
    made = promise(canonical(event(2000)), sealed_by="2026-01-01T00:00:00.000000Z", time="2025-12-31T00:00:00.000000Z")
    folder = promises(tmp_path, made)
    log = Forged([canonical(json.loads(raw) | {"time": "2025-12-30T00:00:00.000000Z"}) for raw in entries(3)], [3])
    report = auditor.audit(log, promises=folder)
    assert [warning.code for warning in report.warnings] == ["promise-overdue"]


def test_g1_a_replaced_entry_breaks_its_promise(auditor: Auditor, tmp_path: Path) -> None:
    folder = promises(tmp_path, promise(sound().entries[150]))
    assert found(auditor.audit(rewritten(150), promises=folder)) == {("promise-broken", 150, 151, None)}


def test_a_conflicting_leaf_does_not_keep_a_promise(auditor: Auditor, tmp_path: Path) -> None:
    log = Forged([*entries(10), relabelled(5)], [11])
    folder = promises(tmp_path, promise(relabelled(5)))
    assert found(auditor.audit(log, promises=folder)) == {("promise-broken", 5, 6, None)}


@pytest.mark.parametrize(("says", "kept"), [("L-5", True), ("L-6", False)])
def test_an_act_that_was_said_twice_keeps_its_second_promise_and_another_act_does_not(
    auditor: Auditor, tmp_path: Path, says: str, kept: bool
) -> None:
    """After a restoration a service may be told of an act again before it knows of the first time."""
    salted = {"label": "L-5", "reason": "sha256:" + "0" * 64}
    first = canonical(json.loads(entries(6)[5]) | {"data": salted})
    again = {"id": event(900)["id"], "data": salted | {"label": says, "reason": "sha256:" + "1" * 64}}
    second = canonical(json.loads(first) | again)
    some = entries(10)
    some[5] = first
    report = auditor.audit(Forged([*some, second], [11]), promises=promises(tmp_path, promise(second)))
    assert report.warnings[0].code == "conflict"
    assert report.facts["promises"]["fulfilled"] == kept


def test_a_promise_by_another_key_is_forged(auditor: Auditor, tmp_path: Path) -> None:
    entry = sound().entries[7]
    folder = promises(tmp_path, promise(entry, NOTIFY_KEY), promise(entry, iss="urn:cadena:other:custody"))
    report = auditor.audit(sound(), promises=folder)
    assert {f.code for f in report.defects} == {"promise-forged"}
    assert report.facts["promises"]["forged"] == 2


def test_a_forged_promise_of_an_absent_event_accuses_nobody(auditor: Auditor, tmp_path: Path) -> None:
    folder = promises(tmp_path, promise(canonical(event(2000)), private(9), sealed_by="2026-01-01T00:00:00.000000Z"))
    assert {f.code for f in auditor.audit(sound(), promises=folder).defects} == {"promise-forged"}


def header(**changes: Any) -> bytes:
    made = promise(sound().entries[7]).split(b".")
    head = {"alg": "EdDSA", "typ": "cadena-promise+jwt", "kid": "k"} | changes
    return b".".join([b64url(canonical(head)).encode(), *made[1:]])


MALFORMED = {
    "nothing": b"",
    "two parts": b"a.b",
    "no base64": b"!.!.!",
    "no JSON": b"AAAA.AAAA.AAAA",
    "alg none": header(alg="none"),
    "another typ": header(typ="JWT"),
    "critical": header(crit=["x"]),
    "a time in another spelling": promise(sound().entries[7], time="2026-03-01"),
    "a short digest": promise(sound().entries[7], sha256="00"),
    "a claim that is no text": promise(sound().entries[7], event=7),
    "too long": b"A" * 20_000,
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_promise_is_named(auditor: Auditor, tmp_path: Path, raw: bytes) -> None:
    report = auditor.audit(sound(), promises=promises(tmp_path, raw))
    assert [f.code for f in report.defects] == ["promise-malformed"]
    assert report.defects[0].message.startswith("0.jws: ")


def test_promises_of_both_services_stand_beside_each_other(auditor: Auditor, tmp_path: Path) -> None:
    notified = event(
        9, source="urn:cadena:test:notify", type="org.cadena.notify.notice.planned.v1", subject="notice/9", sequence=1
    )
    log = Forged([*entries(10), canonical(notified)], [11])
    folder = promises(tmp_path, promise(log.entries[9]), promise(log.entries[10], NOTIFY_KEY))
    report = auditor.audit(log, promises=folder)
    assert found(report) == set()
    assert report.facts["promises"]["fulfilled"] == 2
