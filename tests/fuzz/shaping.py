"""From what a generator made to what is sent: accounts that exist, keys of their own, ids that are known to someone.

A generator that only invents ids never gets past the first look-up. So of the ids in path and body some are exchanged
for ones that the installation knows, and most requests come from an account that exists.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

KNOWN_ID = 0.85
"""Share of the ids that are exchanged for a known one."""
KNOWN_ACCOUNT = 0.95
OWN_KEY = 0.9
NEWEST_VERSION = 0.5


@dataclass(frozen=True)
class Known:
    """What exists: ids by the name of the member or parameter that may hold them, and accounts' tokens by service."""

    ids: Mapping[str, Sequence[str]]
    tokens: Mapping[str, Sequence[str]]


class Shaper:
    """Changes to the requests of one service in one run, drawn from its seed."""

    def __init__(self, known: Known, service: str, seed: int) -> None:
        self._ids, self._tokens, self._random = known.ids, known.tokens[service], random.Random(f"{service} {seed}")

    def headers(self, drawn: Mapping[str, Any] | None, parameters: frozenset[str]) -> dict[str, str]:
        """The headers to send, by what the generator drew for the `parameters` that the operation has."""
        headers = {str(name): str(value) for name, value in (drawn or {}).items()}
        if "Authorization" in parameters and self._random.random() < KNOWN_ACCOUNT:
            headers["Authorization"] = f"Bearer {self._random.choice(self._tokens)}"
        if "Idempotency-Key" in parameters and self._random.random() < OWN_KEY:
            headers["Idempotency-Key"] = str(uuid4())
        if "If-Match" in parameters and self._random.random() < NEWEST_VERSION:
            headers["If-Match"] = f'"{self._random.randint(1, 4)}"'
        return headers

    def path(self, drawn: Mapping[str, Any] | None) -> dict[str, Any]:
        """The path's parameters."""
        return {name: self.value(value, name) for name, value in (drawn or {}).items()}

    def value(self, drawn: Any, name: str = "") -> Any:
        """A value of the body, all the way down; `name` is that of the member it stands in."""
        if isinstance(drawn, dict):
            return {key: self.value(inner, str(key)) for key, inner in drawn.items()}
        if isinstance(drawn, list):
            return [self.value(inner, name) for inner in drawn]
        ids = self._ids.get(name.removesuffix("s").removeprefix("to_"))
        if ids and _is_id(drawn) and self._random.random() < KNOWN_ID:
            return self._random.choice(ids)
        return drawn


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
