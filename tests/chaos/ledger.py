"""The ledger as anyone sees it from outside: entries, heads, the verifier's verdict, and what processes measure."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.stack import Stack
from shared.tiles import WIDTH, tiles_of, unframe
from tests.chaos.callers import Kept

VERIFIER_SECONDS = 600


@dataclass(frozen=True)
class Leaf:
    """One entry: its index and what it says."""

    index: int
    event: dict[str, Any]


class Head(NamedTuple):
    """A tree's size and its root in base64."""

    size: int
    root: str


class Log:
    """What the log publishes, read on from where the last look ended. Unverified: that is the verifier's work."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._client = httpx2.Client(base_url=stack.wiring.url("audit api"), timeout=30)
        self._ids: set[str] = set()
        self.leaves: list[Leaf] = []

    def look(self) -> Head | None:
        """Read what is new under the published head; None while the log does not answer."""
        try:
            published = head_of(self._client.get("/checkpoint").raise_for_status().text)
            if published.size > len(self.leaves):
                self._read(published.size)
        except httpx2.HTTPError:
            return None
        return published

    def missing(self, kept: Iterable[Kept]) -> int:
        """How many events of these commands had not been seen in the log at the last look."""
        return sum(event not in self._ids for one in kept for event in one.events)

    def heads(self) -> set[Head]:
        """Every head that the log says it has signed."""
        found: set[Head] = set()
        after: int | None = 0
        while after is not None:
            page = self._client.get(f"/v1/checkpoints?after={after}&limit=1000").raise_for_status().json()
            found |= {head_of(one["note"]) for one in page["checkpoints"]}
            after = page["next"]
        return found

    def _read(self, size: int) -> None:
        known = len(self.leaves)
        token = {"Authorization": f"Bearer {self._stack.token('auditor')}"}
        raw: list[bytes] = []
        for tile in tiles_of(None, size):
            if tile.index >= known // WIDTH:
                raw += unframe(self._client.get(f"/{tile.path}", headers=token).raise_for_status().content)
        fresh = [Leaf(index, json.loads(entry)) for index, entry in enumerate(raw[known % WIDTH :], known)]
        self.leaves += fresh
        self._ids |= {leaf.event["id"] for leaf in fresh}
        assert len(self.leaves) == size


def head_of(note: str) -> Head:
    """Size and root of a checkpoint, its signature unread."""
    _, size, root, *_ = note.splitlines()
    return Head(int(size), root)


def verdict(stack: Stack, promises: Iterable[str], folder: Path) -> dict[str, Any]:
    """What cadena-verify reports of the whole log and of these promises; it must find no defect."""
    for number, promise in enumerate(promises):
        (folder / f"{number:06}.jws").write_text(promise)
    argv = [sys.executable, "-m", "cadena_verify", stack.wiring.url("audit api"), "--vkey", stack.vkey, "--json"]
    argv += ["--bearer", stack.token("auditor"), "--promises", str(folder)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=VERIFIER_SECONDS)
    assert ran.returncode == 0, f"cadena-verify ended with {ran.returncode}: {ran.stdout[-4000:]}{ran.stderr[-2000:]}"
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


def metric(stack: Stack, process: str, name: str, **labels: str) -> float:
    """One sample of a process's metrics; AssertionError where there is none."""
    text = httpx2.get(f"{stack.wiring.url(process)}/metrics", timeout=30).raise_for_status().text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    raise AssertionError(f"{process} measures no {name} {labels}")
