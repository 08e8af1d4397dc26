"""One case with what happens in it, each act by an account that may do it: the common beginning of these tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.e2e.outside import Outside

COLLECTED = "2003-05-12T09:30:00Z"
"""So long ago that its retention is over."""


def sample_body(case: str, **other: Any) -> dict[str, Any]:
    """A sample as a lab's system sends it, with a label of its own."""
    mark = uuid4().hex[:12]
    body = {
        "case": case, "kind": "textile", "label": f"M-{mark}", "seal": f"S-{mark}",
        "quantity": {"amount": 1, "unit": "piece"}, "collected_at": COLLECTED, "collected_place": "Patio norte",
    }  # fmt: skip
    return body | other


class Matter:
    """A case of the prosecutor's office with a convicted person."""

    def __init__(self, outside: Outside, folio: str | None = None, client: str = "Persona sentenciada") -> None:
        self.outside = outside
        self.folio = folio or f"FR-{uuid4().hex[:12]}"
        case = {"authority": outside.organisations["prosecutor"], "folio": self.folio}
        self.case = str(outside.do("custody", "prosecutor", "/v1/cases:resolve", case)["id"])
        self.client = str(outside.do("custody", "court", "/v1/persons", {"name": client})["id"])
        link = {"person": self.client, "role": "convicted", "source": "Sentencia 44/2004"}
        outside.do("custody", "court", f"/v1/cases/{self.case}/persons", link)

    def appoint(self, counsel: str) -> dict[str, Any]:
        """Counsel of record, by the court."""
        source = {"kind": "court_appointment", "reference": "AC-2026-17"}
        body = {"counsel": self.outside.persons[counsel], "client": self.client, "source": source}
        return self.outside.do("custody", "court", f"/v1/cases/{self.case}/counsel", body)

    def register(self, lab: str = "lab", **other: Any) -> dict[str, Any]:
        """A sample of this case."""
        return self.outside.do("custody", lab, "/v1/samples", sample_body(self.case, **other))

    def offer(self, samples: Sequence[str], by: str = "lab", to: str = "store", **other: Any) -> dict[str, Any]:
        """An offer of samples, to the evidence store if nobody else is named."""
        terms = {
            "samples": list(samples), "to_organisation": self.outside.organisations[to], "purpose": "storage",
            "transport": "vehicle", "temperature": "ambient",
        }  # fmt: skip
        return self.outside.do("custody", by, "/v1/offers", terms | other)

    def propose(self, samples: Sequence[str], **other: Any) -> dict[str, Any]:
        """A proposal to destroy samples, by the prosecutor's office."""
        return self.outside.do("custody", "prosecutor", "/v1/proposals", proposal_body(samples, **other))


def proposal_body(samples: Sequence[str], **other: Any) -> dict[str, Any]:
    """A proposal for a day in some months."""
    day = datetime.now(UTC).date() + timedelta(days=120)
    body = {"samples": list(samples), "planned_on": str(day), "reason": "retention_over", "method": "incineration"}
    return body | other


def receipts(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a receiver says who found everything as recorded."""
    return {"receipts": [{"sample": one["id"], "seal": one["seal"], "condition": "intact"} for one in samples]}
