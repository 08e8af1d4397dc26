"""A log for tests of its readers: entries, signed heads, the messages audit would send, and its HTTP side.

Written from the wire contract with the pure modules only, so that it can also say what audit never would.
"""

import json
from collections.abc import Mapping, Sequence

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.kafka import Message
from shared.merkle import Range, leaf_hash, root_of
from shared.notes import Checkpoint, Signer, write_note
from shared.tiles import Tile, frame, parse_path

ORIGIN = "cadena.example/test"
TOKEN = "a-token-for-entries"


class Log:
    """A growing log. `heads` are the sizes that were signed."""

    def __init__(self, seed: int = 1) -> None:
        self.signer = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))
        self.entries: list[bytes] = []
        self.heads: list[int] = []
        self.asked: list[str] = []
        self.up = True

    @property
    def vkey(self) -> str:
        return self.signer.key.vkey

    def grow(self, *counts: int) -> None:
        """Append so many entries, then sign a head; for each count."""
        for count in counts:
            self.entries += [b'{"n":%d}' % (len(self.entries) + at) for at in range(count)]
            self.heads.append(len(self.entries))

    def note(self, size: int, root: bytes | None = None) -> str:
        """The signed head of a size, with the true root or another."""
        text = Checkpoint(ORIGIN, size, root or self.root(size)).text
        return write_note(text, [self.signer.sign(text)])

    def root(self, size: int) -> bytes:
        return root_of([leaf_hash(entry) for entry in self.entries[:size]])

    def edge(self, size: int) -> tuple[bytes, ...]:
        edge = Range()
        edge.append([leaf_hash(entry) for entry in self.entries[:size]])
        return tuple(edge.hashes())

    def message(
        self,
        first: int,
        size: int,
        *,
        generation: int = 0,
        places: Mapping[str, int] | None = None,
        note: str | None = None,
        entries: Sequence[bytes] | None = None,
    ) -> Message:
        """What audit sends for the entries [first, size)."""
        value = frame(self.entries[first:size] if entries is None else entries)
        return Message(
            value,
            (
                ("cadena-first", str(first).encode()),
                ("cadena-head", (note or self.note(size)).encode()),
                ("cadena-generation", str(generation).encode()),
                ("cadena-next", json.dumps(dict(places or {})).encode()),
            ),
        )

    def messages(self, places: Mapping[str, int] | None = None) -> list[Message]:
        """All heads so far, in order."""
        spans = zip([0, *self.heads], self.heads, strict=False)
        return [self.message(first, size, places=places) for first, size in spans]

    def transport(self) -> httpx2.MockTransport:
        """Audit's HTTP side."""
        return httpx2.MockTransport(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if not self.up:
            raise httpx2.ConnectError("nobody listens")
        if request.url.path == "/v1/checkpoints":
            after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
            found = [
                {"size": size, "note": self.note(size), "cosignature": None} for size in self.heads if size > after
            ]
            return httpx2.Response(200, json={"checkpoints": found[:limit], "next": None})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return httpx2.Response(401)
        tile = parse_path(request.url.path.removeprefix("/tile/"))
        return httpx2.Response(404) if tile is None else self._bundle(tile)

    def _bundle(self, tile: Tile) -> httpx2.Response:
        found = self.entries[tile.first : tile.first + tile.width]
        if len(found) < tile.width:
            return httpx2.Response(404)
        return httpx2.Response(200, content=frame(found))
