"""What outsiders take away: a laboratory's batch and its feed, counsel's case, by the six processes as they run (G1, G7)."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cadena_verify.cli import main as verify

from deploy.local.waiting import wait_until
from tests.e2e.matter import Matter, sample_body
from tests.e2e.outside import EFFECT_SECONDS, Outside

COUNT = 120


@pytest.fixture(scope="module")
def matter(outside: Outside) -> Matter:
    matter = Matter(outside)
    matter.appoint("defence")
    return matter


@pytest.fixture(scope="module")
def registered(outside: Outside, matter: Matter) -> list[dict[str, Any]]:
    """Samples of one batch, as the laboratory was answered."""
    samples = [sample_body(matter.case) | {"key": str(uuid4())} for _ in range(COUNT)]
    results = outside.do("custody", "lab", "/v1/samples:batch", {"samples": samples})["results"]
    assert [result["status"] for result in results] == [201] * COUNT
    return [result["body"] for result in results]


def test_g1_every_sample_of_a_batch_comes_to_the_laboratorys_feed_sealed_once(
    outside: Outside, registered: list[dict[str, Any]]
) -> None:
    wanted, seen, after = {sample["id"] for sample in registered}, dict[int, str](), ""

    def complete() -> bool:
        nonlocal after
        page = outside.get("custody", "lab", f"/v1/changes?limit=50{after}")
        for item in page["items"]:
            subject = str(item["event"].get("subject"))
            if item["event"]["type"].endswith("sample.registered.v1") and subject.partition("/")[2] in wanted:
                seen[item["index"]] = subject.partition("/")[2]
        after = "" if page["next"] is None else f"&after={page['next']}"
        return len(seen) >= len(wanted)

    wait_until(complete, EFFECT_SECONDS, "the batch to come to the feed")
    assert sorted(seen.values()) == sorted(wanted)


def test_g7_counsel_takes_the_case_and_checks_it_offline(
    outside: Outside, matter: Matter, registered: list[dict[str, Any]], tmp_path: Path
) -> None:
    file, path = tmp_path / "case.jsonl", f"/v1/cases/{matter.case}/export"

    def all_proved() -> bool:
        answer = outside.send("custody", "defence", path, method="GET")
        assert answer.status_code in (200, 503), answer.text
        file.write_bytes(answer.content)
        return answer.status_code == 200 and b'"promise"' not in answer.content

    wait_until(all_proved, EFFECT_SECONDS, "the whole case to be proved")
    vkey = outside.stack.wiring.vkey_file.read_text().strip()
    assert verify(["case", str(file), "--vkey", vkey]) == 0
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    events = [json.loads(line["event"]) for line in lines if "event" in line]
    subjects = {event.get("subject") for event in events}
    assert {f"sample/{sample['id']}" for sample in registered} <= subjects
    assert sum("sealed" in line for line in lines) == lines[-1]["end"]["sealed"] == COUNT + 1
    file.write_bytes(file.read_bytes().replace(b"Patio norte", b"Patio sur..", 1))
    assert verify(["case", str(file), "--vkey", vkey]) == 1
