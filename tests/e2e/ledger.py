"""The log as anyone reads it over HTTP, an auditor's token for the entries: leaves, proofs, the verifier's verdict."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploy.local.waiting import wait_until
from shared.tiles import tiles_of, unframe
from tests.e2e.outside import EFFECT_SECONDS, Outside

VERIFY_SECONDS = 120


@dataclass(frozen=True)
class Leaf:
    """One entry."""

    index: int
    raw: bytes

    @cached_property
    def event(self) -> dict[str, Any]:
        """What it says."""
        event: dict[str, Any] = json.loads(self.raw)
        return event

    @property
    def kind(self) -> str:
        """The type without its prefix and version: `custody.sample.registered`."""
        return str(self.event["type"]).removeprefix("org.cadena.").rpartition(".")[0]


@dataclass(frozen=True)
class Proof:
    """What a `.tlog-proof` says: the leaf's index, and size and root of the head that it is against."""

    index: int
    size: int
    root: str


class Ledger:
    """The one log of an installation."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def leaves(self) -> list[Leaf]:
        """Every entry under the newest head."""
        size = int(self._log("/checkpoint").text.splitlines()[1])
        raw = [entry for tile in tiles_of(None, size) for entry in unframe(self._log(f"/{tile.path}").content)]
        assert len(raw) == size
        return [Leaf(index, entry) for index, entry in enumerate(raw)]

    def of_command(self, *commands: str) -> list[Leaf]:
        """The leaves of these commands, once all that was recorded before is in the log."""
        self.settle()
        return [leaf for leaf in self.leaves() if leaf.event["command"] in commands]

    def find(self, kind: str, **data: str) -> list[Leaf]:
        """Leaves of a kind whose data have these members, now."""
        return [leaf for leaf in self.leaves() if leaf.kind == kind and data.items() <= leaf.event["data"].items()]

    def until_found(self, kind: str, **data: str) -> Leaf:
        """The first such leaf, as soon as there is one."""
        return wait_until(lambda: self.find(kind, **data), EFFECT_SECONDS, f"{kind} {data} to be sealed")[0]

    def settle(self) -> None:
        """Wait until everything that custody and notify have recorded so far is in the log.

        Each service's events reach it in the order of recording, so it is enough to wait for one that comes last. At
        notify that may be a refusal, which is a leaf as well: a party gives five addresses a day.
        """
        last = [
            self._outside.do("custody", "court", "/v1/persons", {"name": "Nadie"}),
            self._outside.send("notify", "oversight", "/v1/parties", {"address": "visitadora@example.org"}).json(),
        ]
        self.until_sealed(promise for said in last for promise in said["promises"])

    def until_sealed(self, promises: Iterable[str]) -> None:
        """Wait until the log proves every promised event."""
        for promise in promises:
            event = claims(promise)["event"]
            wait_until(lambda: self.proof(event), EFFECT_SECONDS, f"event {event} to be sealed")  # noqa: B023

    def proof(self, event: str, size: int | None = None) -> Proof | None:
        """The proof of an event against the newest head, or the one of `size`; None where there is none."""
        asked = f"/v1/proofs/{event}" + ("" if size is None else f"?size={size}")
        answer = self._outside.send("audit", None, asked, method="GET")
        if answer.status_code == 404:
            return None
        lines = answer.raise_for_status().text.split("\n")
        index = next(line.split()[1] for line in lines if line.startswith("index "))
        checkpoint = lines[lines.index("") + 1 :]
        return Proof(int(index), int(checkpoint[1]), checkpoint[2])

    def verify(self, promises: list[str], folder: Path) -> dict[str, Any]:
        """What cadena-verify, which shares no code with the services, reports of the whole log and these promises."""
        for number, promise in enumerate(promises):
            (folder / f"{number:05}.jws").write_text(promise)
        arguments = [self._outside.stack.wiring.url("audit api"), "--vkey", self._outside.stack.vkey, "--json"]
        ran = cadena_verify(
            *arguments, "--quiet", "--bearer", self._outside.token("auditor"), "--promises", str(folder)
        )
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
        report: dict[str, Any] = json.loads(ran.stdout)
        return report

    def _log(self, path: str) -> Any:
        return self._outside.send("audit", "auditor", path, method="GET").raise_for_status()


def claims(promise: str) -> dict[str, Any]:
    """What a promise says."""
    part = promise.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


def cadena_verify(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier."""
    argv = [sys.executable, "-m", "cadena_verify", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=VERIFY_SECONDS)


def events_of(said: dict[str, Any]) -> list[str]:
    """The ids of the events that an answer promises."""
    return [str(claims(promise)["event"]) for promise in said["promises"]]


def until(predicate: Callable[[], Any], what: str) -> None:
    """Wait for a condition."""
    wait_until(predicate, EFFECT_SECONDS, what)
