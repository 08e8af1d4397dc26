"""Draw requests from a service's document, send them, and judge each answer by the same document."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.shaping import Shaper

CHECKS: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
ROUND = 50
"""Requests of one operation and mode in one round."""
SECONDS = 60.0
MOST_FAULTS = 20


@dataclass
class Report:
    """What a run sent and what came back."""

    answers: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How many requests were answered."""
        return self.answers.total()


class Fuzzer:
    """One service's operations at one address."""

    def __init__(self, document: dict[str, Any], url: str, shaper: Shaper, report: Report) -> None:
        schema = schemathesis.openapi.from_dict(document)
        self._operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        self._url, self._shaper, self._report = url, shaper, report
        self._session = requests.Session()

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def rounds(self, seed: int) -> Iterator[int]:
        """Sends a round at each step and yields how many requests it had, for ever; an empty round ends it."""
        while True:
            before = self._report.sent
            for operation in self._operations:
                for mode in MODES:
                    self._draw(operation, mode, seed)
            yield self._report.sent - before
            seed += 1

    def _draw(self, operation: Any, mode: GenerationMode, seed: int) -> None:
        parameters = frozenset(one.name for one in operation.iter_parameters())

        @settings(
            max_examples=ROUND, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @seeded(seed)
        @given(operation.as_strategy(generation_mode=mode))
        def run(case: Any) -> None:
            self._send(case, parameters)

        try:
            run()
        except Unsatisfiable:  # nothing can be wrong with a request that has nothing to choose
            if mode is not GenerationMode.NEGATIVE:
                raise

    def _send(self, case: Any, parameters: frozenset[str]) -> None:
        if len(self._report.faults) >= MOST_FAULTS:
            return
        case.headers = self._shaper.headers(case.headers, parameters)
        case.path_parameters = self._shaper.path(case.path_parameters)
        case.body = self._shaper.value(case.body)
        answer = case.call(base_url=self._url, session=self._session, timeout=SECONDS)
        name = f"{case.operation.method.upper()} {case.operation.path}"
        self._report.answers[answer.status_code] += 1
        self._report.operations[name] += 1
        if answer.status_code >= 500:
            self._fault(name, case, f"answered {answer.status_code}: {answer.text[:300]}")
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for one in group.exceptions:
                self._fault(name, case, f"answered {answer.status_code}, against its document: {one}")

    def _fault(self, name: str, case: Any, what: str) -> None:
        sent = {member: value for member, value in (case.headers or {}).items() if member != "Authorization"}
        self._report.faults.append(f"{name} {case.path_parameters} {case.query} {sent} {case.body!r:.600}\n  {what}")
