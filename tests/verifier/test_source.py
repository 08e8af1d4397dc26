"""A log over HTTP: tokens, pages, partial tiles that have become full, and a transport that fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cadena_verify import served
from cadena_verify.audit import Wanted, audit
from cadena_verify.notes import parse_vkey
from cadena_verify.report import Report
from cadena_verify.served import Http
from cadena_verify.source import Refused, Unreadable, open_source

from tests.verifier.conftest import found
from tests.verifier.forge import LOG_VKEY, Forged, entries
from tests.verifier.served import TOKEN, Serving, serve

HEADS = [1, 5, 100, 256, 300, 512, 600]
LAST = "tile/entries/002.p/88"


def sound() -> Forged:
    return Forged(entries(600), HEADS)


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "FIRST_PAUSE_SECONDS", 0.001)


def check(url: str, bearer: str | None = None) -> Report:
    log = Http(url, bearer, timeout=10)
    try:
        return audit(log, Wanted(parse_vkey(LOG_VKEY)))
    finally:
        log.close()


@pytest.fixture
def serving() -> Serving:
    return Serving(sound().files)


@pytest.fixture
def url(serving: Serving) -> Iterator[str]:
    with serve(serving) as address:
        yield address


def test_a_served_log_is_read_over_few_connections(serving: Serving, url: str) -> None:
    report = check(url)
    assert found(report) == set()
    assert report.facts["heads"] == len(HEADS)
    assert serving.connections <= 1 + 4
    assert serving.asked["v1/checkpoints?after=256"] == 1, "pages follow each other"


def test_entries_are_read_with_a_token_and_the_rest_needs_none(serving: Serving, url: str) -> None:
    serving.token = TOKEN
    assert found(check(url, TOKEN)) == set()


@pytest.mark.parametrize(
    ("bearer", "sentence"), [(None, "needs a token of an auditor"), ("x", "not open to this token")]
)
def test_a_missing_or_wrong_token_is_said(serving: Serving, url: str, bearer: str | None, sentence: str) -> None:
    serving.token = TOKEN
    with pytest.raises(Refused, match=sentence):
        check(url, bearer)


def test_a_token_is_never_sent_in_the_clear() -> None:
    with pytest.raises(Refused, match=r"is not sent to log\.example without https"):
        Http("http://log.example/", TOKEN)
    assert Http("https://log.example/", TOKEN).name == "https://log.example"


def test_a_partial_file_that_has_become_full_is_read_from_the_full_one(serving: Serving, url: str) -> None:
    grown = Forged(entries(768), [768])
    for name in (LAST, "tile/0/002.p/88"):
        del serving.files[name]
    for name in ("tile/entries/002", "tile/0/002"):
        serving.files[name] = grown.files[name]
    assert found(check(url)) == set()


def test_a_busy_or_broken_server_is_asked_again(serving: Serving, url: str) -> None:
    serving.fail = {"checkpoint": 2, "tile/entries/001": 3, "tile/0/000": 1}
    assert found(check(url)) == set()
    assert serving.asked["tile/entries/001"] == 4


def test_a_connection_that_is_hung_up_is_opened_again(serving: Serving, url: str) -> None:
    serving.fail, serving.fail_status = {"checkpoint": 1, LAST: 2}, 0
    assert found(check(url)) == set()


def test_a_server_that_stays_broken_is_unreadable_and_not_a_defect(serving: Serving, url: str) -> None:
    serving.fail = {"tile/entries/001": 99}
    with pytest.raises(Unreadable, match=r"tile/entries/001 could not be fetched in 4 attempts: it answers 503\."):
        check(url)


def test_packed_answers_are_unpacked(serving: Serving, url: str) -> None:
    serving.packed = True
    assert found(check(url)) == set()


def test_a_packed_answer_that_never_ends_is_refused(
    serving: Serving, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "MAX_BYTES", 1_000_000)
    serving.packed, serving.files["checkpoint"] = True, bytes(2_000_000)
    with pytest.raises(Unreadable, match="longer than any file of a log"):
        check(url)


GARBAGE = {
    "a redirect": ("checkpoint", 302, b"", "answers with status 302"),
    "a checkpoint that is not there": ("checkpoint", 404, b"", "is not founded yet"),
    "no list of heads": ("v1/checkpoints", 404, b"", "its history cannot be checked"),
    "a list that is no JSON": ("v1/checkpoints", 200, b"<html>", "list of heads cannot be read"),
    "a list that is a number": ("v1/checkpoints", 200, b"7", "list of heads cannot be read"),
    "a list without an end": ("v1/checkpoints", 200, b'{"checkpoints": [], "next": -1}', "does not go on"),
    "a list of something else": ("v1/checkpoints", 200, b'{"checkpoints": {}, "next": null}', "is not a list"),
}


@pytest.mark.parametrize(("path", "status", "body", "sentence"), GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_log_is_unreadable(
    serving: Serving, url: str, path: str, status: int, body: bytes, sentence: str
) -> None:
    serving.answers[path] = (status, body)
    with pytest.raises(Unreadable, match=sentence):
        check(url)


def test_garbage_in_a_served_head_is_a_defect(serving: Serving, url: str) -> None:
    serving.files["checkpoint"] = b"\xff\x00"
    assert found(check(url)) == {("head-malformed", None, None, None)}


def test_nobody_listens() -> None:
    with serve(Serving({})) as gone:
        pass
    with pytest.raises(Unreadable, match="could not be fetched in 4 attempts: ConnectionRefusedError"):
        check(gone)


@pytest.mark.parametrize(
    "where", ["http://", "http://host:port/", "https://host/?query", "/no/such/folder", "ftp://host/"]
)
def test_what_is_neither_a_url_nor_a_folder_is_said(where: str) -> None:
    with pytest.raises(Unreadable):
        open_source(where)


def test_a_folder_has_no_file_where_a_folder_stands(tmp_path: Path) -> None:
    (tmp_path / "tile").mkdir()
    (tmp_path / "checkpoint").write_bytes(b"x")
    folder = open_source(str(tmp_path))
    assert folder.get("tile") is None
    assert folder.get("checkpoint/000") is None
    assert folder.get("checkpoint") == b"x"
