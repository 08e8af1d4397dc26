"""Leaf 0 founds the log: from it come the cosigner's key and the services' promise keys. PURE."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from cadena_verify.notes import COSIGNATURE, NotANote, VerifierKey, parse_vkey

FOUNDED = "org.cadena.custody.installation.founded.v1"


class NotFounded(ValueError):
    """Leaf 0 does not found the log that the vkey names; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Founding:
    """What leaf 0 says: the installation's name, the cosigner, and source → promise key."""

    installation: str
    cosigner: VerifierKey
    promise_keys: dict[str, bytes]
    demo: bool
    """It founds a demonstration: nothing in the log is a real case."""


def read_founding(event: dict[str, Any], key: VerifierKey) -> Founding:
    """Read leaf 0; NotFounded if it is another event, or names another log than the reader's vkey does."""
    data = event.get("data")
    if event.get("type") != FOUNDED or not isinstance(data, dict):
        raise NotFounded(f"leaf 0 is not {FOUNDED}")
    source = str(event.get("source"))
    installation = source.removeprefix("urn:cadena:").removesuffix(":custody")
    if source != f"urn:cadena:{installation}:custody":
        raise NotFounded(f"leaf 0 is of the source {source[:80]}, not of a custody service")
    if data.get("origin") != key.name:
        raise NotFounded(f"leaf 0 founds {str(data.get('origin'))[:80]}, not {key.name}")
    if _vkey(data, "log_vkey").text != key.text:
        raise NotFounded("leaf 0 names another vkey of the log than the one that is trusted")
    cosigner = _vkey(data, "cosigner_vkey")
    if cosigner.kind != COSIGNATURE:
        raise NotFounded("leaf 0's cosigner_vkey is no key for cosignatures")
    return Founding(installation, cosigner, _promise_keys(data), event.get("demo") is True)


def _vkey(data: dict[str, Any], member: str) -> VerifierKey:
    try:
        return parse_vkey(str(data.get(member)))
    except NotANote as error:
        raise NotFounded(f"leaf 0's {member}: {error}") from error


def _promise_keys(data: dict[str, Any]) -> dict[str, bytes]:
    keys = data.get("promise_keys")
    if not isinstance(keys, dict) or not keys:
        raise NotFounded("leaf 0 names no promise keys")
    return {str(source): _raw_key(source, text) for source, text in keys.items()}


def _raw_key(source: object, text: object) -> bytes:
    try:
        raw = base64.b64decode(str(text) + "=" * (-len(str(text)) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotFounded(f"leaf 0's promise key of {source} is not base64url") from error
    if len(raw) != 32:
        raise NotFounded(f"leaf 0's promise key of {source} is not an Ed25519 public key")
    return raw
