"""A log that was founded as a demonstration is sound, and is said to be one; no other log is."""

import json
from pathlib import Path

import pytest
from cadena_verify.cli import main
from cadena_verify.verdict import DEMO

from tests.verifier.forge import LOG_VKEY, Forged, canonical, event, founding


def log(folder: Path, *, demo: bool) -> str:
    said = {"demo": True} if demo else {}
    made = Forged([canonical((event(n) if n else founding()) | said) for n in range(5)], [1, 5])
    return str(made.folder(folder))


@pytest.mark.parametrize("demo", [True, False])
def test_the_last_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], demo: bool) -> None:
    assert main([log(tmp_path, demo=demo), "--vkey", LOG_VKEY]) == 0
    assert (DEMO in capsys.readouterr().out) == demo


@pytest.mark.parametrize("demo", [True, False])
def test_the_json_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], demo: bool) -> None:
    assert main([log(tmp_path, demo=demo), "--vkey", LOG_VKEY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out).get("demo", False) is demo
