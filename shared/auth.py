"""From a bearer token to a principal: RFC 9068 access tokens, fixed algorithms, one audience a service.

A token says only who an account is. Which person, organisation and role that is stands in custody's own tables.

A token that was found good is remembered, so that its signature is checked once for each set of the issuer's keys;
its time, and that the issuer still has its key, are looked at each time.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from shared.access_token import NotAToken, demand_time, judge, unpack
from shared.accounts import account_digest
from shared.issuer_keys import IssuerKeys, IssuerUnreachable, UnknownKey, keys_at
from shared.jwks import IssuerKey
from shared.problems import Problem
from shared.settings import TokenSettings

RETRY_SECONDS = 10
REMEMBERED = 4096
"""Good tokens at most that are remembered; the oldest is forgotten first. Nobody gets one in without a signature."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a verified token speaks for. `account` is the digest by which the ledger knows the account."""

    issuer: str
    subject: str
    account: str
    client: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A good token: by which key of which set (each set has objects of its own), for what time, for whom."""

    kid: str
    key: IssuerKey
    begins: int
    expires: int
    principal: Principal


class Authenticator:
    """Checks tokens of one issuer for one audience. A context while the app runs: it keeps the issuer's keys fresh."""

    def __init__(
        self,
        settings: TokenSettings,
        audience: str,
        *,
        keys: IssuerKeys | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._audience, self._longest = settings.issuer, audience, settings.token_lifetime_seconds
        self._clock = clock
        self._verified: dict[bytes, _Verified] = {}
        self._keys = keys or keys_at(
            settings.jwks,
            refresh=settings.jwks_refresh_seconds,
            stale=settings.jwks_stale_seconds,
            ca_file=settings.jwks_ca_file,
        )

    async def __aenter__(self) -> Self:
        await self._keys.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._keys.__aexit__(*error)

    async def principal(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization` header.

        Raises Problem 401, which says nothing about why beyond a word, and 503 while the issuer's keys cannot be had.
        """
        if not authorization or not authorization.lower().startswith("bearer "):
            raise _unauthorised("missing-token", "Send an access token: Authorization: Bearer …")
        token = authorization[7:].strip()
        try:
            return await self._remembered(token) or await self._verify(token)
        except (NotAToken, UnknownKey) as error:
            raise _unauthorised("invalid-token", "The token is not valid here, or no longer; get a new one.") from error
        except IssuerUnreachable as error:
            raise Problem(
                503, "issuer-unreachable", "The token issuer's keys cannot be had",
                "Nobody's token can be checked now. Send the same request again with the same key.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            ) from error  # fmt: skip

    async def _verify(self, text: str) -> Principal:
        token = unpack(text)
        key = await self._keys.key(token.kid)
        if not key.signed(token):
            raise NotAToken("its signature is not the issuer's")
        claims = judge(
            token.payload, issuer=self._issuer, audience=self._audience, now=self._clock(), longest=self._longest
        )
        account = account_digest(claims.issuer, claims.subject)
        principal = Principal(claims.issuer, claims.subject, account, claims.client, claims.scopes)
        while len(self._verified) >= REMEMBERED:
            self._verified.pop(next(iter(self._verified)))
        self._verified[_digest(text)] = _Verified(token.kid, key, claims.begins, claims.expires, principal)
        return principal

    async def _remembered(self, text: str) -> Principal | None:
        """Whom a token speaks for that was found good before; None if it must be looked at (again)."""
        digest = _digest(text)
        known = self._verified.get(digest)
        if known is None:
            return None
        try:
            if await self._keys.key(known.kid) is known.key:
                demand_time(known.begins, known.expires, self._clock())
                return known.principal
        except (NotAToken, UnknownKey):
            self._verified.pop(digest, None)
            raise
        self._verified.pop(digest, None)  # the issuer's keys were fetched anew
        return None

    async def demand_keys(self) -> None:
        """A probe: raises IssuerUnreachable if no token could be judged now."""
        await self._keys.demand_usable()


def _digest(token: str) -> bytes:
    """By what a token is remembered: not by itself, so that none can be read out of our memory."""
    return hashlib.sha256(token.encode()).digest()


def _unauthorised(code: str, detail: str) -> Problem:
    return Problem(401, code, "You are not signed in", detail, headers={"WWW-Authenticate": f'Bearer error="{code}"'})
