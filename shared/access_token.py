"""An access token by RFC 9068, read in one strict way and judged; its signature is for shared.auth to check. PURE.

There is one parse: what is verified, and what is judged, are the same bytes. A token that two readers could read
differently (a member twice, a float, base64url with stray bits) is none.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, TypeGuard

from shared.canonical import NotCanonical, strict_loads

ALGORITHMS = ("EdDSA", "ES256", "RS256")
TYPES = ("at+jwt", "application/at+jwt")
MAX_TOKEN_BYTES = 8192
MAX_AUDIENCES = 50
LEEWAY_SECONDS = 30
"""How far the issuer's clock may be from ours, either way."""
KEYS_OF_ITS_OWN = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "zip", "enc", "b64"})
"""Header members that would bring a key, or change what is signed (RFC 7515, 7516, 7797): never followed, refused."""
_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_CLAIM = re.compile(r"[\x21-\x7e]{1,255}")
"""What a subject, a client and the ids of token and key look like: what the registration of an account takes."""
_LATEST = 2**40


class NotAToken(ValueError):
    """It is no access token for here and now; the message says why, in words that hold nothing of it."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart. Nothing of it is to be believed before `signature` over `signed` is checked."""

    kid: str
    alg: str
    signed: bytes
    signature: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. `begins` and `expires` are in seconds by the issuer's clock: see `demand_time`."""

    issuer: str
    subject: str
    client: str
    scopes: frozenset[str]
    begins: int
    expires: int


def unpack(token: str) -> Unverified:
    """Take a compact JWS apart. Raises NotAToken for whatever is not signed by RFC 9068 with an algorithm of ours."""
    if len(token) > MAX_TOKEN_BYTES:
        raise NotAToken("it is too large")
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise NotAToken("it is not three parts of base64url")
    header = _object(_decoded(parts[1]))
    if KEYS_OF_ITS_OWN & header.keys():
        raise NotAToken("its header brings a key, or demands what is not understood")
    typ, alg, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(typ, str) or typ.lower() not in TYPES:
        raise NotAToken("its type is not at+jwt")
    if not isinstance(alg, str) or alg not in ALGORITHMS:
        raise NotAToken("its algorithm is not taken")
    if not is_claim(kid):
        raise NotAToken("it names no key")
    signed = f"{parts[1]}.{parts[2]}".encode()
    return Unverified(kid, alg, signed, _decoded(parts[3]), _decoded(parts[2]))


def judge(payload: bytes, *, issuer: str, audience: str, now: float, longest: float) -> Claims:
    """The claims of a payload whose signature is good. `now` and `longest`, the longest life, are in seconds.

    Raises NotAToken for a claim that is missing, of another shape, of another issuer or audience, or out of its time.
    """
    said = _object(payload)
    if said.get("iss") != issuer:
        raise NotAToken("it is another issuer's")
    if audience not in _audiences(said.get("aud")):
        raise NotAToken("it is for another service")
    begins, expires = _life(said, longest)
    demand_time(begins, expires, now)
    subject, client, scope = said.get("sub"), said.get("client_id"), said.get("scope", "")
    # A scope that cannot be read is no scope less: taken for none, it would leave the account's whole role.
    if not (is_claim(subject) and is_claim(client) and is_claim(said.get("jti")) and isinstance(scope, str)):
        raise NotAToken("a claim is missing or of another shape")
    return Claims(issuer, subject, client, frozenset(scope.split()), begins, expires)


def demand_time(begins: int, expires: int, now: float) -> None:
    """Raises NotAToken outside of a token's time, but for the difference of two clocks; all in seconds."""
    if expires + LEEWAY_SECONDS <= now:
        raise NotAToken("it is over")
    if begins > now + LEEWAY_SECONDS:
        raise NotAToken("it is not valid yet")


def is_claim(value: object) -> TypeGuard[str]:
    """Whether a value is a text of 1 to 255 visible ASCII characters."""
    return isinstance(value, str) and _CLAIM.fullmatch(value) is not None


def _life(said: dict[str, Any], longest: float) -> tuple[int, int]:
    """From when and until when a token says that it is good."""
    issued, expires, begins = _moment(said.get("iat")), _moment(said.get("exp")), _moment(said.get("nbf", 0))
    if expires - issued > longest:
        raise NotAToken("it lives too long")
    return max(issued, begins), expires


def _moment(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LATEST:
        raise NotAToken("a time is missing or no whole number of seconds")
    return value


def _audiences(said: object) -> list[str]:
    several = [said] if isinstance(said, str) else said
    if not isinstance(several, list) or len(several) > MAX_AUDIENCES:
        raise NotAToken("its audience has another shape")
    if not all(isinstance(one, str) for one in several):
        raise NotAToken("its audience has another shape")
    return several


def _decoded(part: str) -> bytes:
    """Base64url without padding and without stray bits, so that a token has one spelling."""
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise NotAToken("a part is not base64url") from error
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise NotAToken("a part has stray bits")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = strict_loads(raw)
    except NotCanonical as error:
        raise NotAToken("a part is not plain JSON") from error
    if not isinstance(value, dict):
        raise NotAToken("a part is no object")
    return value
