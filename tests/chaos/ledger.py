"""The ledger as anyone sees it from outside: entries, proofs, the verifier's verdict, and what processes measure."""

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
from shared.tiles import tiles_of, unframe
from tests.chaos.callers import Kept


@dataclass(frozen=True)
class Leaf:
    """One entry: its index and what it says."""

    index: int
    event: dict[str, Any]


class Head(NamedTuple):
    """A tree's size and its root in base64."""

    size: int
    root: str


def leaves(stack: Stack) -> list[Leaf]:
    """Every entry under the published head."""
    token = {"Authorization": f"Bearer {stack.token('auditor')}"}
    with _log(stack) as log:
        size = int(log.get("/checkpoint").raise_for_status().text.splitlines()[1])
        raw = [
            entry
            for tile in tiles_of(None, size)
            for entry in unframe(log.get(f"/{tile.path}", headers=token).raise_for_status().content)
        ]
    assert len(raw) == size
    return [Leaf(index, json.loads(entry)) for index, entry in enumerate(raw)]


def head(stack: Stack) -> Head | None:
    """The published head, unverified; None while the log does not answer."""
    try:
        with _log(stack) as log:
            answer = log.get("/checkpoint")
    except httpx2.HTTPError:
        return None
    return _head(answer.text) if answer.status_code == 200 else None


def heads(stack: Stack) -> set[Head]:
    """Every head that the log says it has signed."""
    found: set[Head] = set()
    with _log(stack) as log:
        after: int | None = 0
        while after is not None:
            page = log.get(f"/v1/checkpoints?after={after}&limit=1000").raise_for_status().json()
            found |= {_head(one["note"]) for one in page["checkpoints"]}
            after = page["next"]
    return found


def unsealed(stack: Stack, kept: Iterable[Kept]) -> list[Kept]:
    """Those of which no event is in the log; the log must answer."""
    with _log(stack) as log:
        found = [(one, {log.get(f"/v1/proofs/{event}").status_code for event in one.events}) for one in kept]
    assert set().union(*(statuses for _, statuses in found)) <= {200, 404}
    return [one for one, statuses in found if statuses == {404}]


def all_sealed(stack: Stack, kept: Iterable[Kept]) -> bool:
    """Whether the log proves every event of these, now; False also while it does not answer."""
    try:
        with _log(stack) as log:
            return all(log.get(f"/v1/proofs/{event}").status_code == 200 for one in kept for event in one.events)
    except httpx2.HTTPError:
        return False


def _head(note: str) -> Head:
    _, size, root, *_ = note.splitlines()
    return Head(int(size), root)


def _log(stack: Stack) -> httpx2.Client:
    return httpx2.Client(base_url=stack.wiring.url("audit api"), timeout=30)


def verdict(stack: Stack, promises: Iterable[str], folder: Path) -> dict[str, Any]:
    """What cadena-verify reports of the whole log and of these promises; it must find no defect."""
    for number, promise in enumerate(promises):
        (folder / f"{number:06}.jws").write_text(promise)
    argv = [sys.executable, "-m", "cadena_verify", stack.wiring.url("audit api"), "--vkey", stack.vkey, "--json"]
    argv += ["--bearer", stack.token("auditor"), "--promises", str(folder)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=180)
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
