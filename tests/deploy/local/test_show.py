"""`deploy.local.show` and `letters`: what a shell gets of the running stack, and a sentence where there is nothing."""

import io
import json
from pathlib import Path

import pytest

from deploy.local import letters, show

DOCUMENT = {"custody": {"url": "http://127.0.0.1:1"}, "promises": ["a", "b"], "version": 3}


@pytest.mark.parametrize(
    ("path", "value"), [("custody.url", "http://127.0.0.1:1"), ("promises.1", "b"), ("version", "3")]
)
def test_a_value_is_found_by_its_dotted_path(path: str, value: str) -> None:
    assert show.look_up(DOCUMENT, path) == value


@pytest.mark.parametrize(
    "path", ["custody.name", "promises.2", "promises.x", "promises.²", "promises.99999999999", "version.x", "nothing"]
)
def test_what_is_not_there_is_said(path: str) -> None:
    with pytest.raises(KeyError, match=r"no \w+; there is"):
        show.look_up(DOCUMENT, path)


def test_the_stack_and_who_was_seeded_are_one_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show, "CHECKOUT", tmp_path)
    assert show.main(["custody.url"]) == 1
    assert "make serve" in capsys.readouterr().err
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "stack.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "var" / "seed.json").write_text(json.dumps({"persons": {"defence": "p"}}))
    assert show.main(["custody.url"]) == show.main(["persons.defence"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:1\np\n"
    assert show.main([]) == show.main(["a", "b"]) == 2


def test_an_answer_on_standard_input_is_read_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"id": "x"}')))
    assert show.main(["id", "-"]) == 0
    assert capsys.readouterr().out == "x\n"


@pytest.mark.parametrize(
    "said", [b"", b"\xff\xfe", b"[" * 200_000, b'{"id":' * 200_000, b"9" * 5000, b'{"id": "\\ud800"}']
)
def test_what_is_no_document_is_told_in_a_sentence(
    said: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(said)))
    assert show.main(["id", "-"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("this is no JSON document")
    assert told.out == ""


@pytest.mark.parametrize("kept", ["{", "[]", "[" * 200_000])
def test_a_damaged_file_of_the_stack_is_named(
    kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show, "CHECKOUT", tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "stack.json").write_text(kept)
    assert show.main(["custody.url"]) == 1
    assert "stack.json is damaged" in capsys.readouterr().err


def test_mail_is_shown_decoded_with_the_names_of_what_is_attached(tmp_path: Path) -> None:
    (tmp_path / "2.eml").write_bytes(
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?q?direcci=C3=B3n?=\r\nMessage-ID: <1@x>\r\n"
        b'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n--cut\r\nContent-Type: text/plain; charset=utf-8\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nconf=C3=ADrmela\r\n--cut\r\n"
        b'Content-Type: application/json\r\nContent-Disposition: attachment; filename="proposal.json"\r\n\r\n{}\r\n--cut--\r\n'
    )
    (shown,) = letters.letters(tmp_path)
    assert "Subject: dirección" in shown
    assert "Attached: proposal.json" in shown
    assert shown.endswith("confírmela")
