"""A caller of the API as a lab system would write one: a key for every command, the same key for a retry."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

from deploy.local.problem import StackProblem


@dataclass
class Caller:
    """One account at one service. `promises` collects every promise that an answer carried."""

    base: str
    token: str
    promises: list[str] = field(default_factory=list)

    def post(
        self,
        path: str,
        body: dict[str, Any],
        *,
        key: str | None = None,
        match: str | None = None,
        expect: tuple[int, ...] = (200, 201, 202),
    ) -> httpx2.Response:
        """Send a command; raises StackProblem with the service's own words for a status that was not expected."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid4())}
        if match:
            headers["If-Match"] = match
        answer = httpx2.post(self.base + path, json=body, headers=headers, timeout=30)
        self._check(answer, expect)
        self.promises += [promise for promise in answer.json().get("promises", []) if promise not in self.promises]
        return answer

    def get(self, path: str, expect: tuple[int, ...] = (200,)) -> Any:
        """Read; the parsed answer."""
        answer = httpx2.get(self.base + path, headers={"Authorization": f"Bearer {self.token}"}, timeout=30)
        self._check(answer, expect)
        return answer.json()

    def _check(self, answer: httpx2.Response, expect: tuple[int, ...]) -> None:
        if answer.status_code not in expect:
            raise StackProblem(
                f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}"
            )
