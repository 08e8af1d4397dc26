"""Acts on what is over, by whom it does not concern, or twice; and the refusals among them that are recorded."""

from collections.abc import Iterator

from tests.attack.attack import Attack, Front
from tests.attack.target import Target
from tests.e2e.matter import proposal_body, sample_body


def attacks(target: Target, lab: Front, other_lab: Front, custodian: Front, prosecutor: Front) -> Iterator[Attack]:
    """Not recorded: another's things are not there."""
    offer, proposal = f"/v1/offers/{target.offer['id']}", f"/v1/proposals/{target.proposal}"
    yield other_lab.get("another's sample", f"/v1/samples/{target.sample['id']}", 404, "not-found")
    yield other_lab.get("another's offer", offer, 404, "not-found")
    yield other_lab.post("another's offer withdrawn", f"{offer}:withdraw", {"reason": "A"}, 404, "not-found")
    yield other_lab.post("another's offer refused", f"{offer}:refuse", {"reason": "other"}, 404, "not-found")
    yield other_lab.post("another's proposal withdrawn", f"{proposal}:withdraw", {"reason": "A"}, 404, "not-found")
    yield other_lab.post(
        "another's item proposed", "/v1/proposals", proposal_body([target.sample["id"]]), 404, "not-found"
    )
    yield other_lab.post(
        "another's item held", "/v1/holds", {"sample": target.sample["id"], "reason": "A"}, 404, "not-found"
    )
    yield lab.get("nothing at all", "/v1/nothing", 404, "not-found")
    for method in ("DELETE", "PUT", "PATCH"):
        yield Attack(f"{method} of a sample", "custody", method, f"/v1/samples/{target.sample['id']}", 405, "method-not-allowed",
                     (("authorization", f"Bearer {lab.token}"),))  # fmt: skip


def recorded(target: Target, lab: Front, custodian: Front, prosecutor: Front) -> Iterator[Attack]:
    """Refusals by a rule, and by role of an account with standing: each is one fact (G9)."""
    sample = target.sample["id"]
    receipt = {"receipts": [{**target.used["body"]["receipts"][0]}]}
    yield custodian.post("an offer accepted twice", f"/v1/offers/{target.closed_offer}:accept", receipt, 409, "offer-closed",
                         fact=True, if_match='"2"')  # fmt: skip
    yield lab.post("a label that is taken", "/v1/samples", sample_body(target.matter.case, label=target.sample["label"]), 409,
                   "label-taken", fact=True)  # fmt: skip
    yield prosecutor.post("a proposal withdrawn twice", f"/v1/proposals/{target.closed_proposal}:withdraw", {"reason": "A"}, 409,
                          "proposal-closed", fact=True)  # fmt: skip
    yield prosecutor.post(
        "a proposal twice", "/v1/proposals", proposal_body([_proposed(target)]), 409, "already-proposed", fact=True
    )
    yield lab.post(
        "a laboratory that proposes", "/v1/proposals", proposal_body([sample]), 403, "role-forbids", fact=True
    )
    yield lab.post("a laboratory that opens an office", "/v1/organisations",
                   {"name": "Juzgado", "kind": "court", "independent": True, "source": "A"}, 403, "role-forbids", fact=True)  # fmt: skip


def _proposed(target: Target) -> str:
    proposal = target.outside.get("custody", "court", f"/v1/proposals/{target.proposal}")
    return str(proposal["samples"][0])
