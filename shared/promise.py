"""The promise: a service's signed word that an event will stand in the log; unkept, it proves a deletion.

A compact JWS, EdDSA, typ `cadena-promise+jwt`: iss (source), event, sha256 of its bytes, time, sealed_by.
"""

import binascii
import hashlib
from datetime import datetime, timedelta
from functools import lru_cache

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from shared.events import Event
from shared.keys import key_id
from shared.text import write_instant

TYPE = "cadena-promise+jwt"
SEALED_WITHIN = timedelta(hours=24)
_SIGNATURE_BYTES = 64
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Promiser:
    """Signs promises with a service's promise key, whose public half stands in leaf 0.

    Each recorded fact costs one signature. libsodium makes the very signatures of `cryptography` (RFC 8032) in half
    the time, which is the largest single part of what recording costs.
    """

    def __init__(self, key: Ed25519PrivateKey, within: timedelta = SEALED_WITHIN) -> None:
        _, self._key = crypto_sign_seed_keypair(key.private_bytes_raw())
        self._within = within
        header = {"alg": "EdDSA", "kid": key_id(key.public_key()), "typ": TYPE}
        self._header = _base64url(orjson.dumps(header)) + b"."

    def promise(self, event: Event, raw: bytes) -> str:
        """The promise of one recorded event, `raw` being the bytes that were recorded."""
        time, sealed_by = _term(event.time, self._within)
        digest = hashlib.sha256(raw).hexdigest()
        claims = {"iss": event.source, "event": event.id, "sha256": digest, "time": time, "sealed_by": sealed_by}
        signed = self._header + _base64url(orjson.dumps(claims))
        return (signed + b"." + _base64url(crypto_sign(signed, self._key)[:_SIGNATURE_BYTES])).decode()


@lru_cache(maxsize=64)
def _term(time: datetime, within: timedelta) -> tuple[str, str]:
    """`time` and `sealed_by`; what one batch records has one time."""
    return write_instant(time), write_instant(time + within)


def _base64url(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=")
