"""Callers as a careful lab system writes them: a key for each command, the same request until there is an answer.

What was answered is kept: key, the answer's bytes, its promises. That list is the outside world's memory, against which
the ledger is held when everything has died once.
"""

import base64
import json
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx2
import orjson

from deploy.local.issuer import ISSUER
from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from shared.accounts import account_digest, command_hash

ANSWER_SECONDS = 900.0
REQUEST_SECONDS = 20.0
PAUSE_SECONDS = 0.2
SAMPLES = "/v1/samples"
BATCH = f"{SAMPLES}:batch"

Job = Callable[[threading.Event], None]
"""Works until told to stop."""


@dataclass(frozen=True)
class Kept:
    """One acknowledged command: what was asked, under which key, and the bytes that came back."""

    service: str
    who: str
    key: str
    path: str
    body: dict[str, Any]
    match: str | None
    status: int
    answer: bytes

    @property
    def command(self) -> str:
        """The `command` that its events carry."""
        return command_hash(account_digest(ISSUER, self.who), self.key)

    @property
    def promises(self) -> list[str]:
        """One JWS for each of its events."""
        promises: list[str] = self.said["promises"]
        return promises

    @cached_property
    def said(self) -> dict[str, Any]:
        """The answer, parsed."""
        answer: dict[str, Any] = json.loads(self.answer)
        return answer

    @cached_property
    def events(self) -> list[str]:
        """The ids of its events, by its promises."""
        return [str(_claims(promise)["event"]) for promise in self.promises]


class Unexpected(AssertionError):
    """A service answered what it should not, whatever has died."""


class Abandoned(Exception):
    """The run is over before its end; nobody waits for this answer any more."""


@dataclass
class Callers:
    """All accounts of one test, each usable from many threads."""

    stack: Stack
    kept: list[Kept] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    """Tries that had to be repeated, by what happened to them."""
    abandoned: threading.Event = field(default_factory=threading.Event)
    """Set when the run is broken off: who waits for an answer stops."""
    _tokens: dict[str, str] = field(default_factory=dict)
    _own: threading.local = field(default_factory=threading.local)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def do(
        self, service: str, who: str, path: str, body: dict[str, Any], rng: random.Random, *,
        match: str | None = None, expect: tuple[int, ...] = (201,), later: tuple[int, ...] = (503,),
    ) -> Kept:  # fmt: skip
        """Send one command until it is answered, under one key, and keep it; Unexpected for another answer.

        An answer with a status of `later` is none: the same is sent again.
        """
        key = _key(rng)
        answer = self._until_answered(service, who, path, body, key, match, later)
        if answer.status_code not in expect:
            raise Unexpected(f"{who}: POST {path} answered {answer.status_code}: {answer.text[:500]}")
        kept = Kept(service, who, key, path, body, match, answer.status_code, answer.content)
        if not kept.promises:
            raise Unexpected(f"{who}: POST {path} answered without a promise: {answer.text[:500]}")
        self.kept.append(kept)
        return kept

    def register(self, who: str, samples: Sequence[dict[str, Any]], rng: random.Random) -> list[Kept]:
        """Many registrations in one call, sent until it is answered; each is kept as if it had been sent alone."""
        keyed = [{"key": _key(rng)} | sample for sample in samples]
        answer = self._until_answered("custody", who, BATCH, {"samples": keyed}, None, None, (503,))
        if answer.status_code != 200:
            raise Unexpected(f"{who}: POST {BATCH} answered {answer.status_code}: {answer.text[:500]}")
        results = orjson.loads(answer.content)["results"]
        made = [
            Kept("custody", who, one["key"], SAMPLES, sample, None, one["status"], orjson.dumps(one["body"]))
            for one, sample in zip(results, samples, strict=True)
        ]
        if [one.key for one in made] != [one["key"] for one in keyed] or {one.status for one in made} != {201}:
            raise Unexpected(f"{who}: POST {BATCH} did not register all in order: {answer.text[:500]}")
        self.kept += made
        return made

    def again(self, kept: Kept) -> httpx2.Response:
        """The same command once more."""
        return self._until_answered(kept.service, kept.who, kept.path, kept.body, kept.key, kept.match, (503,))

    def get(self, service: str, who: str, path: str) -> Any:
        """Read, now."""
        answer = self._client().get(self._url(service) + path, headers=self._bearer(who))
        answer.raise_for_status()
        return answer.json()

    def _until_answered(
        self, service: str, who: str, path: str, body: dict[str, Any], key: str | None, match: str | None,
        later: tuple[int, ...],
    ) -> httpx2.Response:  # fmt: skip
        headers = self._bearer(who) | {
            name: value for name, value in (("Idempotency-Key", key), ("If-Match", match)) if value is not None
        }

        def answered() -> httpx2.Response | None:
            if self.abandoned.is_set():
                raise Abandoned
            try:
                answer = self._client().post(self._url(service) + path, json=body, headers=headers)
            except httpx2.HTTPError as error:
                self._count(type(error).__name__)
                return None
            if answer.status_code in later:
                self._count(str(answer.status_code))
                return None
            return answer

        return wait_until(answered, ANSWER_SECONDS, f"an answer to {path}", poll=PAUSE_SECONDS)

    def _count(self, what: str) -> None:
        with self._counting:
            self.unanswered[what] += 1

    def _client(self) -> httpx2.Client:
        if not hasattr(self._own, "client"):
            self._own.client = httpx2.Client(timeout=REQUEST_SECONDS)
        client: httpx2.Client = self._own.client
        return client

    def _url(self, service: str) -> str:
        return self.stack.wiring.url(f"{service} api")

    def _bearer(self, who: str) -> dict[str, str]:
        if who not in self._tokens:
            self._tokens[who] = self.stack.token(who)
        return {"Authorization": f"Bearer {self._tokens[who]}"}


class Crowd:
    """Callers at work in threads, until told to stop; each ends with the command that it has begun."""

    def __init__(self, callers: Callers, jobs: Sequence[Job]) -> None:
        self._callers = callers
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(len(jobs))
        self._working: list[Future[None]] = [self._pool.submit(job, self._stop) for job in jobs]

    def demand_well(self) -> None:
        """Raise what a caller met."""
        for work in self._working:
            if work.done():
                work.result()

    def finished(self) -> bool:
        """Ask all to stop; whether all have."""
        self._stop.set()
        return all(work.done() for work in self._working)

    def end(self) -> None:
        """Wait for every command that was begun; raises what a caller met."""
        self._stop.set()
        self._pool.shutdown()
        self.demand_well()

    def break_off(self) -> None:
        """End at once, whatever was begun; what a caller met meanwhile is nobody's concern any more."""
        self._callers.abandoned.set()
        self._stop.set()
        self._pool.shutdown()


def _key(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _claims(promise: str) -> dict[str, Any]:
    part = promise.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
