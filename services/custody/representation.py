"""PURE: a subject's state as an answer of the API. Recorded answers and reads share it, so both say the same.

Sealed members stand under `sealed` as digests only; reads put the texts beside them (queries.texts), recorded answers
never, since an answer is kept for ever and a text may have to be erased.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from services.custody.rules.account import AccountState
from services.custody.rules.auditor import AuditorState
from services.custody.rules.case import CaseState
from services.custody.rules.hold import HoldState
from services.custody.rules.installation import InstallationState
from services.custody.rules.offer import OfferState
from services.custody.rules.organisation import OrganisationState
from services.custody.rules.person import PersonState
from services.custody.rules.proposal import ProposalState
from services.custody.rules.review import ReviewState
from services.custody.rules.sample import SampleState
from services.custody.rules.state import State
from services.custody.rules.statement import CaseStatement
from shared.text import write_instant


def representation(state: State) -> dict[str, Any]:
    """The flat object of a subject: id, version, updated_at, and what is so. TypeError for a state without a form."""
    form = _FORMS.get(type(state))
    if form is None:
        raise TypeError(f"{type(state).__name__} has no representation")
    head = {"id": state.id, "version": state.version, "updated_at": write_instant(state.updated_at)}
    return head | form(state)


def in_brief(state: State) -> dict[str, Any]:
    """What was known already, for one who named it: a case by authority and folio, or the installation. No more than
    its id is told, since a folio is no standing (G12); nor is an item in a case, to see who else is in it.
    """
    if isinstance(state, InstallationState):
        return {"id": state.id, "founding_event": state.founding_event}
    if not isinstance(state, CaseState):
        raise TypeError(f"nothing but a case or the installation is found by naming it, not {type(state).__name__}")
    return {"id": state.id, "authority": state.authority, "folio": state.folio}


def _installation(state: InstallationState) -> dict[str, Any]:
    return {"founding_event": state.founding_event, "origin": state.origin, "log_vkey": state.log_vkey}


def _organisation(state: OrganisationState) -> dict[str, Any]:
    return {"name": state.name, "kind": state.kind, "independent": state.independent, "source": state.source}


def _person(state: PersonState) -> dict[str, Any]:
    return {"sealed": {"person_name": state.person_name}}


def _account(state: AccountState) -> dict[str, Any]:
    return {
        "person": state.person,
        "organisation": state.organisation,
        "role": state.role,
        "account_digest": state.account_digest,
        "kind": state.kind,
        "status": state.status,
    }


def _auditor(state: AuditorState) -> dict[str, Any]:
    return {
        "person": state.person,
        "account_digest": state.account_digest,
        "order": state.order,
        "document_sha256": state.document_sha256,
        "status": state.status,
    }


def _case(state: CaseState) -> dict[str, Any]:
    return {
        "authority": state.authority,
        "folio": state.folio,
        "persons": [{"person": link.person, "role": link.role} for link in state.persons],
        "counsel": [
            {
                "counsel": one.counsel,
                "client": one.client,
                "source": {"kind": one.kind, "reference": one.reference, "document_sha256": one.document_sha256},
                "capacity": one.capacity,
                "since": _day(one.since) if one.since else None,
            }
            for one in state.counsel
        ],
        "statements": [_statement(one) for one in state.statements],
    }


def _statement(one: CaseStatement) -> dict[str, Any]:
    return {
        "id": one.id,
        "about": one.about,
        "name": one.name,
        "value": one.value,
        "person": one.person,
        "proceeding": one.proceeding,
        "standing": one.standing,
        "made_by": {"organisation": one.org, "person": one.by},
        "source": {"kind": one.source_kind, "reference": one.reference, "document_sha256": one.document_sha256},
    }


def _sample(state: SampleState) -> dict[str, Any]:
    return {
        "case": state.case,
        "kind": state.kind,
        "label": state.label,
        "seal": state.seal,
        "quantity": {"amount": state.amount, "unit": state.unit},
        "collected_at": write_instant(state.collected_at),
        "root": state.root,
        "registered_by": state.registered_by,
        "custodian": {"organisation": state.custodian_org, "person": state.custodian_person},
        "links": state.links,
        "status": state.status,
        "offer": state.offer,
        "proposal": state.proposal,
        "retention": {
            "rule": state.retention_rule,
            "version": state.retention_version,
            "until": state.retention_until and _day(state.retention_until),
        },
        "review_lead": state.review_lead,
        "sealed": {"collected_place": state.collected_place},
    }


def _offer(state: OfferState) -> dict[str, Any]:
    return {
        "releaser": {"organisation": state.from_org, "person": state.from_person},
        "to_organisation": state.to_org,
        "samples": list(state.samples),
        "purpose": state.purpose,
        "transport": state.transport,
        "temperature": state.temperature,
        "status": state.status,
        "refusal": state.refusal,
        "sealed": _sealed(courier=state.courier, note=state.note),
    }


def _proposal(state: ProposalState) -> dict[str, Any]:
    return {
        "proposed_by": {"organisation": state.proposed_by_org, "person": state.proposed_by_person},
        "samples": list(state.samples),
        "cases": list(state.cases),
        "planned_on": _day(state.planned_on),
        "reason": state.reason,
        "method": state.method,
        "rule": {"id": state.rule_id, "version": state.rule_version},
        "recipients": [{"person": one.person, "case": one.case, "capacity": one.capacity} for one in state.recipients],
        "status": state.status,
        "sealed": _sealed(explanation=state.explanation),
    }


def _hold(state: HoldState) -> dict[str, Any]:
    return {
        "case": state.case,
        "sample": state.sample,
        "root": state.root,
        "placed_by": {"organisation": state.placed_by_org, "person": state.placed_by_person},
        "placed_as": state.placed_as,
        "status": state.status,
        "sealed": {"reason": state.reason},
    }


def _sealed(**digests: str | None) -> dict[str, str]:
    return {name: digest for name, digest in digests.items() if digest is not None}


def _day(value: date) -> str:
    return value.isoformat()


def _review(state: ReviewState) -> dict[str, Any]:
    return {
        "case": state.case,
        "lead_months": state.lead,
        "items": [
            {"sample": one.sample, "until": _day(one.until), "rule": one.rule, "version": one.version}
            for one in state.items
        ],
    }


_FORMS: dict[type[State], Callable[[Any], dict[str, Any]]] = {
    InstallationState: _installation,
    OrganisationState: _organisation,
    PersonState: _person,
    AccountState: _account,
    AuditorState: _auditor,
    CaseState: _case,
    SampleState: _sample,
    OfferState: _offer,
    ProposalState: _proposal,
    HoldState: _hold,
    ReviewState: _review,
}
