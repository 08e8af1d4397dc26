"""For each verb of the table: the request by which an account tries it on a thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from deploy.local.issuer import ISSUER
from tests.authorisation.chairs import House, Thing
from tests.e2e.matter import proposal_body, sample_body

Body = dict[str, Any]
OF_ALL = "installation"
"""What the installation has for all: every account is connected with it."""


@dataclass(frozen=True)
class Verb:
    """`noun` is what the account has to be connected with; a reading verb has no body.

    `shows` is the member by which an answer is known to be the whole that this verb gives, where less has the same path.
    """

    noun: str
    path: str
    body: Callable[[House, Thing], Body] | None = None
    version: str | None = None
    shows: str | None = None


def _offer_of(house: House, thing: Thing) -> Body:
    terms = {"purpose": "storage", "transport": "vehicle", "temperature": "ambient"}
    return terms | {"samples": [thing.ids["sample"]], "to_organisation": house.outside.organisations["store_3"]}


def _account(house: House, thing: Thing) -> Body:
    lab = house.outside.organisations["lab"]
    return {"organisation": lab, "role": "lab", "issuer": ISSUER, "subject": f"someone-{uuid4()}"}


def _counsel(house: House, thing: Thing) -> Body:
    client = house.outside.do("custody", "court", "/v1/persons", {"name": "Persona"})["id"]
    source = {"kind": "court_appointment", "reference": "AC-1"}
    return {"counsel": house.outside.persons[house.counsel], "client": client, "source": source}


def _folio(house: House, thing: Thing) -> Body:
    return {"authority": house.outside.organisations["prosecutor"], "folio": f"FR-{uuid4().hex[:12]}"}


def _person(house: House, thing: Thing) -> Body:
    return {"person": house.outside.persons["lab"], "role": "accused", "source": "Acta"}


def _organisation(house: House, thing: Thing) -> Body:
    return {"name": f"Oficina {uuid4().hex[:6]}", "kind": "lab", "independent": False, "source": "Decreto-1/2026"}


def _registered(house: House, thing: Thing) -> Body:
    return sample_body(thing.ids["case"])


def _receipt(house: House, thing: Thing) -> Body:
    seal = thing.ids.get("seal", "S-1")
    return {"receipts": [{"sample": thing.ids.get("offered", str(uuid4())), "seal": seal, "condition": "intact"}]}


def _auditor(house: House, thing: Thing) -> Body:
    expert = {"person": house.outside.persons["lab"], "issuer": ISSUER, "subject": f"expert-{uuid4()}"}
    return expert | {"order": "AC-2026-91"}


def _stating(**members: object) -> Callable[[House, Thing], Body]:
    source = {"kind": "judgment", "reference": "CP-112/2019"}
    return lambda house, thing: {"source": source, **members}


VERBS: Mapping[str, Verb] = {
    "organisation.register": Verb(OF_ALL, "/v1/organisations", _organisation),
    "person.register": Verb(OF_ALL, "/v1/persons", lambda house, thing: {"name": "Persona de prueba"}),
    "account.link": Verb(OF_ALL, "/v1/persons/{someone}/accounts", _account),
    "account.link_service": Verb(OF_ALL, "/v1/persons/{someone}/service-accounts", _account),
    "account.name_operator": Verb(
        "account", "/v1/accounts/{account}:reassign", lambda house, thing: {"operator": house.outside.persons["lab"]}
    ),
    "account.close": Verb("account", "/v1/accounts/{account}:close", lambda house, thing: {"reason": "Renuncia"}),
    "account.read": Verb("account", "/v1/persons/{person}/accounts"),
    "auditor.appoint": Verb(OF_ALL, "/v1/auditors", _auditor),
    "auditor.dismiss": Verb("auditor", "/v1/auditors/{auditor}:dismiss", lambda house, thing: {"reason": "Informe"}),
    "auditor.read": Verb("auditor", "/v1/auditors/{auditor}"),
    "case.open": Verb(OF_ALL, "/v1/cases:resolve", _folio),
    "sample.register": Verb(OF_ALL, "/v1/samples", _registered),
    "case.link_person": Verb("case", "/v1/cases/{case}/persons", _person),
    "case.appoint_counsel": Verb("case", "/v1/cases/{case}/counsel", _counsel),
    "case.state_date": Verb("case", "/v1/cases/{case}/dates", _stating(anchor="offence", day="2001-03-14")),
    "case.state_circumstance": Verb(
        "case", "/v1/cases/{case}/circumstances", _stating(circumstance="stage", value="convicted")
    ),
    "case.open_proceeding": Verb("case", "/v1/cases/{case}/proceedings", _stating(kind="appeal")),
    "case.decide_proceeding": Verb(
        "case", "/v1/cases/{case}/proceedings/{proceeding}:decide", _stating(day="2026-10-05", outcome="denied")
    ),
    "case.end_role": Verb("case", "/v1/cases/{case}/persons/{convict}:end", _stating(role="convicted")),
    "case.withdraw_statement": Verb(
        "statement", "/v1/cases/{case}/statements/{statement}:withdraw", lambda house, thing: {"reason": "Error"}
    ),
    "sample.amend": Verb(
        "sample", "/v1/samples/{sample}/amendments",
        lambda house, thing: {"changes": {"kind": "bone"}, "reason": "Error"}, '"1"',
    ),
    "offer.make": Verb("sample", "/v1/offers", _offer_of),
    "offer.accept": Verb("offer", "/v1/offers/{offer}:accept", _receipt, '"1"'),
    "offer.refuse": Verb("offer", "/v1/offers/{offer}:refuse", lambda house, thing: {"reason": "other"}),
    "offer.withdraw": Verb("offer", "/v1/offers/{offer}:withdraw", lambda house, thing: {"reason": "Sin mensajero"}),
    "proposal.make": Verb("sample", "/v1/proposals", lambda house, thing: proposal_body([thing.ids["sample"]])),
    "proposal.withdraw": Verb(
        "proposal", "/v1/proposals/{proposal}:withdraw", lambda house, thing: {"reason": "Peritaje"}
    ),
    "hold.place": Verb("sample", "/v1/holds", lambda house, thing: {"sample": thing.ids["sample"], "reason": "Peritaje"}),
    "hold.lift": Verb("hold", "/v1/holds/{hold}:lift", lambda house, thing: {"reason": "Hecho"}),
    "hold.read": Verb("hold_seen", "/v1/holds/{hold}"),
    "sample.read": Verb("sample", "/v1/samples/{sample}"),
    "case.read": Verb("case", "/v1/cases/{case}", shows="persons"),
    "case.read_brief": Verb("brief", "/v1/cases/{case}"),
    "offer.read": Verb("offer", "/v1/offers/{offer}"),
    "proposal.read": Verb("proposal", "/v1/proposals/{proposal}"),
}  # fmt: skip
