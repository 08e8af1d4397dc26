"""Entries need the token of an auditor or a peer, hashes and heads none; unknown and not yours are one answer (G12)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.e2e.ledger import Ledger, events_of
from tests.e2e.matter import Matter, proposal_body, sample_body
from tests.e2e.outside import Outside, no

Ids = dict[str, str]
TELLING = ("content-type", "content-length", "www-authenticate", "cache-control", "etag", "retry-after", "link", "vary")


@pytest.fixture(scope="module")
def matter(outside: Outside) -> Matter:
    return Matter(outside)


@pytest.fixture(scope="module")
def theirs(outside: Outside, matter: Matter, ledger: Ledger) -> Ids:
    """One of each noun, of which another laboratory knows nothing; all of it sealed."""
    sample, offered, proposed = (matter.register() for _ in range(3))
    offer, proposal = matter.offer([offered["id"]]), matter.propose([proposed["id"]])
    ledger.until_sealed(proposal["promises"])
    return {"case": matter.case, "sample": sample["id"], "offer": offer["id"], "proposal": proposal["id"]}


@pytest.fixture(scope="module")
def unknown() -> Ids:
    """Ids of nothing."""
    return {noun: str(uuid4()) for noun in ("case", "sample", "offer", "proposal")}


@pytest.fixture(scope="module")
def stranger(outside: Outside) -> str:
    """An account of a laboratory that has nothing to do with the case."""
    return outside.hire("lab", "lab_3")


def read(outside: Outside, token: str | None, path: str) -> httpx2.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return outside.send("audit", None, path, method="GET", **headers)


@pytest.fixture(scope="module")
def entries(theirs: Ids, ledger: Ledger) -> str:
    """Some bundle of entries."""
    return "/tile/entries/000.p/1"


def test_g12_entries_are_for_auditors_and_peers(outside: Outside, entries: str) -> None:
    assert read(outside, None, entries).status_code == 401
    assert read(outside, outside.token("lab"), entries).status_code == 401, "its token is not for audit"
    for who in ("lab", "prosecutor", "court", "defence", "registrar"):
        for scopes in ((), ("ledger:read",)):
            refused = read(outside, outside.mint(who, "audit", scopes=scopes), entries)
            assert no(refused) == (403, "entries-are-for-auditors")
    assert read(outside, outside.token("auditor"), entries).status_code == 200
    assert read(outside, outside.mint("auditor", "audit"), entries).status_code == 200
    assert read(outside, outside.mint("service:peer", "audit", scopes=("ledger:read",)), entries).status_code == 200
    assert read(outside, outside.mint("service:peer", "audit"), entries).status_code == 403


@pytest.mark.parametrize("audience", [("custody",), ("notify",), ("custody", "notify"), ("elsewhere",)])
def test_a_token_for_another_service_fails_at_audit(audience: tuple[str, ...], outside: Outside, entries: str) -> None:
    refused = read(outside, outside.mint("auditor", *audience), entries)
    assert no(refused) == (401, "invalid-token")


@pytest.mark.parametrize(("service", "path"), [("custody", "/v1/samples?label=M-1"), ("notify", "/v1/notices")])
def test_a_token_for_audit_fails_elsewhere(service: str, path: str, outside: Outside) -> None:
    others = [name for name in ("custody", "audit", "notify") if name != service]
    for audiences, status in ((others, 401), ([service], 200)):
        bearer = f"Bearer {outside.mint('auditor', *audiences)}"
        assert outside.send(service, None, path, method="GET", Authorization=bearer).status_code == status


def test_hashes_and_heads_are_public(outside: Outside, matter: Matter, theirs: Ids) -> None:
    event = events_of(matter.register())[0]
    size = int(read(outside, None, "/checkpoint").text.splitlines()[1])
    for path in ("/tile/0/000.p/1", "/v1/checkpoints", f"/v1/consistency?from=1&to={size}", "/vkey", "/checkpoint"):
        assert read(outside, None, path).status_code == 200, path
    assert read(outside, None, "/vkey").text.strip() == outside.stack.vkey
    assert read(outside, None, f"/v1/proofs/{event}").status_code in (200, 404)
    assert theirs["sample"].encode() not in read(outside, None, "/v1/checkpoints").content


def reads(ids: Ids) -> list[str]:
    return [
        f"/v1/cases/{ids['case']}", f"/v1/cases/{ids['case']}/inventory", f"/v1/samples/{ids['sample']}",
        f"/v1/samples/{ids['sample']}/timeline", f"/v1/offers/{ids['offer']}", f"/v1/proposals/{ids['proposal']}",
    ]  # fmt: skip


def acts(ids: Ids, known: Callable[[str], str]) -> list[tuple[str, dict[str, Any]]]:
    """Everything that a stranger may try with another's ids; `known` gives an id of the stranger's own organisation."""
    offer, proposal = f"/v1/offers/{ids['offer']}", f"/v1/proposals/{ids['proposal']}"
    receipt = {"sample": ids["sample"], "seal": "S-1", "condition": "intact"}
    terms = {"to_organisation": known("store"), "purpose": "storage", "transport": "vehicle", "temperature": "ambient"}
    return [
        (f"/v1/samples/{ids['sample']}/amendments", {"changes": {"seal": "S-1"}, "reason": "Sello"}),
        ("/v1/offers", terms | {"samples": [ids["sample"]]}),
        (f"{offer}:accept", {"receipts": [receipt]}),
        (f"{offer}:refuse", {"reason": "other"}),
        (f"{offer}:withdraw", {"reason": "Sin mensajero"}),
        ("/v1/proposals", proposal_body([ids["sample"]])),
        (f"{proposal}:withdraw", {"reason": "Peritaje"}),
        (f"/v1/cases/{ids['case']}/persons", {"person": ids["case"], "role": "accused", "source": "Acta"}),
        (
            f"/v1/cases/{ids['case']}/counsel",
            {"counsel": ids["case"], "client": ids["case"], "source": {"kind": "power_of_attorney", "reference": "A"}},
        ),
    ]


def told(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str | None]]:
    """All of an answer that could tell something apart."""
    assert set(answer.headers) <= {*TELLING, "date"}
    return answer.status_code, answer.content, {name: answer.headers.get(name) for name in TELLING}


def test_g12_unknown_and_not_yours_read_alike(outside: Outside, theirs: Ids, unknown: Ids, stranger: str) -> None:
    for path, other in zip(reads(theirs), reads(unknown), strict=True):
        answers = [outside.send("custody", stranger, one, method="GET") for one in (path, other)]
        assert told(answers[0]) == told(answers[1]), path
        assert answers[0].status_code == 404
    for path in reads(theirs):
        assert outside.send("custody", "court", path, method="GET").status_code == 200


def test_g12_unknown_and_not_yours_are_refused_alike(
    outside: Outside, theirs: Ids, unknown: Ids, stranger: str
) -> None:
    organisation = outside.organisations.__getitem__
    for (path, body), (other, its) in zip(acts(theirs, organisation), acts(unknown, organisation), strict=True):
        answers = [
            outside.send("custody", stranger, one, sent, match='"7"') for one, sent in ((path, body), (other, its))
        ]
        assert told(answers[0]) == told(answers[1]), path
        assert answers[0].status_code == 404, path


def test_g12_a_case_that_is_not_yours_cannot_be_followed(outside: Outside, theirs: Ids, unknown: Ids) -> None:
    counsel = outside.hire("defence", "public_defender")
    own = Matter(outside)
    own.appoint(counsel)
    outside.once_known("notify", counsel, "/v1/subscriptions", {"case": own.case})
    answers = [outside.send("notify", counsel, "/v1/subscriptions", {"case": ids["case"]}) for ids in (theirs, unknown)]
    assert told(answers[0]) == told(answers[1])
    assert answers[0].status_code == 404


def test_g12_a_label_leads_nobody_to_what_is_not_theirs(outside: Outside, matter: Matter, stranger: str) -> None:
    label = matter.register(label=f"M-{uuid4().hex[:12]}")["label"]
    paths = [f"/v1/samples?label={one}" for one in (label, f"M-{uuid4().hex[:12]}")]
    answers = [outside.send("custody", stranger, path, method="GET") for path in paths]
    assert told(answers[0]) == told(answers[1])
    assert answers[0].json()["items"] == []
    assert len(outside.get("custody", "lab", paths[0])["items"]) == 1


def test_an_account_that_nobody_linked_has_no_standing(outside: Outside, theirs: Ids) -> None:
    for path in reads(theirs):
        assert outside.send("custody", "nobody", path, method="GET").status_code == 404
    answer = outside.send("custody", "nobody", "/v1/samples", sample_body(theirs["case"]))
    assert no(answer) == (404, "not-found")
