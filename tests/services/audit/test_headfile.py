"""The head outside the database: it only moves up, and a database that it outgrew is refused (G8)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.errors import LedgerBehind, LedgerDamaged
from services.audit.headfile import HeadFile, demand_not_behind
from services.audit.store import Head
from shared.merkle import EMPTY_ROOT
from shared.notes import Checkpoint, Signer, write_note

LOG = Signer("cadena.example/test", Ed25519PrivateKey.from_private_bytes(bytes(32)))
STRANGER = Signer("cadena.example/test", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def head(size: int, fill: int = 1, signer: Signer = LOG) -> Head:
    root = bytes([fill]) * 32
    text = Checkpoint(LOG.key.name, size, root).text
    return Head(size, root, write_note(text, [signer.sign(text)]), "", datetime(2026, 1, 1, tzinfo=UTC))


def kept(size: int, fill: int = 1) -> Checkpoint:
    return Checkpoint(LOG.key.name, size, bytes([fill]) * 32)


def test_the_file_moves_up_only(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "state", LOG.key)
    assert file.read() is None
    file.start(LOG)
    assert file.read() == Checkpoint(LOG.key.name, 0, EMPTY_ROOT)
    for size in (3, 9, 4):
        file.move_up(size, head(size).note)
    again = HeadFile(tmp_path / "state", LOG.key)
    assert again.read() == kept(9)
    again.move_up(8, head(8).note)
    assert again.read() == kept(9)
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["head"]


@pytest.mark.parametrize("text", ["", "noise", head(3, signer=STRANGER).note, head(3).note[:-2]])
def test_a_file_that_is_no_head_of_this_log_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "head").write_text(text)
    with pytest.raises(LedgerDamaged):
        HeadFile(tmp_path, LOG.key).read()


@pytest.mark.parametrize(
    ("remembered", "newest", "at", "adopt"),
    [
        (None, None, None, False),
        (None, head(5), None, True),
        (kept(0), None, None, False),
        (kept(0), head(5), None, False),
        (kept(5), head(5), head(5), False),
        (kept(5), head(9), head(5), False),
    ],
)
def test_g8_a_database_that_holds_what_was_signed_may_go_on(
    remembered: Checkpoint | None, newest: Head | None, at: Head | None, adopt: bool
) -> None:
    demand_not_behind(remembered, newest, at, adopt=adopt)


@pytest.mark.parametrize(
    ("remembered", "newest", "at", "adopt"),
    [
        (None, head(5), None, False),
        (kept(5), None, None, False),
        (kept(5), None, None, True),
        (kept(5), head(4), None, True),
        (kept(5), head(9), None, False),
        (kept(5), head(9), head(5, fill=2), False),
    ],
)
def test_g8_a_database_set_back_is_refused(
    remembered: Checkpoint | None, newest: Head | None, at: Head | None, adopt: bool
) -> None:
    with pytest.raises(LedgerBehind):
        demand_not_behind(remembered, newest, at, adopt=adopt)
