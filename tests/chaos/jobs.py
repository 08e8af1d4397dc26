"""What the callers do: register, hand over, propose, subscribe, give addresses; what a rule refuses is a fact too."""

import random
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.stack import Stack
from tests.chaos.callers import SAMPLES, Callers, Kept

PACE_SECONDS = 0.2
COURT_SECONDS = 2.0
MANY = 20
UNKNOWN_YET = (404, 503)
"""What notify answers until it has read who asks, and for which case that one speaks."""
HEAPING = ("lab", "lab_2", "lab_3")
PARTIES = (
    "registrar", "lab", "lab_2", "lab_3", "custodian", "custodian_2", "courier", "prosecutor", "court", "auditor",
    "oversight",
)  # fmt: skip
COLLECTED = "2003-05-12T09:30:00Z"


class Office:
    """A case of the prosecutor's with two labs, a store, counsel, and people who change their address."""

    def __init__(self, stack: Stack, callers: Callers, seed: int) -> None:
        self.stack, self.callers, self.seed = stack, callers, seed
        self.mark = f"{seed:06x}"
        rng = random.Random(seed)
        organisation = stack.directory["organisations"]
        self.store = organisation["store"]
        self.authority = organisation["prosecutor"]
        self.case = self.open_case("", rng)
        self.proposable: deque[str] = deque()
        self.proposals: list[Kept] = []
        self.addresses: list[Kept] = []
        self._heaping, self._proposing = threading.Event(), threading.Event()

    def open_case(self, mark: str, rng: random.Random) -> str:
        """A case of the prosecutor's; its id."""
        folio = {"authority": self.authority, "folio": f"FR-{self.mark}{mark}"}
        return str(self.callers.do("custody", "prosecutor", "/v1/cases:resolve", folio, rng).said["id"])

    def appoint(self, counsel: str, case: str, rng: random.Random) -> None:
        """Counsel of record of a case, appointed by the court."""
        callers = self.callers
        client = callers.do("custody", "court", "/v1/persons", {"name": "Persona sentenciada"}, rng).said["id"]
        body = {"person": client, "role": "convicted", "source": "Sentencia 44/2004"}
        callers.do("custody", "court", f"/v1/cases/{case}/persons", body, rng, expect=(200,))
        source = {"kind": "court_appointment", "reference": "AC-2026-17"}
        body = {"counsel": self.stack.directory["persons"][counsel], "client": client, "source": source}
        callers.do("custody", "court", f"/v1/cases/{case}/counsel", body, rng, expect=(200,))

    def register(self, lab: str, number: int, rng: random.Random) -> Kept:
        """One sample; its retention has long been over."""
        return self.callers.do("custody", lab, SAMPLES, self.sample(number), rng)

    def sample(self, number: int) -> dict[str, Any]:
        """What is said of one when it is registered."""
        return {
            "case": self.case, "kind": "blood", "label": f"{self.mark}-{number:05}", "seal": f"S-{number:05}",
            "quantity": {"amount": 1, "unit": "tube"}, "collected_at": COLLECTED, "collected_place": "Patio norte",
        }  # fmt: skip

    def lab(self, lab: str, stop: threading.Event) -> None:
        """Registers one sample after the other, hands over every third, leaves every second to the prosecutor."""
        rng, number, handed = random.Random(f"{self.seed} {lab}"), 0, list[dict[str, Any]]()
        while not stop.wait(PACE_SECONDS):
            number += 1
            sample = self.register(lab, number, rng)
            if number % 8 == 0:
                self.refused(sample, rng)
            if number % 2 == 0:
                self.proposable.append(sample.said["id"])
            elif number % 3 == 0:
                handed.append(sample.said)
            if len(handed) == 2:
                self.hand_over(lab, handed, rng)
                handed = []

    def refused(self, sample: Kept, rng: random.Random) -> None:
        """The same label again, as another command: refused by a rule, and recorded (G9)."""
        self.callers.do("custody", sample.who, sample.path, sample.body, rng, expect=(409,))

    def hand_over(self, lab: str, samples: list[dict[str, Any]], rng: random.Random) -> None:
        """An offer to the store, accepted or refused."""
        terms = {
            "samples": [sample["id"] for sample in samples], "to_organisation": self.store, "purpose": "review",
            "transport": "vehicle", "temperature": "ambient",
        }  # fmt: skip
        offer = self.callers.do("custody", lab, "/v1/offers", terms, rng).said
        path = f"/v1/offers/{offer['id']}"
        if rng.random() < 0.3:
            body: dict[str, Any] = {"reason": "broken_seal", "note": "Sello roto"}
            self.callers.do("custody", "custodian", f"{path}:refuse", body, rng, expect=(200,))
            return
        body = {"receipts": [{"sample": one["id"], "seal": one["seal"], "condition": "intact"} for one in samples]}
        match = f'"{offer["version"]}"'
        self.callers.do("custody", "custodian", f"{path}:accept", body, rng, match=match, expect=(200,))

    def prosecutor(self, stop: threading.Event) -> None:
        """Proposes the destruction of what the labs left: now and then, and one after the other when there is to be more."""
        rng = random.Random(f"{self.seed} prosecutor")
        while not stop.wait(PACE_SECONDS):
            if self.proposable and (self._proposing.is_set() or rng.random() < 0.1):
                self.propose([self.proposable.popleft()], rng)

    def propose(self, samples: list[str], rng: random.Random) -> Kept:
        """One proposal; counsel will have to be warned of it."""
        day = datetime.now(UTC).date() + timedelta(days=120)
        body = {"samples": samples, "planned_on": str(day), "reason": "retention_over", "method": "incineration"}
        proposal = self.callers.do("custody", "prosecutor", "/v1/proposals", body, rng)
        self.proposals.append(proposal)
        return proposal

    def people(self, stop: threading.Event) -> None:
        """Give notify one address after the other; from the sixth on it is refused, which is a fact too."""
        rng, number = random.Random(f"{self.seed} people"), 0
        while not stop.wait(PACE_SECONDS):
            number += 1
            who = rng.choice(PARTIES)
            self.give(who, f"{who}{number}@example.org", rng)

    def give(self, who: str, address: str, rng: random.Random) -> None:
        """An address, to which a link is mailed unless a later one is given before."""
        given = self.callers.do(
            "notify", who, "/v1/parties", {"address": address}, rng, expect=(200, 201, 409), later=UNKNOWN_YET
        )
        if given.status != 409:
            self.addresses.append(given)

    def court(self, stop: threading.Event) -> None:
        """A case after the other with counsel of record, who asks notify to be told of it once that is sealed."""
        rng, number = random.Random(f"{self.seed} court"), 0
        while not stop.wait(COURT_SECONDS):
            number += 1
            case = self.open_case(f"-{number:05}", rng)
            self.appoint("defence", case, rng)
            self.callers.do("notify", "defence", "/v1/subscriptions", {"case": case}, rng, later=UNKNOWN_YET)

    def heap(self, place: int, stop: threading.Event) -> None:
        """Register as fast as there are answers, while there is to be more: one at a time, and some at a time."""
        lab, rng, number = HEAPING[place], random.Random(f"{self.seed} heap {place}"), 1_000_000
        while not stop.is_set():
            if self._heaping.wait(PACE_SECONDS):
                count = rng.choice((1, 1, MANY))
                samples = [self.sample(number + at) for at in range(count)]
                number += count
                if count > 1:
                    self.callers.register(lab, samples, rng)
                else:
                    self.callers.do("custody", lab, SAMPLES, samples[0], rng)

    @contextmanager
    def heaping_up(self) -> Iterator[None]:
        """While this lasts, whoever heaps does."""
        with _set(self._heaping):
            yield

    @contextmanager
    def proposing_more(self) -> Iterator[None]:
        """While this lasts, the prosecutor proposes as fast as there are answers."""
        with _set(self._proposing):
            yield


@contextmanager
def _set(event: threading.Event) -> Iterator[None]:
    event.set()
    try:
        yield
    finally:
        event.clear()
