"""The program: its words, exit codes, and reports."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cadena_verify import __version__
from cadena_verify.cli import main
from cadena_verify.progress import Progress
from cadena_verify.report import CODES

from tests.verifier.forge import COSIGNER_VKEY, LOG_VKEY, Forged, entries, promise, tlog_proof
from tests.verifier.served import TOKEN, Serving, serve

Capture = pytest.CaptureFixture[str]


def run_with(broken: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, after these lines were run; `c` is its command line."""
    script = (
        f"import cadena_verify.cli as c\n{broken}\n"
        f"import sys; sys.argv = ['cadena-verify', {str(folder)!r}, '--vkey', {LOG_VKEY!r}]\n"
        "c.run()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )


@pytest.fixture
def log() -> Forged:
    return Forged(entries(300), [1, 100, 300])


@pytest.fixture
def folder(log: Forged, tmp_path: Path) -> Path:
    return log.folder(tmp_path / "a log")


def changed(folder: Path) -> None:
    path = folder / "tile/entries/001.p/44"
    raw = bytearray(path.read_bytes())
    raw[20] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("words", [[], ["log"]])
def test_0_a_sound_log(folder: Path, capsys: Capture, words: list[str]) -> None:
    assert main([*words, str(folder), "--vkey", LOG_VKEY, "--cosigner", COSIGNER_VKEY]) == 0
    out = capsys.readouterr().out
    assert out.startswith("cadena.example/test: 300 entries, 3 tiles and 3 signed heads verified, 201 subjects")


def test_1_a_defect_is_named(folder: Path, capsys: Capture) -> None:
    changed(folder)
    assert main(["--vkey", LOG_VKEY, str(folder)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "DEFECT entry-changed, entry 256: the bytes are not those whose hash was signed"
    assert out[1].endswith("1 defects. Do not rely on it before they are explained.")


def test_1_a_demanded_cosigner_is_not_there(folder: Path, capsys: Capture) -> None:
    checkpoints = folder / "checkpoints"
    answer = json.loads(checkpoints.read_text())
    answer["checkpoints"][1]["cosignature"] = None
    checkpoints.write_text(json.dumps(answer))
    assert main([str(folder), "--vkey", LOG_VKEY]) == 0
    assert "warning cosignature-absent" in capsys.readouterr().out
    assert main([str(folder), "--vkey", LOG_VKEY, "--cosigner", COSIGNER_VKEY]) == 1
    assert "DEFECT head-cosignature, head of size 100" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vkey", "nonsense"], "neither a vkey nor a file"),
        (["--vkey", "non+sense"], "is no vkey"),
        (["--vkey", COSIGNER_VKEY], "of type 0x04, where 0x01 was expected"),
        (["--vkey", LOG_VKEY, "--cosigner", LOG_VKEY], "of type 0x01, where 0x04 was expected"),
        (["--vkey", LOG_VKEY, "--promises", "/no/such/folder"], "is not a folder of promises"),
        (["--vkey", LOG_VKEY, "--bearer", "@/no/such/file"], "cannot be read"),
        (["--vkey", LOG_VKEY, "--bearer", "a\nb"], "characters that no token has"),
        (["--vkey", LOG_VKEY, "--seen", "/"], "cannot be read"),
    ],
)
def test_2_what_cannot_be_used_is_said(folder: Path, capsys: Capture, words: list[str], sentence: str) -> None:
    assert main([str(folder), *words]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize("words", [[], ["log"], ["x"], ["proof", "x"], ["x", "--vkey", LOG_VKEY, "--no-such-option"]])
def test_2_a_wrong_command_line(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: cadena-verify" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["nan", "-1", "0", "inf", "1e30", "3600.1", "soon"])
def test_2_a_timeout_that_no_socket_has(folder: Path, capsys: Capture, seconds: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(folder), "--vkey", LOG_VKEY, f"--timeout={seconds}"])
    assert stopped.value.code == 2
    assert f"{seconds} is not a number of seconds above 0 and up to 3600" in capsys.readouterr().err


def test_2_a_folder_among_the_promises(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "promises" / "dir.jws").mkdir(parents=True)
    assert main([str(folder), "--vkey", LOG_VKEY, "--promises", str(tmp_path / "promises")]) == 2
    assert "dir.jws cannot be read: Is a directory." in capsys.readouterr().err


@pytest.mark.parametrize(
    "where",
    [
        "http://[::1", "http://.", "http://a..b/", f"http://{'a' * 64}.example/", "http://127.0.0.1 x/",
        "http://127.0.0.1/a log", "http://127.0.0.1/caf\u00e9", "a" * 5000,
    ],
)  # fmt: skip
def test_3_what_is_no_url_is_said(where: str, capsys: Capture) -> None:
    assert main([where, "--vkey", LOG_VKEY]) == 3
    captured = capsys.readouterr()
    assert where in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_3_an_unforeseen_error_accuses_nobody(folder: Path) -> None:
    ran = run_with("def audit(*_): raise RuntimeError('boom')\nc.audit = audit", folder)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == "cadena-verify: unforeseen RuntimeError: boom; nothing was decided. Please report this.\n"


def test_3_what_cannot_be_read_is_said(tmp_path: Path, capsys: Capture) -> None:
    assert main([str(tmp_path / "nothing"), "--vkey", LOG_VKEY, "--json"]) == 3
    captured = capsys.readouterr()
    assert "neither a folder nor the URL of a log" in captured.err
    assert json.loads(captured.out)["result"] == "unreadable"


def test_3_a_log_that_wants_a_token_and_0_with_it(
    log: Forged, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "token"
    held.write_text(TOKEN + "\n")
    with serve(Serving(log.files, token=TOKEN)) as url:
        assert main([url, "--vkey", LOG_VKEY]) == 3
        assert (
            "needs a token of an auditor or a peer, for the audience audit (status 401): give one with --bearer, or "
            in capsys.readouterr().err
        )
        assert main([url, "--vkey", LOG_VKEY, "--bearer", TOKEN, "--quiet"]) == 0
        assert main([url, "--vkey", LOG_VKEY, "--bearer", f"@{held}", "--quiet"]) == 0
        monkeypatch.setenv("CADENA_BEARER", TOKEN)
        assert main([url, "--vkey", LOG_VKEY, "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_vkey_may_stand_in_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "log.vkey").write_text(LOG_VKEY + "\n")
    assert main([str(folder), "--vkey", str(tmp_path / "log.vkey")]) == 0


def test_the_report_as_json(folder: Path, log: Forged, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "one.jws").write_bytes(promise(log.entries[7]))
    words = [str(folder), "--vkey", LOG_VKEY, "--json", "--promises", str(tmp_path), "--seen", str(tmp_path / "seen")]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["result"] == "ok"
    assert (report["origin"], report["vkey"], report["installation"]) == ("cadena.example/test", LOG_VKEY, "test")
    assert (report["size"], report["rebuilt"], report["heads"], report["heads_cosigned"]) == (300, 300, 3, 3)
    assert report["head_time"] == "2026-02-25T06:18:20.000000Z"
    assert report["promises"] == {"fulfilled": 1, "pending": 0, "broken": 0, "forged": 0}
    assert (report["defects"], report["defects_total"], report["warnings"]) == ([], 0, [])
    changed(folder)
    assert main(words) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["result"] == "defects"
    defect = {"code": "entry-changed", "index": 256, "until": 257}
    assert [{name: found[name] for name in defect} for found in report["defects"]] == [defect]


def test_a_file_beside_its_proof(log: Forged, tmp_path: Path, capsys: Capture) -> None:
    note = log.files["checkpoint"].decode()
    file = tmp_path / "proposal.json"
    file.write_bytes(log.entries[42])
    words = ["proof", str(file), "--vkey", LOG_VKEY]
    assert main(words) == 2, "without a proof nothing is decided"
    assert "proposal.json.tlog-proof cannot be read" in capsys.readouterr().err
    beside = tmp_path / "proposal.json.tlog-proof"
    beside.write_text(tlog_proof(42, log.entries, note))
    assert main([*words, "--cosigner", COSIGNER_VKEY]) == 0
    assert "is entry 42 of cadena.example/test, under its signed head of 300." in capsys.readouterr().out
    moved = beside.rename(tmp_path / "elsewhere")
    assert main([*words, "--tlog-proof", str(moved), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["index"] == 42
    file.write_bytes(log.entries[43])
    assert main([*words, "--tlog-proof", str(moved)]) == 1
    assert "DEFECT proof-fails, entry 42" in capsys.readouterr().out


def test_the_installed_program_and_the_module_are_one(folder: Path) -> None:
    program = Path(sys.executable).with_name("cadena-verify")
    for command in ([str(program)], [sys.executable, "-m", "cadena_verify"]):
        ran = subprocess.run(
            [*command, str(folder), "--vkey", LOG_VKEY, "--json"], capture_output=True, text=True, timeout=60
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout)["size"] == 300


def test_the_help_lists_every_exit_code_and_every_defect(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["log", "--help"])
    text = capsys.readouterr().out
    for code in ("0 ", "1 ", "2 ", "3 ", "130 "):
        assert f"\n  {code}" in text
    assert all(f"\n  {code} " in text for code in CODES)


def test_the_readme_lists_every_exit_code_and_every_defect() -> None:
    text = (Path(__file__).parents[2] / "verifier" / "README.md").read_text("utf-8")
    assert all(f"| `{code}` |" in text for code in CODES)
    assert all(f"| {code} |" in text for code in (0, 1, 2, 3, 130))


def test_the_version(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"cadena-verify {__version__}\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal_and_taken_away() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for out in (terminal, pipe):
        progress = Progress(1000, True, out)
        progress.at(500)
        progress.end()
    assert "[############............] 500 of 1,000 entries, " in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert pipe.getvalue() == ""


def test_an_interrupted_audit_says_so(folder: Path) -> None:
    ran = run_with("def stop(*_): raise KeyboardInterrupt\nc.audit = stop", folder)
    assert ran.returncode == 130
    assert "interrupted" in ran.stderr
