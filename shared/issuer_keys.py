"""The issuer's public keys, kept: from an https address or a file, one fetch at a time, never older than is stated.

- A set is fetched anew before it is `refresh` seconds old: a key that the issuer withdrew is refused from then on.
- A key id that is not in the set causes one fetch, and not another one within the cooldown: so a new key is taken
  at its first use, and nobody can make us hammer the issuer.
- While the issuer is away, or sends what is no set, the last good set stays in use until it is `stale` seconds old.
  Then nobody is judged at all: IssuerUnreachable, a 503, which is neither a 401 nor an open door.

This is not PyJWT's client: that one follows redirects, reads without limit, keeps no set through an outage, and blocks.
"""

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx2
import structlog
from prometheus_client import Counter, Gauge

from shared.jwks import MAX_SET_BYTES, BrokenKeySet, IssuerKey, read_keys

COOLDOWN_SECONDS = 5.0
FETCH_SECONDS = 5.0
EARLY = 0.8
"""At this share of its life a set is fetched anew beside the requests, so that none has to wait for it."""
FETCHES = Counter("cadena_issuer_key_fetches", "Fetches of the token issuer's keys, by what came of them", ["outcome"])
AGE = Gauge("cadena_issuer_keys_age_seconds", "Age of the token issuer's keys in use; rises while none can be had")

Fetch = Callable[[], Awaitable[bytes]]
Clock = Callable[[], float]
log = structlog.get_logger()


class KeysUnavailable(Exception):
    """The issuer, or the file, did not give a set of keys this time."""


class IssuerUnreachable(Exception):
    """There are no keys young enough to judge a token by."""


class UnknownKey(LookupError):
    """The issuer has no such key."""


class IssuerKeys:
    """One issuer's keys. `stamp` tells that a file changed; `clock` is monotonic, in seconds.

    As a context it fetches by itself, so that the set's age says whether the issuer answers; without, at need only.
    """

    def __init__(
        self, fetch: Fetch, *, refresh: float, stale: float, cooldown: float = COOLDOWN_SECONDS,
        stamp: Callable[[], Hashable] | None = None, clock: Clock = time.monotonic,
    ) -> None:  # fmt: skip
        self._cooldown = cooldown
        self._fetch, self._refresh, self._stale, self._clock = fetch, refresh, stale, clock
        self._stamp_now = stamp or (lambda: None)
        self._stamp: Hashable = None
        self._keys: Mapping[str, IssuerKey] = {}
        self._born = clock()
        self._fetched: float | None = None
        self._attempted: float | None = None
        self._failed = False
        self._flight: asyncio.Task[None] | None = None
        self._follower: asyncio.Task[None] | None = None
        AGE.set_function(self.age)

    async def __aenter__(self) -> Self:
        self._follower = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._follower, self._flight):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def age(self) -> float:
        """Seconds since the fetch of the set in use began; before the first one, since we began."""
        return self._clock() - (self._born if self._fetched is None else self._fetched)

    async def key(self, kid: str) -> IssuerKey:
        """The key of that id. Raises UnknownKey, and IssuerUnreachable where that cannot be told now."""
        await self._keep_fresh()
        found = self._usable().get(kid)
        if found is None and self._may_ask():
            await self._ask()
            found = self._usable().get(kid)
        if found is not None:
            return found
        if self._failed:
            raise IssuerUnreachable("the key is not among those kept, and the issuer cannot be asked for newer ones")
        raise UnknownKey

    async def demand_usable(self) -> None:
        """A probe: raises IssuerUnreachable if no token could be judged now."""
        await self._keep_fresh()
        self._usable()

    async def _keep_fresh(self) -> None:
        if self._stamp_now() != self._stamp:
            await self._ask()
        elif self.age() < self._refresh * EARLY and self._fetched is not None:
            return
        elif self._may_ask():
            flight = self._begin()
            if not self._is_usable() or (self.age() >= self._refresh and not self._failed):
                await asyncio.shield(flight)

    def _is_usable(self) -> bool:
        return self._fetched is not None and self.age() < self._stale

    def _usable(self) -> Mapping[str, IssuerKey]:
        if not self._is_usable():
            raise IssuerUnreachable("no keys of the token issuer, or none younger than the age that is set")
        return self._keys

    def _may_ask(self) -> bool:
        waited = self._attempted is None or self._clock() - self._attempted >= self._cooldown
        return waited or self._flight is not None

    async def _ask(self) -> None:
        """Fetch once, together with whoever else wants that; who asks may leave, the fetch goes on."""
        await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Task[None]:
        if self._flight is None:
            self._attempted, self._stamp = self._clock(), self._stamp_now()
            self._flight = asyncio.create_task(self._fly(self._attempted))
        return self._flight

    async def _fly(self, began: float) -> None:
        try:
            raw = await self._fetch()
            self._keys = await asyncio.to_thread(read_keys, raw)
        except (KeysUnavailable, BrokenKeySet) as error:
            self._failed = True
            FETCHES.labels("broken" if isinstance(error, BrokenKeySet) else "unreachable").inc()
            log.warning("no keys of the token issuer", reason=str(error)[:300], age_seconds=round(self.age()))
        else:
            self._fetched, self._failed = began, False
            FETCHES.labels("taken").inc()
        finally:
            self._flight = None

    async def _follow(self) -> None:
        while True:
            await self._keep_fresh()
            await asyncio.sleep(self._cooldown if self._failed else self._refresh * EARLY)


def keys_at(jwks: str, *, refresh: float, stale: float, ca_file: Path | None = None) -> IssuerKeys:
    """Keys from a URL, whose server is judged by the system's authorities or those of `ca_file`, or from a file."""
    if jwks.startswith(("https://", "http://")):
        return IssuerKeys(from_url(jwks, ca_file), refresh=refresh, stale=stale)
    path = Path(jwks)
    return IssuerKeys(from_file(path), refresh=refresh, stale=stale, stamp=lambda: _stamp_of(path))


def from_url(url: str, ca_file: Path | None = None) -> Fetch:
    """GET, without redirects, proxies or compression, with an end to time and size. Raises KeysUnavailable."""
    authorities = ssl.create_default_context(cafile=ca_file) if url.startswith("https://") else False
    asked = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}

    async def fetch() -> bytes:
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                httpx2.AsyncClient(verify=authorities, trust_env=False, timeout=FETCH_SECONDS) as client,
                client.stream("GET", url, headers=asked, follow_redirects=False) as answer,
            ):
                return await _read(answer)
        except (httpx2.HTTPError, OSError, ValueError) as error:
            raise KeysUnavailable(f"{type(error).__name__}: {error}") from error

    return fetch


async def _read(answer: httpx2.Response) -> bytes:
    if answer.status_code != 200:
        raise KeysUnavailable(f"the issuer answered {answer.status_code}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise KeysUnavailable("the issuer compresses, though it was asked not to")
    raw = bytearray()
    async for chunk in answer.aiter_raw():
        raw += chunk
        if len(raw) > MAX_SET_BYTES:
            raise KeysUnavailable(f"the issuer sent more than {MAX_SET_BYTES} bytes")
    return bytes(raw)


def from_file(path: Path) -> Fetch:
    """Read the file beside the event loop. Raises KeysUnavailable."""

    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(MAX_SET_BYTES + 1)

    async def fetch() -> bytes:
        try:
            return await asyncio.to_thread(read)
        except OSError as error:
            raise KeysUnavailable(f"{type(error).__name__}: the file cannot be read") from error

    return fetch


def _stamp_of(path: Path) -> Hashable:
    try:
        found = os.stat(path)
    except OSError:
        return "missing"
    return found.st_mtime_ns, found.st_size, found.st_ino
