"""Proofs from the published log are given only where they lead to a head that the log's key has signed."""

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.custody import proofs as proving
from services.custody.proofs import Proofs
from shared.merkle import leaf_hash, verify_inclusion
from shared.notes import Signer
from shared.published_log import LogUnavailable
from tests.services.custody.little_log import ORIGIN, LittleLog, grown


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 700, 65_537])
async def test_each_entry_is_shown_under_the_newest_head(size: int) -> None:
    log = grown(size)
    async with log.published() as published:
        proofs = await Proofs.under_newest(published, log.signer.key)
        for index in {0, 1, size // 2, size - 256, size - 2, size - 1} & set(range(size)):
            hashes = await proofs.of(index, log.entries[index])
            verify_inclusion(leaf_hash(log.entries[index]), index, size, hashes, proofs.head.root)
    assert (proofs.head.origin, proofs.note) == (ORIGIN, log.note())


async def test_a_tile_is_asked_for_once_while_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    log = grown(700)
    async with log.published() as published:
        proofs = await Proofs.under_newest(published, log.signer.key)
        for index in range(0, 700, 7):
            await proofs.of(index, log.entries[index])
        assert len(log.asked) == len(set(log.asked))
        monkeypatch.setattr(proving, "KEPT", 1)
        for index in range(0, 700, 100):
            await proofs.of(index, log.entries[index])
            assert len(proofs._tiles) <= 2


async def test_a_partial_tile_that_has_gone_is_cut_from_the_full_one() -> None:
    log = grown(300)
    async with log.published() as published:
        proofs = await Proofs.under_newest(published, log.signer.key)
        log.pad(400)
        log.gone = "tile/0/001.p/"
        await proofs.of(299, log.entries[299])
    assert {"tile/0/001.p/44", "tile/0/001"} <= set(log.asked)


async def test_another_entry_or_another_place_is_not_shown() -> None:
    log = grown(300)
    async with log.published() as published:
        proofs = await Proofs.under_newest(published, log.signer.key)
        for index, entry in ((7, b"another"), (8, log.entries[7])):
            with pytest.raises(LogUnavailable, match="not shown"):
                await proofs.of(index, entry)


async def test_hashes_that_were_changed_after_the_head_was_signed_show_nothing() -> None:
    log = grown(300)
    async with log.published() as published:
        proofs = await Proofs.under_newest(published, log.signer.key)
        log.entries[3] = b"changed"
        with pytest.raises(LogUnavailable, match="not shown"):
            await proofs.of(7, log.entries[7])


@pytest.mark.parametrize("name", [ORIGIN, "cadena.example/other"])
async def test_a_head_that_the_log_has_not_signed_proves_nothing(name: str) -> None:
    log = grown(3)
    stranger = Signer(name, Ed25519PrivateKey.generate())
    async with log.published() as published:
        with pytest.raises(LogUnavailable, match="not the log's"):
            await Proofs.under_newest(published, stranger.key)


@pytest.mark.parametrize(
    "broken",
    [
        httpx2.ConnectError("refused"), httpx2.ReadTimeout("late"), httpx2.Response(500), httpx2.Response(404),
        httpx2.Response(200, content=b"\xff"), httpx2.Response(302, headers={"Location": "http://elsewhere.test/"}),
    ],
)  # fmt: skip
async def test_a_log_that_is_away_or_answers_nonsense_is_unavailable(broken: httpx2.Response | Exception) -> None:
    log = LittleLog(broken=broken)
    async with log.published() as published:
        with pytest.raises(LogUnavailable):
            await Proofs.under_newest(published, log.signer.key)


async def test_a_log_without_a_head_is_unavailable() -> None:
    log = LittleLog()
    async with log.published() as published:
        with pytest.raises(LogUnavailable, match="no head"):
            await Proofs.under_newest(published, log.signer.key)
