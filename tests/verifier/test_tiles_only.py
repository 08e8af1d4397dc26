"""Anyone can hold the signed heads against the public tiles of hashes: no token, no entry."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cadena_verify import audit as auditing
from cadena_verify.audit import Wanted, audit
from cadena_verify.cli import main
from cadena_verify.depth import Depth
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Report
from cadena_verify.seen import SeenUnusable
from cadena_verify.source import Folder

from tests.verifier.conftest import found
from tests.verifier.forge import COSIGNER_VKEY, LOG_VKEY, Forged, cosign, entries, leaf, sign
from tests.verifier.served import TOKEN, Serving, serve
from tests.verifier.tampering import HEADS, SIZE, Place, bundle_hash, other, put_entry, put_hash, sound, tile_of

KEY = parse_vkey(LOG_VKEY)
Capture = pytest.CaptureFixture[str]


def check(root: Path, log: Forged, **more: object) -> Report:
    return audit(Folder(log.folder(root)), Wanted(KEY, depth=Depth.TILES, **more))  # type: ignore[arg-type]


def test_a_served_log_is_checked_without_a_token(capsys: Capture) -> None:
    serving = Serving(sound().files, token=TOKEN)
    with serve(serving) as url:
        assert main([url, "--vkey", LOG_VKEY, "--cosigner", COSIGNER_VKEY, "--tiles-only"]) == 0
    assert not [path for path in serving.asked if path.startswith("tile/entries/")]
    assert capsys.readouterr().out.startswith(
        "cadena.example/test: 4 tiles of hashes of 700 entries and 11 signed heads verified: "
        "no head contradicts another; no entry was read. Root "
    )


def test_who_lacks_a_token_is_told_of_it(capsys: Capture) -> None:
    with serve(Serving(sound().files, token=TOKEN)) as url:
        assert main([url, "--vkey", LOG_VKEY]) == 3
    assert "--tiles-only" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", [1, 2])
def test_helpers_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    monkeypatch.setattr(auditing, "SMALL", 1)
    report = check(tmp_path, sound(), jobs=jobs)
    assert [*report.defects, *report.warnings] == []
    assert (report.facts["size"], report.facts["rebuilt"], report.facts["tiles"]) == (SIZE, SIZE, 4)


def drop(log: Forged, index: int, level: int = 0) -> None:
    del log.files[tile_of(index, level)[0]]


def cut(log: Forged, index: int) -> None:
    log.files[tile_of(index)[0]] = log.files[tile_of(index)[0]][:-32]


def lengthen(log: Forged, index: int) -> None:
    log.files[tile_of(index)[0]] += bytes(32)


def rewrite(log: Forged) -> None:
    """Another entry 300, in each copy: what an operator who changes history would store."""
    put_entry(log, 300, other(300))
    for level, digest in enumerate([leaf(other(300)), bundle_hash(log, 300)]):
        put_hash(log, 300, digest, level)


def fork(log: Forged) -> None:
    """The log's key signed another root for the size 300."""
    items = log.items()
    note = sign(300, bytes(32))
    items[5] |= {"note": note, "cosignature": cosign(note, 1_772_000_300)}
    log.list_heads(items)


def lost_tail(log: Forged) -> None:
    """The published head is older than one that the list has."""
    log.publish(log.items()[-2])


CHANGES: dict[str, tuple[Callable[[Forged], None], set[Place]]] = {
    "a leaf hash": (lambda log: put_hash(log, 400, bytes(32)), {("tile-changed", 301, 511, None)}),
    "a leaf hash of the partial tile": (
        lambda log: put_hash(log, 650, bytes(32)), {("history-rewritten", 600, 700, 700)},
    ),
    "a hash of the tile above": (lambda log: put_hash(log, 300, bytes(32), 1), {("tile-changed", 256, 512, None)}),
    "a tile is gone": (lambda log: drop(log, 10), {("tile-missing", 0, 256, None)}),
    "the tile above is gone": (lambda log: drop(log, 10, 1), {("tile-missing", 0, 512, None)}),
    "a tile was cut": (lambda log: cut(log, 300), {("tile-truncated", 256, 512, None)}),
    "a tile is too long": (lambda log: lengthen(log, 300), {("tile-truncated", 256, 512, None)}),
    "a rewritten entry": (rewrite, {("history-rewritten", 300, 301, 301)}),
    "a forked head": (fork, {("head-forked", None, None, 300)}),
    "a lost tail": (lost_tail, {("tail-cut", 600, 700, 700)}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_g7_what_the_hashes_can_tell_is_found_and_named(name: str, tmp_path: Path) -> None:
    log = sound()
    change, finds = CHANGES[name]
    change(log)
    assert found(check(tmp_path, log)) >= finds
    assert not any(code.startswith("entry-") for code, *_ in found(check(tmp_path, log)))


def test_an_entry_that_was_changed_alone_is_not_found_so(tmp_path: Path) -> None:
    """What the page says of this depth: the entries are another's to read."""
    log = sound()
    put_entry(log, 300, other(300))
    assert not check(tmp_path, log).defects


def test_it_goes_on_from_its_own_state_and_takes_no_other(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert not check(tmp_path / "log", sound(), state=state).defects
    grown = Forged(entries(SIZE + 300), [*HEADS, SIZE + 300])
    report = check(tmp_path / "log", grown, state=state)
    assert (found(report), report.facts["taken_over"], report.facts["size"]) == (set(), 512, SIZE + 300)
    for depth in (Depth.HASHES, Depth.EVENTS):
        with pytest.raises(SeenUnusable, match=f"of audits that read tiles, not {depth.value}"):
            audit(Folder(tmp_path / "log"), Wanted(KEY, depth=depth, state=state))


def test_two_depths_at_once_are_refused(tmp_path: Path, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--vkey", LOG_VKEY, "--tiles-only", "--hashes-only"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err
