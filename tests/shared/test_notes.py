"""Signed notes against the C2SP documents' vectors, and against changed bytes."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shared import merkle, notes
from shared.notes import Checkpoint, NoteError, Signature, Signer, VerifierKey
from tests.vectors import LEDGER

SEED = bytes.fromhex(LEDGER["vkey"]["seed"])
LOG = Signer(LEDGER["vkey"]["name"], Ed25519PrivateKey.from_private_bytes(SEED))
WITNESS = Signer("ledger.example/audit/cosigner", Ed25519PrivateKey.from_private_bytes(SEED[::-1]), notes.COSIGNATURE)
HEAD = Checkpoint("ledger.example/audit", 3, base64.b64decode(LEDGER["checkpoint"]["root"]))
NOTE = notes.write_note(HEAD.text, [LOG.sign(HEAD.text), WITNESS.cosign(HEAD.text, 1_780_000_000)])


def test_the_vkey_of_a_known_seed() -> None:
    assert LOG.key.vkey == LEDGER["vkey"]["vkey"]
    assert VerifierKey.parse(LEDGER["vkey"]["vkey"] + "\n") == LOG.key
    assert LOG.key.public.hex() == LEDGER["vkey"]["public"]


def test_the_signature_of_a_known_checkpoint() -> None:
    leaves = [merkle.leaf_hash(entry.encode()) for entry in LEDGER["checkpoint"]["entries"]]
    assert merkle.root_of(leaves) == HEAD.root
    signature = LOG.sign(HEAD.text)
    assert base64.b64encode(signature.key_id + signature.blob).decode() == LEDGER["checkpoint"]["signature"]
    assert notes.open_checkpoint(NOTE, LOG.key) == HEAD


def test_a_cosignature_states_its_time_and_is_bound_to_it() -> None:
    opened = notes.open_note(NOTE.encode(), [WITNESS.key])
    (signature,) = opened.verified
    assert notes.cosigned_at(signature) == 1_780_000_000
    assert len(signature.key_id + signature.blob) == 76
    later = (1_780_000_001).to_bytes(8, "big") + signature.blob[8:]
    with pytest.raises(NoteError):
        WITNESS.key.verify(HEAD.text, Signature(signature.name, signature.key_id, later))


def test_both_keys_and_grease_are_told_apart() -> None:
    grease = "".join(f"— unknown{n} {base64.b64encode(bytes(40 + n)).decode()}\n" for n in range(20))
    opened = notes.open_note(NOTE + grease, [LOG.key, WITNESS.key])
    assert [signature.name for signature in opened.verified] == [LOG.key.name, WITNESS.key.name]
    same_name = Signer(LOG.key.name, Ed25519PrivateKey.from_private_bytes(bytes(32))).key
    with pytest.raises(NoteError, match="no trusted key"):
        notes.open_note(NOTE, [same_name])


def test_a_failing_line_of_a_trusted_key_condemns_the_note() -> None:
    good = LOG.sign(HEAD.text)
    bad = Signature(good.name, good.key_id, bytes(64))
    with pytest.raises(NoteError, match="does not verify"):
        notes.open_note(notes.write_note(HEAD.text, [good, bad]), [LOG.key])


def test_the_split_is_at_the_last_empty_line() -> None:
    text = "one\n\ntwo\n"
    assert notes.open_note(notes.write_note(text, [LOG.sign(text)]), [LOG.key]).text == text


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_no_changed_bit_of_a_note_goes_unnoticed(at: int, bit: int) -> None:
    raw = bytearray(NOTE.encode())
    raw[at] ^= 1 << bit
    try:
        opened = notes.open_note(bytes(raw), [LOG.key, WITNESS.key])
    except NoteError:
        return
    # A changed name or id only turns a trusted line into an unknown one; the text and what verifies stay.
    assert opened.text == HEAD.text
    assert len(opened.verified) == 1


@pytest.mark.parametrize(
    "vkey",
    ["", "name", "name+2a52108c", "ledger.example/audit+2a52108d+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
     "other+2a52108c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "n+00000000+AQ==", "n+00000000+!!!!"],
)  # fmt: skip
def test_what_is_no_vkey(vkey: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(vkey)


ROOT = base64.b64encode(HEAD.root).decode()


@pytest.mark.parametrize(
    "text",
    ["", f"o\n3\n{ROOT}", f"o\n03\n{ROOT}\n", f"o\n-1\n{ROOT}\n", f"o\n3\n{ROOT}\nextension\n", f"o\n3\n{ROOT[:-4]}\n",
     f"\n3\n{ROOT}\n", f"o p\n3\n{ROOT}\n", f"o\n3\n{ROOT[:-2]}x=\n", f"o\n٣\n{ROOT}\n"],
)  # fmt: skip
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "note",
    [b"\xff\n\n", "no empty line\n", "text\n\n", "text\n\nno dash\n", "text\n\n— a AAAAAA==", "text\n\n— a AAAA\n",
     "tab\t\n\n— a AAAAAAAA\n", "text\n\n" + "— a AAAAAAAA\n" * 101],
)  # fmt: skip
def test_what_is_no_note(note: str | bytes) -> None:
    with pytest.raises(NoteError):
        notes.open_note(note, [LOG.key])


def test_keys_sign_only_what_they_are_for() -> None:
    with pytest.raises(NoteError):
        LOG.cosign(HEAD.text, 1)
    with pytest.raises(NoteError):
        WITNESS.sign(HEAD.text)
    with pytest.raises(NoteError):
        Signer("white space", Ed25519PrivateKey.generate())


def test_a_head_of_another_origin_is_not_this_logs() -> None:
    text = Checkpoint("other.example/log", 3, HEAD.root).text
    with pytest.raises(NoteError, match=r"other\.example"):
        notes.open_checkpoint(notes.write_note(text, [LOG.sign(text)]), LOG.key)


def test_a_proof_holds_index_hashes_and_the_whole_head() -> None:
    proof = notes.write_proof(2, [HEAD.root], NOTE)
    assert proof == f"c2sp.org/tlog-proof@v1\nindex 2\n{ROOT}\n\n{NOTE}"
    assert notes.write_proof(0, [], NOTE) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}"
