"""A set of keys: what of it is used, and what no key may be."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from shared.jwks import MAX_KEYS, BrokenKeySet, read_keys
from tests.shared.issuers import jwk

KEY = Ed25519PrivateKey.generate()
RSA, SMALL = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)  # noqa: S505 - it must be refused
CURVE, OTHER_CURVE = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
ED448: dict[str, Any] = json.loads(OKPAlgorithm.to_jwk(Ed448PrivateKey.generate().public_key()))


def kept(*keys: Any) -> set[str]:
    return set(read_keys(json.dumps({"keys": keys}).encode()))


def test_the_three_kinds_of_key_are_kept() -> None:
    keys = read_keys(json.dumps({"keys": [jwk(KEY, "a"), jwk(CURVE, "b"), jwk(RSA, "c")]}).encode())
    assert {kid: key.alg for kid, key in keys.items()} == {"a": "EdDSA", "b": "ES256", "c": "RS256"}
    assert kept(jwk(KEY, "a", alg=None, use=None), jwk(RSA, "b", key_ops=["verify"], x5c=["MIIB"])) == {"a", "b"}


NEVER: dict[str, Any] = {
    "a shared secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256", "use": "sig"},
    "a shared secret that says EdDSA": {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "EdDSA", "crv": "Ed25519"},
    "for encryption": jwk(RSA, "x", use="enc", alg="RSA-OAEP"), "for signing only": jwk(RSA, "x", key_ops=["sign"]),
    "operations that are a text": jwk(RSA, "x", key_ops="verify"), "another algorithm": jwk(RSA, "x", alg="PS256"),
    "an algorithm of another kind": jwk(RSA, "x", alg="EdDSA"), "HS256 over RSA": jwk(RSA, "x", alg="HS256"),
    "a small RSA key": jwk(SMALL, "x"), "another curve": {**jwk(OTHER_CURVE, "x"), "alg": "ES256"},
    "Ed448": {**ED448, "kid": "x", "alg": "EdDSA", "use": "sig"}, "no id": {**jwk(KEY, "x"), "kid": None},
    "an id of a number": {**jwk(KEY, "x"), "kid": 7}, "a huge id": jwk(KEY, "x" * 256), "no text": "x",
    "its private half given away": {**jwk(KEY, "x"), "d": "AAAA"}, "half a key": {**jwk(KEY, "x"), "x": "AAAA"},
    "a point off the curve": {**jwk(CURVE, "x"), "x": jwk(CURVE, "x")["y"]}, "an even exponent": {**jwk(RSA, "x"), "e": "BA"},
    "coordinates of numbers": {**jwk(CURVE, "x"), "x": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", NEVER)
def test_a_key_that_is_never_used(name: str) -> None:
    assert kept(NEVER[name], jwk(KEY, "good")) == {"good"}
    with pytest.raises(BrokenKeySet):
        kept(NEVER[name])


def test_of_two_keys_with_one_id_neither_is_used() -> None:
    assert kept(jwk(KEY, "x"), jwk(RSA, "x"), jwk(CURVE, "good")) == {"good"}
    assert kept(jwk(KEY, "x"), jwk(RSA, "x", use="enc"), jwk(CURVE, "good")) == {"x", "good"}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [], "keys": []}', b"\xff", b"[" * 99999]
)  # fmt: skip
def test_what_is_no_set(raw: bytes) -> None:
    with pytest.raises(BrokenKeySet):
        read_keys(raw)


def test_a_set_has_an_end() -> None:
    with pytest.raises(BrokenKeySet):
        kept(*(jwk(KEY, f"k{number}") for number in range(MAX_KEYS + 1)))
