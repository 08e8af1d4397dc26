"""The first half of the story: samples, a retry, a hand-over refused for a broken seal, an act that is refused."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from deploy.demo.teller import Teller
from deploy.demo.troupe import Troupe
from deploy.local.problem import StackProblem

LABS = ("lab", "lab_2", "lab_3")
KINDS = ("blood", "swab", "hair", "textile", "saliva", "bone", "extract", "semen")
SAMPLES = 40
COLLECTED = datetime(2003, 5, 12, 9, 30, tzinfo=UTC)


@dataclass
class Evidence:
    """What the first half leaves for the second."""

    cases: list[str] = field(default_factory=list)
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Case → its samples; every third case's were collected by `LABS[0]` and so on."""
    holder: dict[str, str] = field(default_factory=dict)
    """Sample → the lab that registered it."""


def register(troupe: Troupe, teller: Teller) -> Evidence:
    """40 samples of 3 cases by 3 labs; the same command again changes nothing."""
    found = Evidence()
    teller.step("The prosecutor's office opens three cases; three labs register 40 samples.")
    prosecutor = troupe.at("custody", "prosecutor")
    for number in range(3):
        reference = {"authority": troupe.organisation("prosecutor"), "folio": f"FR-2003-{number + 101:05}"}
        case = prosecutor.post("/v1/cases:resolve", reference).json()
        found.cases.append(case["id"])
        teller.say(f"case {case['id']}  folio {reference['folio']}")
    last: tuple[str, str, dict[str, object], str] = ("", "", {}, "")
    for number in range(SAMPLES):
        case, lab, key = found.cases[number % 3], LABS[number % 3], str(uuid4())
        body = sample_body(case, number)
        sample = troupe.at("custody", lab).post("/v1/samples", body, key=key)
        last = (key, lab, body, sample.text)
        found.samples.setdefault(case, []).append(sample.json()["id"])
        found.holder[sample.json()["id"]] = lab
    for lab, case in zip(LABS, found.cases, strict=True):
        teller.say(f"{troupe.organisation(lab)} registered {len(found.samples[case])} samples of case {case}")
    retry(troupe, teller, *last)
    return found


def sample_body(case: str, number: int) -> dict[str, object]:
    """One sample as a lab's system would send it. Collected in 2003, so that its retention is over in 2023."""
    return {
        "case": case,
        "kind": KINDS[number % len(KINDS)],
        "label": f"M-{number + 1:03}",
        "seal": f"S-{7000 + number}",
        "quantity": {"amount": 1 + number % 3, "unit": "tube"},
        "collected_at": (COLLECTED + timedelta(hours=number)).isoformat(),
        "collected_place": "Patio norte, junto a la cisterna",
    }


def retry(troupe: Troupe, teller: Teller, key: str, lab: str, body: dict[str, object], first: str) -> None:
    """The same key with the same body gives the same bytes."""
    teller.step("A lab's connection breaks; it sends the last command again, with the same key.")
    again = troupe.at("custody", lab).post("/v1/samples", body, key=key)
    if again.text != first or again.json()["version"] != 1:
        raise StackProblem("The retry was answered differently from the first call.")
    teller.say(f"key {key}", "the answer is the first one, byte for byte; nothing was registered twice")


def hand_over(troupe: Troupe, teller: Teller, evidence: Evidence) -> None:
    """Custody moves only when the receiver accepts."""
    lab, prosecutor = troupe.at("custody", LABS[0]), troupe.at("custody", "prosecutor")
    chosen = evidence.samples[evidence.cases[0]][:3]
    terms = {
        "samples": chosen, "to_organisation": troupe.organisation("prosecutor"), "purpose": "review",
        "transport": "vehicle", "temperature": "ambient",
    }  # fmt: skip
    teller.step("A lab offers three samples to the prosecutor's office, which finds a broken seal and refuses.")
    offer = lab.post("/v1/offers", terms).json()
    prosecutor.post(f"/v1/offers/{offer['id']}:refuse", {"reason": "broken_seal", "note": "Sello roto en una esquina"})
    holder = lab.get(f"/v1/samples/{chosen[0]}")["custodian"]["organisation"]
    if holder != troupe.organisation(LABS[0]):
        raise StackProblem("Custody moved although the offer was refused.")
    teller.say(f"offer {offer['id']} refused: broken_seal", f"custodian is still the lab, {holder}")
    teller.step("The lab seals the item anew, says so with a reason, and offers again; the office accepts.")
    reseal(troupe, teller, chosen[0])
    offer = lab.post("/v1/offers", terms).json()
    seen = prosecutor.get(f"/v1/offers/{offer['id']}")
    receipts = [
        {"sample": sample, "seal": prosecutor.get(f"/v1/samples/{sample}")["seal"], "condition": "intact"}
        for sample in chosen
    ]
    prosecutor.post(f"/v1/offers/{offer['id']}:accept", {"receipts": receipts}, match=f'"{seen["version"]}"')
    moved = prosecutor.get(f"/v1/samples/{chosen[0]}")
    teller.say(f"offer {offer['id']} accepted", f"custodian is now {moved['custodian']['organisation']}")
    teller.say(f"sample {chosen[0]}: link (eslabón) {moved['links']} of its chain")


def reseal(troupe: Troupe, teller: Teller, sample: str) -> None:
    """A correction is a new fact with a reason."""
    lab = troupe.at("custody", LABS[0])
    version = lab.get(f"/v1/samples/{sample}")["version"]
    body = {"changes": {"seal": "S-7000-B"}, "reason": "Sello sustituido tras la devolución"}
    lab.post(f"/v1/samples/{sample}/amendments", body, match=f'"{version}"')
    teller.say(f"sample {sample} amended: seal S-7000-B; what was said before stays in the ledger")


def refused_act(troupe: Troupe, teller: Teller, evidence: Evidence) -> None:
    """A refusal is a fact as well."""
    teller.step("A lab tries to propose a destruction, which is not its to do.")
    sample = evidence.samples[evidence.cases[0]][5]
    body = {
        "samples": [sample], "planned_on": str(datetime.now(UTC).date() + timedelta(days=90)),
        "reason": "retention_over", "method": "incineration",
    }  # fmt: skip
    answer = troupe.at("custody", LABS[0]).post("/v1/proposals", body, expect=(403,)).json()
    teller.say(f"{answer['status']} {answer['title']} ({answer['type']})", "the refusal is recorded and will be sealed")
