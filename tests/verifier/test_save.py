"""A served log is saved to a folder, and what is saved is the log: no more is wrong with it, and no less."""

import json
from pathlib import Path

import pytest
from cadena_verify.cli import main

from tests.verifier.forge import LOG_VKEY, Forged, entries
from tests.verifier.served import TOKEN, Serving, serve
from tests.verifier.tampering import HEADS, SIZE, other, put_entry, sound

Capture = pytest.CaptureFixture[str]


def saved(serving: Serving, folder: Path, *more: str) -> int:
    with serve(serving) as url:
        return main(["save", url, str(folder), "--vkey", LOG_VKEY, *more])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_file_is_saved_and_the_folder_is_the_log(tmp_path: Path, capsys: Capture) -> None:
    log = sound()
    assert saved(Serving(log.files, token=TOKEN), tmp_path / "log", "--bearer", TOKEN) == 0
    held = files(tmp_path / "log")
    assert json.loads(held.pop("checkpoints")) == json.loads(log.files["checkpoints"])
    assert held == {name: raw for name, raw in log.files.items() if name != "checkpoints"}
    assert (
        ": 7 files saved, 0 were there: cadena.example/test up to its signed head of 700 entries. "
        in capsys.readouterr().out
    )
    assert main([str(tmp_path / "log"), "--vkey", LOG_VKEY]) == 0


def test_without_a_token_its_hashes_are_saved(tmp_path: Path) -> None:
    assert saved(Serving(sound().files, token=TOKEN), tmp_path / "log", "--tiles-only") == 0
    assert not [name for name in files(tmp_path / "log") if name.startswith("tile/entries")]
    assert main([str(tmp_path / "log"), "--vkey", LOG_VKEY, "--tiles-only"]) == 0


def test_it_goes_on_where_it_was_and_full_files_are_not_asked_for_again(tmp_path: Path) -> None:
    saved(Serving(sound().files), tmp_path / "log")
    serving = Serving(Forged(entries(SIZE + 300), [*HEADS, SIZE + 300]).files)
    assert saved(serving, tmp_path / "log") == 0
    assert not {"tile/entries/000", "tile/0/001"} & set(serving.asked)
    assert main([str(tmp_path / "log"), "--vkey", LOG_VKEY]) == 0


def test_a_save_that_was_broken_off_is_no_log_yet(tmp_path: Path, capsys: Capture) -> None:
    log = sound()
    assert saved(Serving(log.files, fail={"tile/0/002.p/188": 9}, fail_status=404), tmp_path / "log", "--json") == 1
    told = capsys.readouterr().out
    assert "tile-missing" in told
    assert json.loads(told)["saved"] == 6
    halted = tmp_path / "halted"
    assert saved(Serving(log.files, answers={"tile/1/000.p/2": (418, b"")}), halted) == 3
    assert (halted / "tile/entries/000").exists()
    assert not (halted / "checkpoint").exists()


class Growing(Serving):
    """A log that signs another head each time that its list or its head was asked for."""

    size = 300

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes] | None:
        answered = super().answer(path, authorization)
        if path.startswith("v1/checkpoints") or path == "checkpoint":
            self.size += 100
            whole = Forged(entries(self.size), list(range(100, self.size + 1, 100)))
            self.files = {**self.files, **whole.files}
        return answered


def test_a_log_that_grows_meanwhile_is_saved_at_one_of_its_heads(tmp_path: Path) -> None:
    serving = Growing(Forged(entries(300), [100, 200, 300]).files, page=2)
    assert saved(serving, tmp_path / "log") == 0
    assert main([str(tmp_path / "log"), "--vkey", LOG_VKEY]) == 0


def test_what_is_wrong_with_a_log_is_saved_with_it(tmp_path: Path, capsys: Capture) -> None:
    log = sound()
    put_entry(log, 300, other(300))
    log.publish(log.items()[-2])
    assert saved(Serving(log.files), tmp_path / "log") == 1
    assert "tail-cut" in capsys.readouterr().out
    assert main([str(tmp_path / "log"), "--vkey", LOG_VKEY]) == 1
    out = capsys.readouterr().out
    assert "tail-cut" in out
    assert "DEFECT entry-changed, entry 300" in out


def test_another_logs_key_saves_nothing(tmp_path: Path) -> None:
    log = sound()
    log.publish(
        {"note": log.items()[-1]["note"].replace("cadena.example/test", "cadena.example/other"), "cosignature": ""}
    )
    log.list_heads([])
    assert saved(Serving(log.files), tmp_path / "log") == 1
    assert not (tmp_path / "log").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "log").write_text("a file")
    assert saved(Serving(sound().files), tmp_path / "log") == 2
    assert "cannot be written" in capsys.readouterr().err
