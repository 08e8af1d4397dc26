"""Tokens that nobody signed for this: each as an attacker would make it who knows every public part."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from deploy.local.issuer import CLIENT, ISSUER
from deploy.local.stack import Stack
from tests.attack.attack import Attack, Front

LIFE = 600


class Forger:
    """Who has the issuer's key makes what the issuer would; who has not, makes what looks like it."""

    def __init__(self, key: Ed25519PrivateKey, kid: str, audience: str, subject: str) -> None:
        self._key, self.kid, self.audience, self.subject = key, kid, audience, subject

    @classmethod
    def with_key_of(cls, stack: Stack, audience: str, subject: str) -> "Forger":
        """Who has the issuer's own key."""
        key = load_pem_private_key((stack.state / "issuer" / "key.pem").read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        return cls(key, stack.issuer.key_id, audience, subject)

    def outsider(self) -> "Forger":
        """Who has a key of their own, and says it is the issuer's."""
        return Forger(Ed25519PrivateKey.generate(), self.kid, self.audience, self.subject)

    @property
    def pem(self) -> bytes:
        """The public key, as it is published."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a header could bring it."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": _b64(raw), "kid": self.kid}

    def header(self, **changes: Any) -> dict[str, Any]:
        """A good header, but for the changes; None takes a member out."""
        return _changed({"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims, but for the changes."""
        now = int(time.time())
        return _changed(
            {"iss": ISSUER, "sub": self.subject, "aud": [self.audience], "iat": now, "nbf": now, "exp": now + LIFE,
             "jti": str(uuid4()), "client_id": CLIENT, "scope": ""}, changes,
        )  # fmt: skip

    def signed(self, header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes) -> str:
        """With the issuer's own key."""
        first = f"{_part(header)}.{_part(claims)}"
        return f"{first}.{_b64(self._key.sign(first.encode()))}"

    def maced(self, header: dict[str, Any], secret: bytes) -> str:
        """With an HMAC, as if the public key were a shared secret."""
        first = f"{_part(header)}.{_part(self.claims())}"
        return f"{first}.{_b64(hmac.new(secret, first.encode(), hashlib.sha256).digest())}"


def _changed(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(value: dict[str, Any] | bytes) -> str:
    return _b64(value if isinstance(value, bytes) else json.dumps(value).encode())


KIDS = (None, "", "../../../../dev/null", "' UNION SELECT 1 --", "x" * 5_000, 7, ["a"], "unknown")
TYPES = (None, "JWT", "cadena-promise+jwt", 7)
CRITICAL: tuple[dict[str, Any], ...] = (
    {"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"},
    {"jku": "http://127.0.0.1:9/keys"}, {"x5u": "http://127.0.0.1:9/keys"},
)  # fmt: skip


def forged_headers(forger: Forger) -> Iterator[tuple[str, str]]:
    """Signed by the issuer's key, by nobody, or by a key that the token itself names."""
    good = forger.claims()
    _, body, signature = forger.signed(forger.header(), good).split(".")
    for alg in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {alg!r}", f"{_part(forger.header(alg=alg))}.{body}."
        yield f"alg {alg!r} with a signature", f"{_part(forger.header(alg=alg))}.{body}.{signature}"
    for alg in ("HS256", "HS512", "EdDSA"):
        yield f"{alg} with the public key as a secret", forger.maced(forger.header(alg=alg), forger.pem)
    other = forger.outsider()
    brings: dict[str, dict[str, Any]] = {
        "alone": {}, "in the header": {"jwk": other.jwk}, "as a certificate": {"x5c": ["MIIB"]},
        "at jku": {"jku": "http://127.0.0.1:9/keys"}, "at x5u": {"x5u": "http://127.0.0.1:9/keys"},
    }  # fmt: skip
    for name, brought in brings.items():
        yield f"another's key {name}", other.signed(other.header(**brought), good)
    changed: list[dict[str, Any]] = [*({"kid": kid} for kid in KIDS), *({"typ": typ} for typ in TYPES), *CRITICAL]
    for changes in changed:
        yield f"header {str(changes)[:40]}", forger.signed(forger.header(**changes), good)
    twice = json.dumps(forger.header())[:-1].encode() + b', "alg": "EdDSA"}'
    yield "a header member twice", forger.signed(twice, good)


def forged_claims(forger: Forger) -> Iterator[tuple[str, str]]:
    """Signed by the issuer's key over what it should not sign, or not for here."""
    elsewhere, here, now = "audit" if forger.audience != "audit" else "custody", forger.audience, int(time.time())
    wrong: dict[str, tuple[Any, ...]] = {
        "iss": (None, "urn:cadena:other", f"{ISSUER}/", ISSUER.upper(), [ISSUER]),
        "aud": (None, [], "", elsewhere, [elsewhere], here.upper(), [7], {"a": here}, [[here]]),
        "exp": (None, now - 3600, 0, -1, str(now + LIFE), now + 0.5, True, 2**63, now + 10 * 365 * 86400),
        "nbf": (now + 3600, "soon", -1),
        "iat": (None, now + 3600, "now"),
        "sub": (None, "", 7, ["a"], "a" * 300, "a\nb"),
        "scope": ([], ["custody:read"], {"a": 1}, 7),
        "jti": (None,),
        "client_id": (None,),
        "x": ("a" * 30_000,),
    }
    for member, values in wrong.items():
        for value in values:
            name = f"claim {member} {type(value).__name__} {str(value)[:30]}"
            yield name, forger.signed(forger.header(), forger.claims(**{member: value}))
    twice = json.dumps(forger.claims())[:-1] + f', "sub": "{forger.subject}"}}'
    for name, raw in {"a claim twice": twice.encode(), "not an object": b"[]", "no JSON": b"sub=court"}.items():
        yield f"claims: {name}", forger.signed(forger.header(), raw)


def forged_forms(forger: Forger) -> Iterator[tuple[str, str]]:
    """A good token, bent."""
    good = forger.signed(forger.header(), forger.claims())
    head, body, signature = good.split(".")
    yield "a bit of the signature", f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "five parts", f"{good}.a.b"
    yield "padding", f"{good}=="
    yield "a byte behind", f"{good}A"


def attacks(forger: Forger, path: str, status: int = 401) -> Iterator[Attack]:
    """Each forged token at a route of the forger's service that demands one."""
    for name, token in (*forged_headers(forger), *forged_claims(forger), *forged_forms(forger)):
        yield Front(forger.audience, token, "").get(f"{forger.audience}: {name}", path, status, "invalid-token")
    good = forger.signed(forger.header(), forger.claims())
    front = Front(forger.audience, good, "")
    for name, header in {
        "no header": None, "Basic": "Basic Y291cnQ6Y291cnQ=", "no word before": good, "the word alone": "Bearer",
        "two tokens": f"Bearer {good} {good}", "tokens by comma": f"Bearer {good}, Bearer {good}",
    }.items():  # fmt: skip
        code = "missing-token" if header is None or not header.startswith("Bearer ") else "invalid-token"
        yield front.get(f"{forger.audience}: {name}", path, 401, code, authorization=header)
    joint = "&" if "?" in path else "?"
    yield front.get(
        f"{forger.audience}: the token in the query",
        f"{path}{joint}access_token={good}",
        401,
        "missing-token",
        authorization=None,
    )
