"""Promises: what a service signed when it recorded a fact, held against what the ledger says now."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cadena_verify.report import Report

TYPE = "cadena-promise+jwt"
MAX_BYTES = 16_384
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z").fullmatch
_HEX = re.compile(r"[0-9a-f]{64}").fullmatch


class PromisesUnusable(Exception):
    """The folder, or a file in it, cannot be read: the message is a sentence."""


class NotAPromise(ValueError):
    """A file that is not a compact JWS with a promise's claims; the message says why."""


@dataclass(slots=True)
class Promise:
    """One promise, as claimed. `place` and `digest` are what the ledger holds under its event: index and SHA-256."""

    file: str
    source: str
    event: str
    sha256: str
    time: str
    sealed_by: str
    signed: bytes
    signature: bytes
    place: int | None = None
    digest: str | None = None


class Promises:
    """All promises of a folder; fed by the replay, judged at the final head."""

    def __init__(self, promises: list[Promise]) -> None:
        self.all = promises
        self.counts = {"fulfilled": 0, "pending": 0, "broken": 0, "forged": 0}
        self._by_event: dict[tuple[str, str], list[Promise]] = {}
        for promise in promises:
            self._by_event.setdefault((promise.source, promise.event), []).append(promise)
        self._latest: dict[str, str] = {}

    @property
    def events(self) -> list[str]:
        """The ids of all events that were promised."""
        return [event for _, event in self._by_event]

    def recorded(self, source: str, event: str, time: str, index: int, raw: bytes) -> None:
        """The ledger holds this event, effective at this index."""
        self.passed(source, time)
        for promise in self._by_event.get((source, event), ()):
            promise.place, promise.digest = index, sha256(raw).hexdigest()

    def passed(self, source: str, time: str) -> None:
        """The ledger holds an effective event of this source, recorded then."""
        if time > self._latest.get(source, ""):
            self._latest[source] = time

    def judge(self, keys: dict[str, bytes], head_time: str | None, report: Report) -> None:
        """Say of each promise whether it is kept. `head_time` is when the final head was cosigned, if that is known."""
        for promise in self.all:
            verdict = self._verdict(promise, keys, head_time, report)
            self.counts[verdict] += 1

    def _verdict(self, promise: Promise, keys: dict[str, bytes], head_time: str | None, report: Report) -> str:
        key = keys.get(promise.source)
        if key is None or not is_signed(promise, key):
            message = f"{promise.file} is not signed by {promise.source[:80]}'s key of leaf 0"
            report.defect("promise-forged", message, index=promise.place)
            return "forged"
        if promise.place is not None:
            if promise.digest == promise.sha256:
                return "fulfilled"
            message = f"{promise.file}: event {promise.event} has other bytes in the ledger than were promised"
            report.defect("promise-broken", message, index=promise.place)
            return "broken"
        latest = self._latest.get(promise.source, "")
        if latest > promise.sealed_by:
            report.defect(
                "promise-broken",
                f"{promise.file}: event {promise.event}, recorded {promise.time}, was to be sealed by "
                f"{promise.sealed_by}; the ledger holds events of {promise.source} up to {latest}, and not this one",
            )
            return "broken"
        if head_time and head_time > promise.sealed_by:
            message = f"{promise.file}: event {promise.event} was to be sealed by {promise.sealed_by}"
            report.warn("promise-overdue", message)
        return "pending"


def load_promises(folder: Path, report: Report) -> Promises:
    """Read every `*.jws` of a folder; a file that is no promise is a defect. PromisesUnusable if one cannot be read."""
    promises: list[Promise] = []
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".jws")
    except OSError as error:
        raise PromisesUnusable(f"{folder} is not a folder of promises: {error.strerror}.") from error
    for path in paths:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            promises.append(parse_promise(raw, path.name))
        except OSError as error:
            raise PromisesUnusable(f"{path} cannot be read: {error.strerror}.") from error
        except NotAPromise as error:
            report.defect("promise-malformed", f"{path.name}: {error}")
    return Promises(promises)


def parse_promise(raw: bytes, name: str) -> Promise:
    """Read one compact JWS (RFC 7515 section 7.1) without checking its signature; NotAPromise if it is none."""
    parts = raw.strip().split(b".")
    if len(raw) > MAX_BYTES or len(parts) != 3:
        raise NotAPromise("it is not a compact JWS of three parts")
    header, claims = _object(parts[0]), _object(parts[1])
    if header.get("alg") != "EdDSA" or header.get("typ") != TYPE or "crit" in header:
        raise NotAPromise(f"its header is not that of an EdDSA {TYPE}")
    texts = {member: claims.get(member) for member in ("iss", "event", "sha256", "time", "sealed_by")}
    if not all(isinstance(value, str) for value in texts.values()):
        raise NotAPromise("it lacks one of iss, event, sha256, time, sealed_by")
    claimed = {member: str(value) for member, value in texts.items()}
    if not _HEX(claimed["sha256"]) or not _INSTANT(claimed["time"]) or not _INSTANT(claimed["sealed_by"]):
        raise NotAPromise("its sha256 or one of its times is not written as it must be")
    return Promise(
        name, claimed["iss"], claimed["event"], claimed["sha256"], claimed["time"], claimed["sealed_by"],
        signed=parts[0] + b"." + parts[1], signature=_decode(parts[2]),
    )  # fmt: skip


def is_signed(promise: Promise, key: bytes) -> bool:
    """Whether this Ed25519 public key of 32 bytes made the promise's signature."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(promise.signature, promise.signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _object(part: bytes) -> dict[str, Any]:
    try:
        value = json.loads(_decode(part), object_pairs_hook=_unique)
    except NotAPromise:
        raise
    except (ValueError, RecursionError) as error:
        raise NotAPromise("a part of it is not JSON") from error
    if not isinstance(value, dict):
        raise NotAPromise("a part of it is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotAPromise("a part of it names a member twice")
    return value


def _decode(part: bytes) -> bytes:
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAPromise("a part of it is not base64url") from error
