"""Part (e): how fast `cadena-verify` checks a log, beside Tessera's `fsck -N 4` on the same log, from files and over HTTP.

fsck rebuilds every tile from the bundles and compares the root with the signed head: what `--hashes-only` does. The full
check, which is the default, also reads each entry as an event: canonical form, sources, ids, versions of subjects.
The log is made without the database, entries as custody writes them, and put into one in the form that the writer leaves.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.merkle import leaf_hash
from shared.notes import COSIGNATURE, Checkpoint, Signer, write_note
from shared.tiles import WIDTH, Tile, TileEdge, frame, hash_range
from tests.verifier import forge

HEAD_EVERY = 8_000
"""Entries between two signed heads: about what a writer at full speed leaves."""
SECONDS = 1_772_000_000
MOST_SECONDS = 1800.0
FSCK_SUCCESS = "Successfully fsck"


@dataclass(frozen=True, slots=True)
class Log:
    """A log as files in the layout of its URL, with the keys that signed it."""

    folder: Path
    size: int
    vkey: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Checked:
    """One check of `size` entries: wall-clock seconds, CPU seconds of all its processes, largest resident bytes of one."""

    what: str
    size: int
    seconds: float
    cpu_seconds: float
    rss: int

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.size / self.seconds


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """Each check's best of `rounds`, alternating: `files` and `http` map `all`, `hashes` and, with fsck, `fsck`."""

    size: int
    entry_bytes: float
    jobs: int
    files: dict[str, Checked]
    http: dict[str, Checked]


def entries(count: int) -> Iterator[bytes]:
    """A sound log's entries, about 830 bytes each: leaf 0, then samples registered and, now and then, a refusal."""
    yield forge.canonical(forge.founding())
    mark = "f" * 16
    whole = forge.event(
        1, id=f"01900000-0000-7000-{mark[:4]}-{mark[4:]}", command=mark + "c" * 48,
        subject=f"sample/01900000-0000-7000-{mark[:4]}-{mark[4:]}",
        sequence=1, actor={"org": forge_id(1), "person": forge_id(2), "role": "lab"},
        data={"case": forge_id(3), "held_by": forge_id(4), "kind": "blood", "label": f"L-{mark}", "portions": 2,
              "note": "sha256:" + "0" * 64},
    )  # fmt: skip
    refused = whole | {"type": "org.cadena.custody.command.refused.v1", "outcome": "refused"}
    refused |= {"data": {"code": "label-taken", "target": f"sample/{mark}", "verb": "sample.register"}}
    del refused["subject"], refused["sequence"]
    usual, other = (_pattern(one, mark) for one in (whole, refused))
    for number in range(1, count):
        spread = (
            number * 0x9E3779B97F4A7C15
        ) & 0xFFFFFFFFFFFFFFFF  # odd factor: as many values as numbers, well spread
        digits = b"%016x" % spread
        yield (other if number % 50 == 0 else usual) % {b"m": digits, b"h": digits[:4], b"t": digits[4:]}


def _pattern(event: dict[str, Any], mark: str) -> bytes:
    raw = forge.canonical(event).replace(mark.encode(), b"%(m)b")
    return raw.replace(f"{mark[:4]}-{mark[4:]}".encode(), b"%(h)b-%(t)b")


def forge_id(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


def make_log(folder: Path, count: int, key: Ed25519PrivateKey = forge.LOG) -> Log:
    """Write a log of `count` entries as files, at some 100,000 a second."""
    edge, bundle, held, items = TileEdge(), list[bytes](), 0, list[dict[str, Any]]()
    rows: dict[int, list[bytes]] = {}
    for index, entry in enumerate(entries(count), 1):
        bundle.append(entry)
        if len(bundle) < WIDTH and index < count:
            continue
        held += _put(folder, Tile(None, (index - 1) // WIDTH, len(bundle)), frame(bundle))
        rows[0] = [leaf_hash(one) for one in bundle]
        for tile in edge.append(rows[0]):
            _put(folder, Tile(tile.level, tile.index), tile.bytes)
            rows[tile.level] = []
            rows.setdefault(tile.level + 1, []).append(hash_range(tile.bytes, 0, WIDTH))
        bundle = []
        if index == count or index // HEAD_EVERY > (index - WIDTH) // HEAD_EVERY:
            items.append(_head(index, edge.root(), key))
    for level, row in rows.items():
        if row:
            _put(folder, Tile(level, (count >> (8 * level)) // WIDTH, len(row)), b"".join(row))
    (folder / "checkpoints").write_text(json.dumps({"checkpoints": items, "next": None}))
    (folder / "checkpoint").write_text(items[-1]["note"] + items[-1]["cosignature"])
    (folder / "vkey").write_text(forge.LOG_VKEY)
    return Log(folder, count, forge.LOG_VKEY, held)


def _put(folder: Path, tile: Tile, raw: bytes) -> int:
    path = folder / tile.path
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(raw)


def _head(size: int, root: bytes, key: Ed25519PrivateKey) -> dict[str, Any]:
    text = Checkpoint(forge.ORIGIN, size, root).text
    note = write_note(text, [Signer(forge.ORIGIN, key).sign(text)])
    cosigner = Signer(forge.COSIGNER_NAME, forge.COSIGNER, COSIGNATURE)
    return {"size": size, "note": note, "cosignature": cosigner.cosign(text, SECONDS + size).line()}
