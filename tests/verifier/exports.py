"""Makes exports of one case, for tests: lines as dictionaries, to be changed before they are written."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.verifier.forge import (
    ORIGIN,
    canonical,
    cosign,
    event,
    founding,
    inclusion,
    leaf,
    mth,
    promise,
    sign,
)

CASE = "01900000-0000-7000-8000-00000000ca5e"
SAMPLE = "01900000-0000-7000-8000-0000000005a1"
OTHER_CASE, OTHER_SAMPLE = SAMPLE.replace("5a1", "bad"), SAMPLE.replace("5a1", "bed")
OFFER, PERSON = SAMPLE.replace("5a1", "0ff"), SAMPLE.replace("5a1", "0be")
ORG = SAMPLE.replace("5a1", "019")
SALT = bytes(range(32))
SEEN_SECONDS = 1_772_360_000
KIND = "org.cadena.custody."


def digest(field: str, value: str, salt: bytes = SALT) -> str:
    hasher = sha256()
    for part in (b"cadena/sealed-field/v1", field.encode(), value.encode()):
        hasher.update(len(part).to_bytes(8, "big") + part)
    hasher.update(salt)
    return f"sha256:{hasher.hexdigest()}"


def said(n: int, kind: str, subject: str | None, sequence: int | None, **data: Any) -> dict[str, Any]:
    return event(n, type=f"{KIND}{kind}.v1", subject=subject, sequence=sequence, data=data)


REASON, NAME = digest("reason", "wrong folio"), digest("person_name", "Ana Ruiz")
LEDGER: list[dict[str, Any]] = [
    founding(),
    said(1, "person.registered", f"person/{PERSON}", 1, person_name=NAME),
    said(2, "case.opened", f"case/{CASE}", 1, authority=ORG, folio="CI-1/2026"),
    said(3, "case.opened", f"case/{OTHER_CASE}", 1, authority=ORG, folio="CI-2/2026"),
    said(4, "sample.registered", f"sample/{SAMPLE}", 1, case=CASE, root=SAMPLE, label="L-1", held_by=ORG),
    said(5, "sample.registered", f"sample/{OTHER_SAMPLE}", 1, case=OTHER_CASE, root=OTHER_SAMPLE, label="L-2"),
    said(6, "case.person_linked", f"case/{CASE}", 2, person=PERSON, role="convicted", source=digest("source", "file 7")),
    said(7, "sample.amended", f"sample/{SAMPLE}", 2, changes={"seal": "S-2"}, reason=REASON),
    said(8, "offer.made", f"offer/{OFFER}", 1, samples=[OTHER_SAMPLE, SAMPLE], to_org=ORG),
    said(9, "sample.offered", f"sample/{SAMPLE}", 3, offer=OFFER, to_org=ORG),
    said(10, "organisation.registered", f"organisation/{ORG}", 1, organisation={"id": ORG}),
    event(11, type=f"{KIND}command.refused.v1", subject=None, sequence=None, outcome="refused",
          data={"verb": "sample.amend", "code": "not-holder", "target": f"sample/{SAMPLE}"}),
    said(12, "offer.withdrawn", f"offer/{OFFER}", 2, reason=digest("reason", "mistake")),
]  # fmt: skip
OF_CASE = (0, 1, 2, 4, 6, 7, 8, 9, 11, 12)
LATE = said(13, "sample.offer_ended", f"sample/{SAMPLE}", 4, offer=OFFER, outcome="withdrawn")
RAW = [canonical(made) for made in LEDGER]
SIZE = len(RAW)


def checkpoint(size: int = SIZE) -> str:
    note = sign(size, mth([leaf(raw) for raw in RAW]))
    return note + cosign(note, SEEN_SECONDS)


def placed(index: int) -> dict[str, Any]:
    path = inclusion(index, [leaf(raw) for raw in RAW])
    return {"event": RAW[index].decode(), "index": index, "hashes": [base64.b64encode(step).decode() for step in path]}


def sealed(index: int, field: str, value: str) -> dict[str, Any]:
    return {"sealed": {"event": LEDGER[index]["id"], "field": field, "value": value, "salt": SALT.hex()}}


def export() -> list[dict[str, Any]]:
    """A sound export of the case."""
    events = [placed(index) for index in OF_CASE]
    late = canonical(LATE)
    events.append({"event": late.decode(), "index": None, "promise": promise(late).decode()})
    texts = [
        sealed(1, "person_name", "Ana Ruiz"),
        sealed(6, "source", "file 7"),
        sealed(7, "reason", "wrong folio"),
        {"sealed": {"event": LEDGER[12]["id"], "field": "reason", "erased": True}},
    ]
    head = {
        "format": "cadena-case-export/1", "installation": "test", "origin": ORIGIN, "case": CASE,
        "made_at": "2026-03-01T10:00:00.000000Z", "checkpoint": checkpoint(),
    }  # fmt: skip
    return [head, *events, *texts, {"end": {"events": len(events), "sealed": len(texts)}}]


def written(lines: Sequence[dict[str, Any]], path: Path) -> Path:
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in lines))
    return path
