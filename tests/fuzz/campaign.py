"""One run over all three services of a running installation, with something in it for the requests to hit."""

import json
from collections.abc import Callable

from deploy.openapi import SERVICES, path
from tests.e2e.matter import Matter
from tests.e2e.outside import Outside
from tests.fuzz.fuzzer import MOST_FAULTS, Fuzzer, Report
from tests.fuzz.shaping import Known, Shaper

CALLERS = {
    "custody": ("registrar", "court", "prosecutor", "lab", "lab", "custodian", "courier", "defence", "oversight"),
    "notify": ("defence", "defence", "prosecutor", "court", "lab"),
    "audit": ("auditor", "oversight", "lab"),
}
"""Accounts that call a service: those most often that may do most there."""


def furnish(outside: Outside) -> Known:
    """Cases, samples, offers and proposals of several parties, and the accounts that may do something with them."""
    matters = [Matter(outside) for _ in range(3)]
    samples, offers, proposals = [], [], []
    for matter in matters:
        matter.appoint("defence")
        mine = [matter.register() for _ in range(4)]
        samples += [one["id"] for one in mine]
        offers += [matter.offer([one["id"]])["id"] for one in mine[:2]]
        proposals.append(matter.propose([mine[3]["id"]])["id"])
    ids = {
        "case": [one.case for one in matters], "sample": samples, "offer": offers, "proposal": proposals,
        "person": list(outside.persons.values()), "client": [one.client for one in matters],
        "counsel": [outside.persons["defence"]], "party_id": list(outside.persons.values()),
        "organisation": list(outside.organisations.values()),
        "authority": [outside.organisations[one] for one in ("prosecutor", "court")],
    }  # fmt: skip
    tokens = {service: [outside.mint(one, service) for one in callers] for service, callers in CALLERS.items()}
    return Known(ids, tokens)


def run(outside: Outside, requests: int, seed: int, say: Callable[[Report], None] = lambda report: None) -> Report:
    """Send at least `requests`, in rounds over every operation; ends early after twenty faults."""
    report = Report()
    known, wiring = furnish(outside), outside.stack.wiring
    fuzzers = [
        Fuzzer(json.loads(path(one).read_text("utf-8")), wiring.url(f"{one} api"), Shaper(known, one, seed), report)
        for one in SERVICES
    ]
    rounds = [one.rounds(seed) for one in fuzzers]
    try:
        while report.sent < requests and len(report.faults) < MOST_FAULTS:
            for one in rounds:
                next(one)
                say(report)
    finally:
        for fuzzer in fuzzers:
            fuzzer.close()
    return report
