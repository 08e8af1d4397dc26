"""A set of public keys (JWKS, RFC 7517) from its bytes: only what signs access tokens here, and only what is public.

An issuer's set also holds keys for other uses (Keycloak's has one for encryption): they are passed over. A key that
gives its private half away, or shares its id with another, is passed over as well. A set without a key is no set.
"""

import collections
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from shared.access_token import ALGORITHMS, Unverified, is_claim
from shared.canonical import NotCanonical, strict_loads

MAX_SET_BYTES = 256 * 1024
MAX_KEYS = 64
RSA_BITS = range(2048, 8193)
_PUBLIC = {"EdDSA": {"kty": "OKP", "crv": "Ed25519"}, "ES256": {"kty": "EC", "crv": "P-256"}, "RS256": {"kty": "RSA"}}
"""Algorithm → the members by which a key is one of it."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class BrokenKeySet(ValueError):
    """The bytes are no set of public keys that signs access tokens; the message says why."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One public key and the one algorithm that it is for."""

    alg: str
    _key: PyJWK

    def signed(self, token: Unverified) -> bool:
        """Whether the token's signature is this key's, by this key's own algorithm and no other."""
        return token.alg == self.alg and bool(self._key.Algorithm.verify(token.signed, self._key.key, token.signature))


def read_keys(raw: bytes) -> Mapping[str, IssuerKey]:
    """Key id → key. Raises BrokenKeySet for what is too large, no set, or without a single key that could be used."""
    if len(raw) > MAX_SET_BYTES:
        raise BrokenKeySet(f"a set of keys has at most {MAX_SET_BYTES} bytes")
    try:
        document = strict_loads(raw)
    except NotCanonical as error:
        raise BrokenKeySet(str(error)) from error
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise BrokenKeySet(f"it has no list of at most {MAX_KEYS} keys")
    candidates = [jwk for jwk in listed if isinstance(jwk, dict) and _is_for_signatures(jwk)]
    named = collections.Counter(jwk["kid"] for jwk in candidates)
    keys = {jwk["kid"]: _key(jwk) for jwk in candidates if named[jwk["kid"]] == 1}
    usable = {kid: key for kid, key in keys.items() if key is not None}
    if not usable:
        raise BrokenKeySet("no key of it is a public one of EdDSA, ES256 or RS256 with an id of its own")
    return usable


def _is_for_signatures(jwk: dict[str, Any]) -> bool:
    """A key that says its id, and does not say that it is for something else."""
    operations = jwk.get("key_ops", ["verify"])
    return (
        is_claim(jwk.get("kid"))
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _key(jwk: dict[str, Any]) -> IssuerKey | None:
    alg = next((alg for alg, public in _PUBLIC.items() if public.items() <= jwk.items()), None)
    if alg not in ALGORITHMS or jwk.get("alg", alg) != alg or _PRIVATE & jwk.keys():
        return None
    try:
        key = PyJWK(jwk, algorithm=alg)
    except (PyJWTError, ValueError, TypeError):
        return None
    return IssuerKey(alg, key) if _is_sound(key.key) else None


def _is_sound(key: object) -> bool:
    if isinstance(key, RSAPublicKey):
        return key.key_size in RSA_BITS and key.public_numbers().e % 2 == 1
    return isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey)
