"""From a bearer token to a principal: RFC 9068 access tokens, fixed algorithms, one audience a service.

A token says only who an account is. Which person, organisation and role that is stands in custody's own tables.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from shared.accounts import account_digest
from shared.problems import Problem
from shared.settings import TokenSettings

ALGORITHMS = ("EdDSA", "ES256", "RS256")
TYPES = ("at+jwt", "application/at+jwt")
CLAIMS = ("iss", "aud", "sub", "exp", "iat", "jti", "client_id")
MAX_TOKEN_BYTES = 8192
_CLAIM = re.compile(r"[\x21-\x7e]{1,255}")
"""What a subject and a client look like: the same that the registration of an account takes."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a verified token speaks for. `account` is the digest by which the ledger knows the account."""

    issuer: str
    subject: str
    account: str
    client: str
    scopes: frozenset[str]


class Authenticator:
    """Checks tokens of one issuer for one audience. Raises Problem 401, which says nothing about why beyond a word."""

    def __init__(self, settings: TokenSettings, audience: str) -> None:
        self._issuer, self._audience = settings.issuer, audience
        self._keys: FileKeys | UrlKeys = (
            UrlKeys(settings.jwks) if settings.jwks.startswith("https://") else FileKeys(Path(settings.jwks))
        )

    async def principal(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization` header."""
        if not authorization or not authorization.lower().startswith("bearer "):
            raise _unauthorised("missing-token", "Send an access token: Authorization: Bearer …")
        unverified = authorization[7:].strip()
        if len(unverified) > MAX_TOKEN_BYTES:
            raise _unauthorised("invalid-token", "The token is too large.")
        try:
            header = jwt.get_unverified_header(unverified)
            if header.get("typ", "").lower() not in TYPES or header.get("alg") not in ALGORITHMS:
                raise _unauthorised("invalid-token", "The token is not an access token by RFC 9068.")
            key = await self._keys.key(header.get("kid"))
            claims = jwt.decode(
                unverified, key, algorithms=[key.algorithm_name], audience=self._audience, issuer=self._issuer,
                options={"require": list(CLAIMS)},
            )  # fmt: skip
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise _unauthorised("invalid-token", "The token is not valid here, or no longer; get a new one.") from error
        return _principal(claims)


class FileKeys:
    """A JWKS file, read again when it changed."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, -1
        self._set: PyJWKSet | None = None

    async def key(self, kid: str | None) -> PyJWK:
        """The key of that id; KeyError-like PyJWTError if there is none."""
        stamp = self._path.stat().st_mtime_ns
        if self._set is None or stamp != self._stamp:
            self._set, self._stamp = PyJWKSet.from_json(self._path.read_text()), stamp
        for key in self._set.keys:
            if key.key_id == kid and key.algorithm_name in ALGORITHMS:
                return key
        raise jwt.InvalidKeyError("no such key")


class UrlKeys:
    """An issuer's JWKS by https, kept for five minutes. The fetch blocks, so it runs in a thread."""

    def __init__(self, url: str) -> None:
        self._client = PyJWKClient(url, cache_keys=False, lifespan=300, timeout=5)

    async def key(self, kid: str | None) -> PyJWK:
        """The key of that id; PyJWTError if there is none or the issuer cannot be reached."""
        key = await asyncio.to_thread(self._client.get_signing_key, kid or "")
        if key.algorithm_name not in ALGORITHMS:
            raise jwt.InvalidKeyError("this key's algorithm is not taken")
        return key


def _principal(claims: dict[str, Any]) -> Principal:
    issuer, subject, client, scope = claims["iss"], claims["sub"], claims["client_id"], claims.get("scope", "")
    plain = all(isinstance(claim, str) and _CLAIM.fullmatch(claim) for claim in (subject, client))
    # A scope that cannot be read is no scope less: taken for none, it would leave the account's whole role.
    if not plain or not isinstance(scope, str):
        raise _unauthorised("invalid-token", "The token is not an access token by RFC 9068.")
    return Principal(issuer, subject, account_digest(issuer, subject), client, frozenset(scope.split()))


def _unauthorised(code: str, detail: str) -> Problem:
    return Problem(401, code, "You are not signed in", detail, headers={"WWW-Authenticate": f'Bearer error="{code}"'})
