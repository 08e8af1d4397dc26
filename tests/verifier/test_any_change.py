"""G7, said of everything at once: no change of any stored file goes unseen, and none stops the verifier."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from cadena_verify.audit import Wanted, audit
from cadena_verify.notes import parse_vkey
from cadena_verify.source import Folder, Unreadable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verifier.forge import LOG_VKEY, Forged, entries

SOUND = Forged(entries(530), [1, 2, 7, 250, 256, 300, 512, 530])
NAMES = sorted(SOUND.files)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SOUND.folder(tmp_path_factory.mktemp("any") / "log")


def verdict(folder: Path) -> bool | None:
    """True for sound, False for a defect, None for a log that cannot be read."""
    try:
        return audit(Folder(folder), Wanted(parse_vkey(LOG_VKEY))).defects_total == 0
    except Unreadable:
        return None


def with_file(folder: Path, name: str, raw: bytes | None) -> bool | None:
    path = folder / name
    try:
        if raw is None:
            path.unlink()
        else:
            path.write_bytes(raw)
        return verdict(folder)
    finally:
        path.write_bytes(SOUND.files[name])


def means_the_same(name: str, raw: bytes) -> bool:
    """Whether the list of heads says the same in another spelling of JSON, which is no change of the ledger."""
    try:
        return name == "checkpoints" and bool(json.loads(raw) == json.loads(SOUND.files[name]))
    except ValueError:
        return False


FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(st.sampled_from(NAMES), st.data())
def test_g7_any_changed_bit_is_seen(folder: Path, name: str, data: st.DataObject) -> None:
    raw = bytearray(SOUND.files[name])
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    assert means_the_same(name, bytes(raw)) or with_file(folder, name, bytes(raw)) is not True


@FEW
@given(st.sampled_from(NAMES), st.binary(max_size=200), st.data())
def test_g7_any_replaced_stretch_is_seen(folder: Path, name: str, junk: bytes, data: st.DataObject) -> None:
    sound = SOUND.files[name]
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, len(sound)))
    raw = sound[:start] + junk + sound[end:]
    assert raw == sound or means_the_same(name, raw) or with_file(folder, name, raw) is not True


@pytest.mark.parametrize("name", NAMES)
def test_g7_any_missing_file_is_seen(folder: Path, name: str) -> None:
    assert with_file(folder, name, None) is not True
    assert verdict(folder) is True


def test_g7_any_two_files_swapped_are_seen(folder: Path, tmp_path: Path) -> None:
    for one, two in pairwise(NAMES):
        shutil.copytree(folder, tmp_path / one)
        shutil.copy(folder / one, tmp_path / one / two)
        shutil.copy(folder / two, tmp_path / one / one)
        assert verdict(tmp_path / one) is not True, (one, two)
