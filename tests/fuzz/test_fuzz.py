"""Whatever is sent, no service fails, and every answer is what its document says."""

import json

from deploy.openapi import SERVICES, path
from tests.e2e.outside import Outside
from tests.fuzz.campaign import run

REQUESTS = 5_000
SEED = 20_261_123


def test_every_answer_is_what_the_documents_say(outside: Outside) -> None:
    report = run(outside, REQUESTS, SEED)
    assert not report.faults, "\n".join(report.faults)
    assert report.sent >= REQUESTS
    documents = [json.loads(path(one).read_text("utf-8")) for one in SERVICES]
    operations = {
        f"{verb.upper()} {route}" for one in documents for route, verbs in one["paths"].items() for verb in verbs
    }
    assert set(report.operations) == operations
    assert {200, 201} <= set(report.answers), "no request got through: the run tried nothing but the front door"
