"""The promise: a service's signed word that an event will stand in the log; unkept, it proves a deletion.

A compact JWS, EdDSA, typ `cadena-promise+jwt`: iss (source), event, sha256 of its bytes, time, sealed_by.
"""

import hashlib
from base64 import urlsafe_b64encode
from datetime import timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events import Event
from shared.keys import key_id
from shared.text import write_instant

TYPE = "cadena-promise+jwt"
SEALED_WITHIN = timedelta(hours=24)


class Promiser:
    """Signs promises with a service's promise key, whose public half stands in leaf 0."""

    def __init__(self, key: Ed25519PrivateKey, within: timedelta = SEALED_WITHIN) -> None:
        self._key = key
        self._within = within
        header = {"alg": "EdDSA", "kid": key_id(key.public_key()), "typ": TYPE}
        self._header = _base64url(orjson.dumps(header)) + b"."

    def promise(self, event: Event, raw: bytes) -> str:
        """The promise of one recorded event, `raw` being the bytes that were recorded."""
        claims = {
            "iss": event.source,
            "event": event.id,
            "sha256": hashlib.sha256(raw).hexdigest(),
            "time": write_instant(event.time),
            "sealed_by": write_instant(event.time + self._within),
        }
        signed = self._header + _base64url(orjson.dumps(claims))
        return (signed + b"." + _base64url(self._key.sign(signed))).decode()


def _base64url(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
