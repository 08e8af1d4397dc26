"""One file against its .tlog-proof."""

import pytest
from cadena_verify.notes import parse_vkey
from cadena_verify.proof import FIRST_LINE, check_proof
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.forge import COSIGNER_VKEY, LOG_VKEY, cosign, entries, leaf, mth, private, sign, tlog_proof

SOME = entries(11)
NOTE = sign(11, mth([leaf(raw) for raw in SOME]))
COSIGNED = NOTE + cosign(NOTE, 1_772_000_000)
KEY, COSIGNER = parse_vkey(LOG_VKEY), parse_vkey(COSIGNER_VKEY)
PROOF = tlog_proof(6, SOME, COSIGNED)


def codes(entry: bytes, proof: str, cosigned: bool = False) -> list[str]:
    return [f.code for f in check_proof(entry, proof.encode(), "f", KEY, COSIGNER if cosigned else None).defects]


@pytest.mark.parametrize("index", range(11))
def test_each_entry_is_proved(index: int) -> None:
    report = check_proof(SOME[index], tlog_proof(index, SOME, COSIGNED).encode(), "f", KEY, COSIGNER)
    assert report.defects == []
    assert (report.facts["index"], report.facts["size"]) == (index, 11)


def test_an_entry_alone_in_its_log_is_proved_by_an_empty_path() -> None:
    assert codes(SOME[0], tlog_proof(0, SOME[:1], sign(1, mth([leaf(SOME[0])])))) == []


def test_extra_data_is_passed_over() -> None:
    assert codes(SOME[6], PROOF.replace("\nindex", "\nextra AAAA\nindex", 1)) == []


@given(st.integers(0, 8 * len(SOME[6]) - 1))
def test_one_changed_bit_of_the_file_is_found(bit: int) -> None:
    changed = (int.from_bytes(SOME[6], "big") ^ 1 << bit).to_bytes(len(SOME[6]), "big")
    assert codes(changed, PROOF) == ["proof-fails"]


def test_another_index_or_a_longer_or_shorter_path_proves_nothing() -> None:
    lines = PROOF.split("\n")
    for other in (["index 7", *lines[2:]], ["index 6", *lines[3:]], ["index 6", lines[2], *lines[2:]], ["index 11"]):
        assert codes(SOME[6], "\n".join([FIRST_LINE, *other, *(["", NOTE] if other == ["index 11"] else [])])) == [
            "proof-fails"
        ]


def test_a_head_by_another_key_proves_nothing() -> None:
    forged = sign(11, mth([leaf(raw) for raw in SOME]), private(9))
    assert codes(SOME[6], tlog_proof(6, SOME, forged)) == ["head-signature"]
    other = sign(11, mth([leaf(raw) for raw in SOME]), origin="cadena.example/other")
    assert codes(SOME[6], tlog_proof(6, SOME, other)) == ["head-origin"]


def test_a_demanded_cosignature_must_be_there() -> None:
    assert codes(SOME[6], tlog_proof(6, SOME, NOTE)) == []
    assert codes(SOME[6], tlog_proof(6, SOME, NOTE), cosigned=True) == ["head-cosignature"]
    forged = NOTE + cosign(NOTE, 1, private(9))
    assert codes(SOME[6], tlog_proof(6, SOME, forged), cosigned=True) == ["head-cosignature"]


MALFORMED = {
    "nothing": "",
    "no first line": PROOF.partition("\n")[2],
    "another version": PROOF.replace("@v1", "@v2"),
    "no index": PROOF.replace("index 6\n", ""),
    "an index in another spelling": PROOF.replace("index 6", "index 06"),
    "a negative index": PROOF.replace("index 6", "index -6"),
    "an index that is too long": PROOF.replace("index 6", "index " + "6" * 40),
    "a hash that is none": PROOF.replace("index 6\n", "index 6\nAAAA\n"),
    "a hash that is not base64": PROOF.replace("index 6\n", "index 6\n!\n"),
    "a path without end": PROOF.replace("index 6\n", "index 6\n" + "A" * 43 + "=\n" * 1 + ("A" * 43 + "=\n") * 70),
    "no head": PROOF.partition("\n\n")[0],
    "a head that is none": PROOF.partition("\n\n")[0] + "\n\nhello\n",
    "not ASCII": PROOF.replace("index", "índex"),
}


@pytest.mark.parametrize("proof", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_proof_is_refused(proof: str) -> None:
    assert codes(SOME[6], proof) == ["proof-malformed"]
