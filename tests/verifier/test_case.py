"""The export of one case: what is sound passes, and nothing in it can be changed, dropped, swapped or repeated."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cadena_verify.case import check_case
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Report
from cadena_verify.ties import Ties

from tests.verifier.exports import (
    CASE,
    LATE,
    LEDGER,
    OF_CASE,
    OTHER_CASE,
    RAW,
    SIZE,
    checkpoint,
    export,
    placed,
    written,
)
from tests.verifier.forge import (
    COSIGNER_VKEY,
    LOG_VKEY,
    ORIGIN,
    canonical,
    cosign,
    event,
    leaf,
    mth,
    private,
    promise,
    sign,
    vkey,
)

KEY = parse_vkey(LOG_VKEY)
EVENTS = range(1, len(OF_CASE) + 1)
"""Lines of the events with a proof; the next is the promised one, then come the sealed values and the end."""
PROMISED = len(OF_CASE) + 1
TEXTS = range(PROMISED + 1, PROMISED + 5)
Lines = list[Any]


def check(lines: Lines) -> Report:
    raw = [one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in lines]
    return check_case(raw, "export", KEY)


def codes(lines: Lines) -> set[str]:
    return {found.code for found in check(lines).defects}


def test_a_sound_export_holds() -> None:
    report = check(export())
    assert (report.defects, report.warnings) == ([], [])
    facts = report.facts
    assert (facts["case"], facts["installation"], facts["size"]) == (CASE, "test", SIZE)
    assert (facts["events"], facts["promised"], facts["texts"], facts["erased"]) == (len(OF_CASE), 1, 3, 1)
    assert facts["head_time"] == "2026-03-01T10:13:20.000000Z"


def test_trust_starts_from_the_vkey_and_from_nothing_in_the_file() -> None:
    other = private(9)
    lines = export()
    note = sign(SIZE, mth([leaf(raw) for raw in RAW]), other)
    lines[0]["checkpoint"] = note + cosign(note, 1_772_360_000)
    assert "head-signature" in codes(lines)
    strange = parse_vkey(vkey(ORIGIN, 1, other))
    report = check_case([json.dumps(one).encode() + b"\n" for one in export()], "export", strange)
    assert {"head-signature"} <= {found.code for found in report.defects}


def edit(at: int, change: Callable[[Any], None]) -> Lines:
    lines = export()
    change(lines[at])
    return lines


def put(at: int, **members: Any) -> Lines:
    return edit(at, lambda line: line.update(members))


def put_text(at: int, **members: Any) -> Lines:
    return edit(at, lambda line: line["sealed"].update(members))


def flipped(text: str, at: int = -1) -> str:
    """The text with one character changed to another of the same kind."""
    where = at % len(text)
    return text[:where] + ("A" if text[where] != "A" else "B") + text[where + 1 :]


def reproved(index: int, **changes: Any) -> Lines:
    """An event changed, with the old proof."""
    lines = export()
    at = 1 + OF_CASE.index(index)
    lines[at]["event"] = canonical(json.loads(lines[at]["event"]) | changes).decode()
    return lines


FORGED: dict[str, tuple[Lines, str]] = {
    "another format": (put(0, format="cadena-case-export/2"), "case-malformed"),
    "another installation": (put(0, installation="tesu"), "entry-source"),
    "another origin": (put(0, origin=flipped(ORIGIN)), "head-origin"),
    "another case": (put(0, case=OTHER_CASE), "case-foreign"),
    "a checkpoint of another size": (put(0, checkpoint=checkpoint().replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n")), "head-signature"),
    "a checkpoint without signatures": (put(0, checkpoint=checkpoint().partition("\n\n")[0]), "head-malformed"),
    "a cosignature of nobody": (put(0, checkpoint=checkpoint().replace("/cosigner ", "/cosignes ")), "head-cosignature"),
    "an extra member in the first line": (put(0, more=1), "case-malformed"),
    "an event with another label": (reproved(4, data=LEDGER[4]["data"] | {"label": "L-9"}), "proof-fails"),
    "an event with white space": (edit(2, lambda line: line.update(event=line["event"] + " ")), "entry-not-canonical"),
    "an event that is none": (put(2, event="{}"), "entry-not-event"),
    "an event of another source": (reproved(4, source="urn:cadena:test:notify"), "entry-source"),
    "another index": (put(3, index=3), "proof-fails"),
    "an index beyond the log": (put(len(OF_CASE), index=SIZE + 5), "proof-fails"),
    "a negative index": (put(3, index=-1), "case-malformed"),
    "an index that is true": (put(1, index=True), "case-malformed"),
    "a changed hash": (edit(3, lambda line: line["hashes"].__setitem__(0, flipped(line["hashes"][0], 3))), "proof-fails"),
    "a hash too few": (edit(3, lambda line: line["hashes"].pop()), "proof-fails"),
    "a hash too many": (edit(3, lambda line: line["hashes"].append(line["hashes"][0])), "proof-fails"),
    "a hash that is none": (edit(3, lambda line: line["hashes"].append("AAAA")), "case-malformed"),
    "an event without a proof": (edit(3, lambda line: line.pop("hashes")), "case-malformed"),
    "a proved event passed off as promised": (edit(3, lambda line: line.pop("hashes") and line.update(index=None, promise="x")), "promise-malformed"),
    "an event of another case": ([*export()[:5], placed(5), *export()[5:]], "case-foreign"),
    "an organisation": ([*export()[:9], placed(10), *export()[9:]], "case-foreign"),
    "a second founding": (put(2, event=RAW[0].decode(), hashes=[]), "proof-fails"),
    "a promise of other bytes": (put(PROMISED, event=canonical(LATE | {"data": LATE["data"] | {"outcome": "refused"}}).decode()), "promise-forged"),
    "a promise by another key": (put(PROMISED, promise=promise(canonical(LATE), private(8)).decode()), "promise-forged"),
    "a promise of another event": (put(PROMISED, promise=promise(RAW[4]).decode()), "promise-forged"),
    "a promise that is none": (put(PROMISED, promise="a.b"), "promise-malformed"),
    "another text": (put_text(TEXTS[0], value="Ana Ruis"), "sealed-wrong"),
    "another salt": (put_text(TEXTS[0], salt="1" + bytes(range(32)).hex()[1:]), "sealed-wrong"),
    "a salt too short": (put_text(TEXTS[0], salt="00"), "case-malformed"),
    "another field": (put_text(TEXTS[2], field="reasom"), "sealed-wrong"),
    "a text of another event": (put_text(TEXTS[2], event=LEDGER[12]["id"]), "sealed-wrong"),
    "a text of no event": (put_text(TEXTS[2], event=LEDGER[3]["id"]), "sealed-wrong"),
    "an erased value that never was": (put_text(TEXTS[3], field="note"), "sealed-wrong"),
    "erased, but not quite": (put_text(TEXTS[3], erased=1), "case-malformed"),
    "a value and a word that it is gone": (put_text(TEXTS[2], lost=True), "case-malformed"),
    "an event more counted": (put(-1, end={"events": 12, "sealed": 4}), "case-truncated"),
    "a text less counted": (put(-1, end={"events": 11, "sealed": 3}), "case-truncated"),
    "a count that is a text": (put(-1, end={"events": "11", "sealed": 4}), "case-malformed"),
    "nothing at all": ([], "case-truncated"),
    "no first line": (export()[1:], "case-malformed"),
    "two first lines": ([export()[0], *export()], "case-malformed"),
    "a line after the last": ([*export(), export()[-1]], "case-malformed"),
    "an event after the texts": ([*export()[:-1], placed(12), export()[-1]], "case-malformed"),
    "an empty line": ([export()[0], b"\n", *export()[1:]], "case-malformed"),
    "a line that is no JSON": ([*export()[:-1], b"{\n", export()[-1]], "case-malformed"),
    "a line of another kind": ([*export()[:-1], {"note": 1}, export()[-1]], "case-malformed"),
    "a member twice": ([*export()[:-1], b'{"end":{"events":11,"events":11,"sealed":4}}\n'], "case-malformed"),
    "a last line without its end": ([*export()[:-1], json.dumps(export()[-1]).encode()], "case-truncated"),
    "bytes that are no text": ([*export()[:-1], b'{"end":"\xff"}\n'], "case-malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "code"), FORGED.values(), ids=FORGED)
def test_g7_a_forged_export_is_found_and_named(lines: Lines, code: str) -> None:
    assert code in codes(lines)


@pytest.mark.parametrize("at", range(len(export())))
def test_g7_no_line_can_be_dropped_or_repeated(at: int) -> None:
    lines = export()
    assert codes(lines[:at] + lines[at + 1 :])
    assert codes(lines[: at + 1] + lines[at:])


@pytest.mark.parametrize("at", range(len(export())))
def test_g7_a_file_that_was_cut_is_found(at: int) -> None:
    assert "case-truncated" in codes(export()[:at])
    raw = json.dumps(export()[at]).encode()
    assert codes([*export()[:at], raw[: len(raw) // 2]])


@pytest.mark.parametrize("at", range(len(export()) - 1))
def test_g7_two_neighbours_cannot_change_places_unless_both_are_texts(at: int) -> None:
    lines = export()
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    assert bool(codes(lines)) is not (at in TEXTS and at + 1 in TEXTS)


@pytest.mark.parametrize("index", [2, 4, 7, 9])
def test_a_version_left_out_is_a_gap_even_if_the_counts_are_put_right(index: int) -> None:
    lines = [line for line in export() if line.get("index", -1) != index]
    lines = [line for line in lines if line.get("sealed", {}).get("event") != LEDGER[index]["id"]]
    lines[-1] = {"end": {"events": 10, "sealed": sum("sealed" in line for line in lines)}}
    assert "version-gap" in codes(lines) or "case-foreign" in codes(lines)


def test_without_leaf_0_a_promise_is_unchecked_and_the_rest_is_not() -> None:
    lines = export()
    del lines[1]
    lines[-1] = {"end": {"events": 10, "sealed": 4}}
    report = check(lines)
    assert (report.defects, [found.code for found in report.warnings]) == ([], ["promise-unchecked"])


def test_a_promise_whose_time_has_passed_is_overdue() -> None:
    raw = canonical(LATE)
    late = promise(raw, sealed_by="2026-03-01T01:00:00.000000Z").decode()
    report = check(put(PROMISED, promise=late))
    assert (report.defects, [found.code for found in report.warnings]) == ([], ["promise-overdue"])


def test_any_changed_byte_of_what_is_proved_is_found() -> None:
    """Every byte of the file but white space, escapes, the time at which it claims to be made, and the promise's."""
    lines = [json.dumps(one).encode() + b"\n" for one in export()]
    claimed = lines[0].index(b'"made_at"')
    chosen = random.Random(5)
    for _ in range(600):
        at = chosen.randrange(len(lines))
        where = chosen.randrange(len(lines[at]))
        if at == 0 and claimed <= where < claimed + 45:
            continue
        raw = bytearray(lines[at])
        raw[where] ^= 1 << chosen.randrange(7)
        changed = [*lines[:at], bytes(raw), *lines[at + 1 :]]
        assert _same(lines[at], bytes(raw)) or codes(changed), (at, bytes(raw))


def _same(one: bytes, two: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(two)) and b"\n" in two
    except ValueError:
        return False


def test_ties_follow_what_the_case_names_and_no_further() -> None:
    ties = Ties(CASE)
    ties.learn([LEDGER[at] for at in range(1, SIZE)])
    assert [at for at in range(1, SIZE) if ties.ties(LEDGER[at])] == list(OF_CASE[1:])
    hold = event(20, subject="hold/h1", data={"case": CASE, "reason": "sha256:0"})
    lifted = event(21, subject="hold/h1", sequence=2, data={"reason": "sha256:1"})
    assert not ties.ties(lifted)
    ties.learn([lifted, hold])
    assert ties.ties(lifted)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "cadena_verify", "case", *arguments, "--vkey", LOG_VKEY]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_the_program_says_what_it_showed_and_what_not(tmp_path: Path) -> None:
    sound = run(str(written(export(), tmp_path / "case.jsonl")), "--cosigner", COSIGNER_VKEY)
    assert sound.returncode == 0, sound.stderr
    assert f"case {CASE} of {ORIGIN}: {len(OF_CASE)} events proved under the signed head of {SIZE}" in sound.stdout
    assert "Not shown: that no later version" in sound.stdout
    forged = run(str(written(export()[:-1], tmp_path / "cut.jsonl")), "--json")
    assert (forged.returncode, json.loads(forged.stdout)["defects"][0]["code"]) == (1, "case-truncated")
    assert run(str(tmp_path / "absent")).returncode == 2
