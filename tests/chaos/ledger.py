"""The ledger as anyone sees it from outside: entries, proofs, the verifier's verdict, and what processes measure."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def _log(stack: Stack) -> httpx2.Client:
    return httpx2.Client(base_url=stack.wiring.url("audit api"), timeout=30)


def verdict(stack: Stack, folder: Path, promises: Iterable[str] = ()) -> dict[str, Any]:
    """What cadena-verify reports of the whole log; it must find no defect, and every head that `folder` remembers."""
    kept = folder / "promises"
    kept.mkdir(exist_ok=True)
    for number, promise in enumerate(promises):
        (kept / f"{number:06}.jws").write_text(promise)
    argv = [sys.executable, "-m", "cadena_verify", stack.wiring.url("audit api"), "--vkey", stack.vkey, "--json"]
    argv += ["--bearer", stack.token("auditor"), "--seen", str(folder / "seen"), "--promises", str(kept)]
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
