"""The folder outside the database: the newest head only moves upwards, evidence is kept once."""

import stat
from pathlib import Path

import pytest

from shared.outside import Evidence, SealedIndexFile, SealedIndexUnreadable
from shared.sealed_batch import Head
from tests.shared.sealed_topics import Log

LOG = Log()
LOG.grow(3, 4, 2)


def head(size: int) -> Head:
    return Head(size, LOG.root(size), LOG.note(size))


def test_the_index_moves_only_upwards(tmp_path: Path) -> None:
    index = SealedIndexFile(tmp_path / "state", LOG.signer.key)
    assert index.read() is None
    index.move_up(head(7))
    index.move_up(head(3))
    assert index.read() == head(7)
    SealedIndexFile(tmp_path / "state", LOG.signer.key).move_up(head(3))
    assert index.read() == head(7)
    index.move_up(head(9))
    assert SealedIndexFile(tmp_path / "state", LOG.signer.key).read() == head(9)


def test_the_index_is_its_owners_and_leaves_no_draft(tmp_path: Path) -> None:
    index = SealedIndexFile(tmp_path / "state", LOG.signer.key)
    index.move_up(head(7))
    assert [path.name for path in index.path.parent.iterdir()] == ["sealed-index"]
    assert stat.S_IMODE(index.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "7", LOG.note(7)[:-5], LOG.note(7).replace("\n7\n", "\n8\n"), "\udcff"])
def test_an_index_that_the_log_has_not_signed_says_nothing(tmp_path: Path, text: str) -> None:
    index = SealedIndexFile(tmp_path, LOG.signer.key)
    index.path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SealedIndexUnreadable):
        index.read()
    with pytest.raises(SealedIndexUnreadable):
        index.move_up(head(9))


def test_the_same_evidence_is_kept_once(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    assert evidence.found() == []
    first = evidence.keep("two heads", ["a", "b"], "topic at offset 3", b"\x00\xff")
    assert evidence.keep("two heads", ["a", "b"], "topic at offset 3", b"\x00\xff") == first
    evidence.keep("two heads", ["a", "c"], "topic at offset 4", None)
    assert len(evidence.found()) == 2
