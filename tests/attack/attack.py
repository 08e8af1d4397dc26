"""One row of the table: a request as it goes over the wire, and the answer that it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Attack:
    """`headers` stand as they are sent, in order; `code` is the problem's type without its prefix, None for no problem.

    `fact` is true for a refusal that is recorded: by a rule, or by role of a person with standing.
    """

    name: str
    service: str
    method: str
    path: str
    status: int
    code: str | None
    headers: Headers = ()
    body: bytes | None = None
    fact: bool = False


@dataclass(frozen=True)
class Front:
    """How a caller of one account asks one service: what a row changes, it gives; the rest is as it should be."""

    service: str
    token: str
    key: str
    extra: Mapping[str, str] = field(default_factory=dict)

    def post(
        self,
        name: str,
        path: str,
        body: Any,
        status: int,
        code: str | None,
        *,
        fact: bool = False,
        **headers: str | None,
    ) -> Attack:
        """A POST of `body`, bytes as they are; a header of None is left out, underscores stand for hyphens."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        every = {
            "authorization": f"Bearer {self.token}",
            "idempotency-key": self.key,
            "content-type": "application/json",
        }
        return Attack(name, self.service, "POST", path, status, code, self._headers(every, headers), raw, fact)

    def get(self, name: str, path: str, status: int, code: str | None, **headers: str | None) -> Attack:
        """A GET."""
        every = {"authorization": f"Bearer {self.token}"}
        return Attack(name, self.service, "GET", path, status, code, self._headers(every, headers))

    def _headers(self, every: Mapping[str, str], changes: Mapping[str, str | None]) -> Headers:
        given = {**every, **self.extra, **{name.replace("_", "-"): value for name, value in changes.items()}}
        return tuple((name, value) for name, value in given.items() if value is not None)


def with_another(attack: Attack, name: str, value: str, status: int, code: str) -> Attack:
    """The same with one more header of a name that may be there already."""
    return Attack(
        f"{attack.name}: {name} twice", attack.service, attack.method, attack.path, status, code,
        (*attack.headers, (name, value)), attack.body,
    )  # fmt: skip


def names(attacks: Sequence[Attack]) -> list[str]:
    """For test ids."""
    return [one.name for one in attacks]
