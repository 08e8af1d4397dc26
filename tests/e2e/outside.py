"""The installation as the world outside sees it: accounts that call its APIs over HTTP, and keep what they are promised."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from deploy.local.cast import MEMBERS
from deploy.local.issuer import ISSUER
from deploy.local.stack import Stack
from deploy.local.waiting import wait_until
from shared.accounts import account_digest, command_hash

REQUEST_SECONDS = 60.0
EFFECT_SECONDS = 60.0
TOKEN_SECONDS = 3600

T = TypeVar("T")


class Outside:
    """Callers by the subject of their account: a key of `cast.MEMBERS`, or of whom `hire` registered."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.promises: list[str] = []
        self.persons: dict[str, str] = dict(stack.directory["persons"])
        self.organisations = stack.directory["organisations"]
        self._tokens: dict[str, str] = {}
        self._http = httpx2.Client(timeout=REQUEST_SECONDS, limits=httpx2.Limits(max_connections=None))

    def close(self) -> None:
        """Let go of every connection."""
        self._http.close()

    def token(self, who: str) -> str:
        """The account's access token, always the same one."""
        if who not in self._tokens:
            member = who in MEMBERS
            minted = self.stack.token(who) if member else self.mint(who, "custody", "notify")
            self._tokens[who] = minted
        return self._tokens[who]

    def mint(self, who: str, *audiences: str, scopes: tuple[str, ...] = ()) -> str:
        """Another token of the account."""
        return self.stack.issuer.mint(who, audiences, scopes, TOKEN_SECONDS)

    def tokens(self) -> list[str]:
        """Every token that was sent for an account."""
        return list(self._tokens.values())

    def send(
        self, service: str, who: str | None, path: str, body: Any = None, *,
        key: str | None = None, match: str | None = None, method: str = "POST", **headers: str,
    ) -> httpx2.Response:  # fmt: skip
        """One request as it stands, and its answer, whatever that is."""
        sent = {} if who is None else {"Authorization": f"Bearer {self.token(who)}"}
        if method == "POST":
            sent |= {"Idempotency-Key": key or str(uuid4()), "Content-Type": "application/json"}
        if match is not None:
            sent["If-Match"] = match
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        url = self.stack.wiring.url(f"{service} api") + path
        answer = self._http.request(method, url, content=content, headers=sent | headers)
        self._keep(answer)
        return answer

    def do(self, service: str, who: str, path: str, body: Any, **how: Any) -> dict[str, Any]:
        """A command that is to succeed; its answer."""
        answer = self.send(service, who, path, body, **how)
        assert answer.is_success, f"{who}: POST {path} answered {answer.status_code}: {answer.text[:500]}"
        said: dict[str, Any] = answer.json()
        return said

    def get(self, service: str, who: str | None, path: str) -> Any:
        """Read, as who has standing."""
        answer = self.send(service, who, path, method="GET")
        assert answer.is_success, f"{who}: GET {path} answered {answer.status_code}: {answer.text[:500]}"
        return answer.json()

    def hire(self, role: str, organisation: str, name: str = "Persona de prueba") -> str:
        """A new person with one account, registered by the registrar; the account's subject."""
        subject = f"{role}-{uuid4()}"
        person = self.do("custody", "registrar", "/v1/persons", {"name": name})["id"]
        account = {
            "organisation": self.organisations[organisation],
            "role": role,
            "issuer": ISSUER,
            "subject": subject,
        }
        self.do("custody", "registrar", f"/v1/persons/{person}/accounts", account)
        self.persons[subject] = person
        return subject

    def once_known(self, service: str, who: str, path: str, body: Any) -> dict[str, Any]:
        """A command that is to succeed as soon as the service has read what it depends on: until then it is a 404."""
        key = str(uuid4())

        def found() -> httpx2.Response | None:
            answer = self.send(service, who, path, body, key=key)
            return None if answer.status_code == 404 else answer

        answer = wait_until(found, EFFECT_SECONDS, f"{service} to know what {path} is about")
        assert answer.is_success, f"{who}: POST {path} answered {answer.status_code}: {answer.text[:500]}"
        said: dict[str, Any] = answer.json()
        return said

    def open_link(self, link: str) -> httpx2.Response:
        """What the button on the page behind an address link does."""
        assert f"{urlsplit(link).scheme}://{urlsplit(link).netloc}" == self.stack.wiring.url("notify api")
        return self._http.post(link)

    def probe(self, process: str, path: str) -> httpx2.Response:
        """`/healthz`, `/readyz` or `/metrics` of one of the six."""
        return self._http.get(self.stack.wiring.url(process) + path)

    def _keep(self, answer: httpx2.Response) -> None:
        if answer.headers.get("content-type", "").endswith("json"):
            said = answer.json()
            self.promises += said.get("promises") or [] if isinstance(said, dict) else []


def no(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a problem; no code for what is none."""
    if answer.headers.get("content-type") != "application/problem+json":
        return answer.status_code, ""
    return answer.status_code, str(answer.json()["type"]).removeprefix("urn:cadena:problem:")


def command_of(who: str, key: str) -> str:
    """The `command` that the events of this account's key carry."""
    return command_hash(account_digest(ISSUER, who), key)


def at_once(calls: list[Callable[[], T]]) -> list[T]:
    """What each call returned; none begins before all are ready to."""
    together = threading.Barrier(len(calls))

    def begin(call: Callable[[], T]) -> T:
        together.wait(EFFECT_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))
