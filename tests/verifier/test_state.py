"""An audit goes on from what an earlier one kept, and believes nothing that the log's own hashes contradict."""

from contextlib import suppress
from pathlib import Path

import pytest
from cadena_verify import reading
from cadena_verify.audit import Wanted, audit
from cadena_verify.depth import Depth
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Report
from cadena_verify.seen import SeenUnusable
from cadena_verify.source import Folder, Unreadable
from cadena_verify.verdict import verdict

from tests.verifier.conftest import found
from tests.verifier.forge import LOG_VKEY, Forged, canonical, entries, event, private, promise, vkey

KEY = parse_vkey(LOG_VKEY)
HEADS = [1, 300, 1024, 1500, 2000]
DEADLINE_SECONDS = 60.0


class Counted(Folder):
    """A folder that remembers which files were asked for, and can lack some."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[str] = []
        self.broken: set[str] = set()

    def get(self, path: str) -> bytes | None:
        self.asked.append(path)
        if path in self.broken:
            raise Unreadable(f"{path} cannot be read now")
        return super().get(path)

    @property
    def bundles(self) -> list[str]:
        return [path for path in self.asked if path.startswith("tile/entries/")]


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RUN", 2)


@pytest.fixture
def log(tmp_path: Path) -> Counted:
    return Counted(Forged(entries(2000), HEADS).folder(tmp_path / "log"))


def check(log: Folder, state: Path, **more: object) -> Report:
    return audit(log, Wanted(KEY, state=state, **more))  # type: ignore[arg-type]


def plain(report: Report) -> dict[str, object]:
    return report.as_json() | {"seconds": 0, "tiles": 0, "taken_over": 0}


def test_an_audit_that_was_broken_off_goes_on_from_the_last_whole_run(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    log.broken = {"tile/entries/005"}
    with pytest.raises(Unreadable):
        check(log, state)
    log.broken, log.asked = set(), []
    report = check(log, state)
    assert found(report) == set()
    assert log.bundles == ["tile/entries/000", *[f"tile/entries/00{n}" for n in (4, 5, 6)], "tile/entries/007.p/208"]
    assert plain(report) == plain(audit(log, Wanted(KEY)))


def test_only_what_was_added_is_read_the_next_time(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert found(check(log, state)) == set()
    log.asked = []
    check(log, state)
    assert log.bundles == ["tile/entries/000", "tile/entries/007.p/208"]
    grown = Counted(Forged(entries(5000), [*HEADS, 5000]).folder(tmp_path / "grown"))
    report = check(grown, state)
    assert found(report) == set()
    assert grown.bundles[1] == "tile/entries/007"
    assert plain(report) == plain(audit(Folder(grown.root), Wanted(KEY))) | {"log": grown.name}
    assert report.facts["taken_over"] == 7 * 256
    assert "; of the first 1,792 only what an earlier audit read was held" in verdict(report)
    assert "earlier audit" not in verdict(audit(Folder(grown.root), Wanted(KEY)))


def test_what_comes_later_is_held_against_what_was_kept(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    check(log, state)
    more = [
        canonical(event(2001, subject="sample/1", sequence=7)),
        entries(6)[5],
        canonical(event(20, data={"label": "conflict"})),
    ]
    later = Folder(Forged([*entries(2000), *more], [*HEADS, 2003]).folder(tmp_path / "later"))
    report = check(later, state)
    assert plain(report)["defects"] == plain(audit(later, Wanted(KEY)))["defects"]
    assert {f.code for f in report.defects} == {"version-gap", "entry-duplicate"}
    assert [f.code for f in report.warnings] == ["version-order", "conflict"]


def test_g7_an_event_that_only_conflicts_with_what_was_kept_is_told(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    check(log, state)
    twin = canonical(event(21, subject="sample/fresh", sequence=1))  # nothing but its id and its act were there before
    later = Folder(Forged([*entries(2000), twin], [*HEADS, 2001]).folder(tmp_path / "later"))
    report = check(later, state)
    assert (found(report), [f.code for f in report.warnings]) == (set(), ["conflict"])


def test_a_promise_for_what_was_read_before_is_judged(log: Counted, tmp_path: Path) -> None:
    state, promises = tmp_path / "state", tmp_path / "promises"
    check(log, state)
    promises.mkdir()
    (promises / "kept.jws").write_bytes(promise(entries(43)[42]))
    (promises / "broken.jws").write_bytes(promise(entries(43)[42], sha256="0" * 64))
    report = check(log, state, promises=promises)
    assert report.facts["promises"] == {"fulfilled": 1, "pending": 0, "broken": 1, "forged": 0}


def test_g7_every_changed_byte_of_the_file_is_refused_or_read_again(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    check(log, state)
    sound = state.read_bytes()
    refused = 0
    for at in [*range(0, 400, 7), *range(400, len(sound), len(sound) // 60)]:
        state.write_bytes(sound[:at] + bytes([sound[at] ^ 4]) + sound[at + 1 :])
        with suppress(SeenUnusable):
            refused += 1
            report = check(log, state)
            refused -= 1  # a length that reaches beyond the end: what it cuts off is read again
            assert (found(report), report.facts["rebuilt"]) == (set(), 2000)
    assert refused > 110
    state.write_bytes(sound[:-5])
    log.asked = []
    assert found(check(log, state)) == set()
    assert "tile/entries/006" in log.bundles, "the last record was cut"
    assert state.read_bytes() == sound


def test_a_file_of_another_log_or_kind_or_in_use_is_refused(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    check(log, state)
    other = parse_vkey(vkey("cadena.example/other", 1, private(9)))
    with pytest.raises(SeenUnusable, match=r"remembers another log than cadena\.example/other"):
        audit(log, Wanted(other, state=state))
    with pytest.raises(SeenUnusable, match="use another file"):
        check(log, state, depth=Depth.HASHES)
    for text in (b"", b"{}\n", b"[1]\n", b'{"format": "cadena-verify state 2"}\n', b"\xff\n", b"no newline"):
        (tmp_path / "odd").write_bytes(text)
        if text:
            with pytest.raises(SeenUnusable, match="is no file of a state"):
                check(log, tmp_path / "odd")
        else:
            assert found(check(log, tmp_path / "odd")) == set()
    from cadena_verify.state import open_state

    held = open_state(state, KEY, Depth.EVENTS)
    try:
        with pytest.raises(SeenUnusable, match="in use by another audit"):
            check(log, state)
    finally:
        held.close()
    with pytest.raises(SeenUnusable, match="cannot be opened"):
        check(log, tmp_path / "no" / "folder")


def test_g7_a_forged_file_accuses_no_sound_log(log: Counted, tmp_path: Path) -> None:
    """Written by the verifier itself, about other entries under a head that the log did sign."""
    state = tmp_path / "state"
    lying = Counted(Forged([*entries(600), *reversed(entries(2000)[600:])], HEADS).folder(tmp_path / "lying"))
    (lying.root / "checkpoints").write_bytes((log.root / "checkpoints").read_bytes())
    check(log, tmp_path / "sound")
    whole = (tmp_path / "sound").read_bytes()
    assert b'"head": "2000 ' in whole
    from cadena_verify.merkle import tile_root
    from cadena_verify.state import open_state

    held = open_state(state, KEY, Depth.EVENTS)
    run = _scanned(lying, held.memory.key)
    roots = [tile_root(lying.get(f"tile/0/00{n}") or b"") for n in range(7)]
    held.keep(run, roots, _last_head(log))
    held.close()
    report = check(log, state)
    assert (found(report), [f.code for f in report.warnings]) == (set(), ["state-ignored"])


def _scanned(log: Folder, key: bytes):  # type: ignore[no-untyped-def]
    from cadena_verify.counting import Plan
    from cadena_verify.founder import find_founder, judge_of
    from cadena_verify.scan import Scanner

    judge = judge_of(find_founder(log, 2000, KEY, Report("x")), key, True)
    return Scanner(log).scan(Plan(2000, frozenset(), judge), range(7))


def _last_head(log: Folder):  # type: ignore[no-untyped-def]
    from cadena_verify.heads import load_heads
    from cadena_verify.seen import SeenHead

    heads = load_heads(log, KEY, Report("x"))
    assert heads
    return SeenHead(heads.final.size, heads.final.root, heads.final.signature)


def test_g8_a_log_that_became_shorter_or_forked_is_told_by_the_head_that_was_kept(log: Counted, tmp_path: Path) -> None:
    state = tmp_path / "state"
    check(log, state)
    shorter = Folder(Forged(entries(1024), [1, 300, 1024]).folder(tmp_path / "shorter"))
    assert ("tail-cut", 1024, 2000, 2000) in found(check(shorter, state))
    changed = entries(2000)
    changed[10] = canonical(event(10, data={"label": "forked"}))
    forked = Folder(Forged(changed, HEADS).folder(tmp_path / "forked"))
    assert ("head-forked", None, None, 2000) in found(check(forked, state))


def test_g7_a_wrong_that_is_found_is_not_kept(tmp_path: Path) -> None:
    state = tmp_path / "state"
    wrong = entries(2000)
    wrong[700] = canonical(event(700, source="urn:cadena:other:custody"))
    log = Counted(Forged(wrong, HEADS).folder(tmp_path / "log"))
    for _ in range(2):
        assert {f.code for f in check(log, state).defects} == {"entry-source"}
    log.asked = []
    check(log, state)
    assert "tile/entries/002" in log.bundles
