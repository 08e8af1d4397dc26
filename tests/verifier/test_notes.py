"""Signed notes, vkeys, checkpoints and cosignatures against fixed vectors and a table of malformed ones."""

import base64

import pytest
from cadena_verify.notes import (
    NotANote,
    check_signed,
    cosigned_at,
    parse_checkpoint,
    parse_note,
    parse_vkey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.verifier.forge import COSIGNER_VKEY, LOG, LOG_VKEY, ORIGIN, cosign, mth, private, sign, vkey

# Ed25519 seed 00 01 .. 1f; Ed25519 signatures are deterministic, so every byte is given.
VKEY = "ledger.example/audit+2a52108c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
NOTE = (
    "ledger.example/audit\n3\n7N03T5DutIqjRIAyytzu1nkF3TVv6N+F2oSWT1LJ00w=\n\n"
    "\u2014 ledger.example/audit "
    "KlIQjCKiier+3a9boXUKREQkk50eQztpgkNT3CnlTXBbKQk3ZMM/fxDzMsgpDBtNZ+874k/KHk7J1rm/oKNCfEtQnAA=\n"
)
HEAD = sign(1, bytes(32))


def test_the_vkey_vector() -> None:
    key = parse_vkey(VKEY + "\n")
    assert (key.name, key.key_id.hex(), key.kind) == ("ledger.example/audit", "2a52108c", 1)
    seed = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert vkey("ledger.example/audit", 1, seed) == VKEY


def test_the_signed_checkpoint_vector() -> None:
    note = parse_note(NOTE.encode())
    assert check_signed(note, parse_vkey(VKEY)) is None
    checkpoint = parse_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("ledger.example/audit", 3)
    assert checkpoint.root.hex() == "ecdd374f90eeb48aa3448032cadceed67905dd356fe8df85da84964f52c9d34c"


@pytest.mark.parametrize(
    "change",
    [("\n3\n", "\n4\n"), ("7N03", "7N04"), ("KlIQjC", "KlIQjD"), ("example/audit\n3", "example/other\n3")],
)
def test_one_changed_character_breaks_the_signature(change: tuple[str, str]) -> None:
    note = parse_note(NOTE.replace(*change).encode())
    assert check_signed(note, parse_vkey(VKEY)) == "the signature of ledger.example/audit is not by its key"


def test_a_note_of_another_key_is_unsigned() -> None:
    assert (
        check_signed(parse_note(HEAD.encode()), parse_vkey(VKEY)) == "it carries no signature of ledger.example/audit"
    )


def test_unknown_lines_are_ignored_and_one_bad_line_of_the_key_condemns_the_note() -> None:
    grease = "\u2014 grease.example AAAAAAAA\n"
    assert check_signed(parse_note((HEAD + grease).encode()), parse_vkey(LOG_VKEY)) is None
    forged = sign(2, bytes(32)).rpartition("\n\n")[2]
    assert check_signed(parse_note((HEAD + forged).encode()), parse_vkey(LOG_VKEY)) is not None


MALFORMED_NOTES = {
    "not UTF-8": b"\xff\n\n\xe2\x80\x94 a AAAAAAAA\n",
    "control character": HEAD.replace("\n1\n", "\r\n1\n").encode(),
    "no signature": HEAD.partition("\n\n")[0].encode(),
    "nothing": b"",
    "no final line feed": HEAD.encode()[:-1],
    "no dash": HEAD.replace("\u2014 ", "- ").encode(),
    "no base64": HEAD.encode()[:-1] + b"!\n",
    "short": b"a\n\n\xe2\x80\x94 a AAAA\n",
    "empty name": b"a\n\n\xe2\x80\x94  AAAAAAAA\n",
}


@pytest.mark.parametrize("raw", MALFORMED_NOTES.values(), ids=MALFORMED_NOTES)
def test_a_malformed_note_is_refused(raw: bytes) -> None:
    with pytest.raises(NotANote):
        parse_note(raw)


ROOT = base64.b64encode(bytes(32)).decode()
MALFORMED_CHECKPOINTS = [
    f"{ORIGIN}\n01\n{ROOT}\n",
    f"{ORIGIN}\n-1\n{ROOT}\n",
    f"{ORIGIN}\n\u0661\n{ROOT}\n",
    f"{ORIGIN}\n{'9' * 20}\n{ROOT}\n",
    f"{ORIGIN}\n1\n{ROOT[:-1]}\n",
    f"{ORIGIN}\n1\n{ROOT[4:]}\n",
    f"{ORIGIN}\n1\n{ROOT[:-2]}B=\n",
    f"{ORIGIN}\n1\n{ROOT}\nextension\n",
    f"\n1\n{ROOT}\n",
    f"{ORIGIN}\n1\n",
]


@pytest.mark.parametrize("text", MALFORMED_CHECKPOINTS)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        parse_checkpoint(text)


def test_the_empty_log_has_a_checkpoint() -> None:
    assert parse_checkpoint(f"{ORIGIN}\n0\n{base64.b64encode(mth([])).decode()}\n").size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+2a52108c",
        LOG_VKEY.replace("test", "tess"),
        LOG_VKEY[:-4],
        LOG_VKEY + "A",
        "+" + LOG_VKEY,
        "a b" + LOG_VKEY,
        "name+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_a_malformed_vkey_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        parse_vkey(text)


def test_a_cosignature_gives_its_time_and_binds_text_time_and_key() -> None:
    key, text = parse_vkey(COSIGNER_VKEY), HEAD.partition("\n\n")[0] + "\n"
    line = parse_note((HEAD + cosign(HEAD, 1_772_000_000)).encode()).signatures[1]
    assert cosigned_at(text, line, key) == 1_772_000_000
    assert cosigned_at(text.replace("\n1\n", "\n2\n"), line, key) is None
    later = parse_note((HEAD + cosign(HEAD, 1_772_000_001)).encode()).signatures[1]
    moved = type(line)(line.name, line.key_id, later.blob[:8] + line.blob[8:])
    assert cosigned_at(text, moved, key) is None
    other = parse_note((HEAD + cosign(HEAD, 1, private(9))).encode()).signatures[1]
    assert cosigned_at(text, other, key) is None
    assert cosigned_at(text, parse_note(HEAD.encode()).signatures[0], key) is None


def test_the_log_key_is_not_a_cosigner() -> None:
    assert parse_vkey(vkey(ORIGIN, 4, LOG)).key_id != parse_vkey(LOG_VKEY).key_id
