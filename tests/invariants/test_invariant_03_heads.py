"""3: of all heads ever signed any two are one history; sizes rise, each size has one root, and the log's key signed all."""

from base64 import b64decode
from itertools import combinations, pairwise
from typing import Any

import httpx2
from cadena_verify.merkle import RightEdge, leaf_hashes
from cadena_verify.notes import check_signed, parse_checkpoint, parse_note, parse_vkey

from shared.merkle import verify_consistency
from tests.invariants.growth import SIZES, Growth, client


async def heads(http: httpx2.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = (await http.get("/v1/checkpoints", params={"after": after, "limit": 50})).json()
        found, after = found + page["checkpoints"], page["next"]
    return found


async def test_invariant_03_any_two_heads_are_consistent_and_signed_by_the_founded_key(grown: Growth) -> None:
    async with client(grown.ledger) as http:
        vkey = parse_vkey((await http.get("/vkey")).text)
        notes = [parse_note(head["note"].encode()) for head in await heads(http)]
        assert [check_signed(note, vkey) for note in notes] == [None] * len(notes)
        trees = [parse_checkpoint(note.text) for note in notes]
        sizes = [tree.size for tree in trees]
        assert sizes == sorted(set(sizes))
        assert set(SIZES) <= set(sizes)
        leaves, edge = leaf_hashes(grown.values), RightEdge()
        for tree in trees:
            edge.extend(leaves[edge.size : tree.size])
            assert edge.root() == tree.root
        # Each with the next, so all are one history; and all borders among each other, over any distance.
        borders = combinations([tree for tree in trees if tree.size in SIZES], 2)
        for old, new in {*pairwise(trees), *borders}:
            said = (await http.get("/v1/consistency", params={"from": old.size, "to": new.size})).json()
            hashes = [b64decode(value) for value in said["hashes"]]
            verify_consistency(old.size, old.root, new.size, new.root, hashes)
