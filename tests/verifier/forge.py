"""A small writer of logs, for tests only: it shares no code with the verifier, nor with the services.

Roots come from the recursive definition of RFC 6962 section 2.1, not from a right edge.
"""

import base64
import json
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "cadena.example/test"
CUSTODY = "urn:cadena:test:custody"
NOTIFY = "urn:cadena:test:notify"
AUDIT = "urn:cadena:test:audit"
HOUR = "2026-03-01T{:02d}:{:02d}:{:02d}.{:06d}Z"


def canonical(value: Any) -> bytes:
    """Canonical JSON of ASCII-keyed values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def private(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(name: str, kind: int, key: Ed25519PrivateKey) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public(key)).digest()[:4]


def vkey(name: str, kind: int, key: Ed25519PrivateKey) -> str:
    return f"{name}+{key_id(name, kind, key).hex()}+{base64.b64encode(bytes([kind]) + public(key)).decode()}"


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


LOG, COSIGNER, CUSTODY_KEY, NOTIFY_KEY = private(1), private(2), private(3), private(4)
COSIGNER_NAME = f"{ORIGIN}/cosigner"
LOG_VKEY, COSIGNER_VKEY = vkey(ORIGIN, 1, LOG), vkey(COSIGNER_NAME, 4, COSIGNER)


def mth(hashes: tuple[bytes, ...] | list[bytes]) -> bytes:
    """The Merkle tree hash of leaf hashes, as RFC 6962 defines it."""
    hashes = tuple(hashes)
    perfect = len(hashes) and len(hashes) & (len(hashes) - 1) == 0
    return _perfect(hashes) if perfect and len(hashes) <= 256 else _mth(hashes)


@lru_cache(maxsize=4096)
def _perfect(hashes: tuple[bytes, ...]) -> bytes:
    return _mth(hashes)


def _mth(hashes: tuple[bytes, ...]) -> bytes:
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def inclusion(index: int, hashes: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1."""
    if len(hashes) <= 1:
        return []
    k = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < k:
        return [*inclusion(index, hashes[:k]), mth(hashes[k:])]
    return [*inclusion(index - k, hashes[k:]), mth(hashes[:k])]


def instant(n: int) -> str:
    return HOUR.format(n // 3600 % 24, n // 60 % 60, n % 60, n % 1_000_000)


def event(n: int, **changes: Any) -> dict[str, Any]:
    """The n-th event of a log: every third one a further version of an earlier sample."""
    subject, sequence = (n - 1 if n % 3 == 0 else n), (2 if n % 3 == 0 else 1)
    made = {
        "actor": {"role": "lab"},
        "command": sha256(b"%d" % n).hexdigest(),
        "data": {"label": f"L-{n}"},
        "datacontenttype": "application/json",
        "dataschema": "urn:cadena:schema:custody.sample.registered.v1",
        "id": f"01900000-0000-7000-8000-{n:012x}",
        "occurred_at": instant(n),
        "ordinal": 0,
        "outcome": "accepted",
        "sequence": sequence,
        "source": CUSTODY,
        "specversion": "1.0",
        "subject": f"sample/{subject}",
        "time": instant(n),
        "type": "org.cadena.custody.sample.registered.v1",
    } | changes
    return {name: value for name, value in made.items() if value is not None}


def founding(**changes: Any) -> dict[str, Any]:
    data = {
        "installation": "test",
        "origin": ORIGIN,
        "log_vkey": LOG_VKEY,
        "cosigner_vkey": COSIGNER_VKEY,
        "promise_keys": {CUSTODY: b64url(public(CUSTODY_KEY)), NOTIFY: b64url(public(NOTIFY_KEY))},
    } | changes
    founded = "org.cadena.custody.installation.founded.v1"
    return event(0, type=founded, subject="installation/test", sequence=1, data=data)


def entries(count: int) -> list[bytes]:
    """A sound log's entries."""
    return [canonical(founding()) if n == 0 else canonical(event(n)) for n in range(count)]


def sign(size: int, root: bytes, key: Ed25519PrivateKey = LOG, origin: str = ORIGIN) -> str:
    """A head: its text and the log's signature line."""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    blob = key_id(ORIGIN, 1, LOG) + key.sign(text.encode())
    return f"{text}\n\u2014 {ORIGIN} {base64.b64encode(blob).decode()}\n"


def cosign(note: str, seconds: int, key: Ed25519PrivateKey = COSIGNER) -> str:
    """The cosigner's line under a head."""
    text = note.partition("\n\n")[0] + "\n"
    signed = key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    blob = key_id(COSIGNER_NAME, 4, COSIGNER) + struct.pack(">Q", seconds) + signed
    return f"\u2014 {COSIGNER_NAME} {base64.b64encode(blob).decode()}\n"


def tile_name(level: int | str, number: int, width: int) -> str:
    text = f"{number:03d}" if number < 1000 else f"x{number // 1000:03d}/{number % 1000:03d}"
    return f"tile/{level}/{text}" + ("" if width == 256 else f".p/{width}")


def frame(some: list[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in some)


@dataclass
class Forged:
    """A log as files: path → bytes. Change a file, or ask for `folder` to write them."""

    entries: list[bytes]
    heads: list[int]
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lay_tiles()
        self.sign_heads()

    @property
    def size(self) -> int:
        return len(self.entries)

    def lay_tiles(self) -> None:
        """Write every bundle and tile from the entries."""
        row = [leaf(entry) for entry in self.entries]
        for first in range(0, len(row), 256):
            width = min(256, len(row) - first)
            self.files[tile_name("entries", first // 256, width)] = frame(self.entries[first : first + width])
        level = 0
        while row:
            for first in range(0, len(row), 256):
                width = min(256, len(row) - first)
                self.files[tile_name(level, first // 256, width)] = b"".join(row[first : first + width])
            row = [mth(row[first : first + 256]) for first in range(0, len(row) - 255, 256)]
            level += 1

    def sign_heads(self) -> None:
        """Sign a head at each size, and publish the last."""
        hashes = [leaf(entry) for entry in self.entries]
        items = []
        for size in self.heads:
            note = sign(size, mth(hashes[:size]))
            items.append({"size": size, "note": note, "cosignature": cosign(note, 1_772_000_000 + size)})
        self.list_heads(items)
        self.publish(items[-1])

    def publish(self, item: dict[str, Any]) -> None:
        self.files["checkpoint"] = (item["note"] + (item["cosignature"] or "")).encode()

    def list_heads(self, items: list[dict[str, Any]]) -> None:
        self.files["checkpoints"] = json.dumps({"checkpoints": items, "next": None}).encode()

    def items(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self.files["checkpoints"])["checkpoints"]
        return listed

    def folder(self, root: Path) -> Path:
        """Write the files to a folder."""
        for name, raw in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        return root


def promise(entry: bytes, key: Ed25519PrivateKey = CUSTODY_KEY, **changes: Any) -> bytes:
    """The compact JWS that a service gives for a recorded event."""
    made = json.loads(entry)
    claims = {
        "iss": made["source"],
        "event": made["id"],
        "sha256": sha256(entry).hexdigest(),
        "time": made["time"],
        "sealed_by": made["time"].replace("2026-03-01", "2026-03-02"),
    } | changes
    header = {"alg": "EdDSA", "typ": "cadena-promise+jwt", "kid": "k"}
    signed = f"{b64url(canonical(header))}.{b64url(canonical(claims))}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}".encode()


def tlog_proof(index: int, some: list[bytes], note: str) -> str:
    path = inclusion(index, [leaf(entry) for entry in some])
    lines = [base64.b64encode(step).decode() for step in path]
    return "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *lines]) + f"\n\n{note}"
