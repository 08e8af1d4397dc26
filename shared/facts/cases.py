"""Facts about cases. PURE."""

from datetime import date
from typing import ClassVar, Literal

from shared.facts.base import Fact, Part
from shared.text import Code, SealedDigest, Sha256, Uuid

CaseRole = Literal["convicted", "accused", "victim", "relative_donor"]
AppointmentKind = Literal["court_appointment", "defender_registry", "power_of_attorney", "client_authorisation"]
"""`client_authorisation`: the client's own signed word, as the convicted person gives it to an organisation."""
Representation = Literal["counsel", "public_defender", "authorised_organisation", "victim_representative"]


class CaseOpened(Fact):
    """Subject `case/<id>`: the case that an authority keeps under a folio; the two together are unique."""

    name: ClassVar[str] = "custody.case.opened.v1"
    authority: Uuid
    folio: Code


class CasePersonLinked(Fact):
    """A person takes a role in the case; `source` is the sealed reference of where this is known from."""

    name: ClassVar[str] = "custody.case.person_linked.v1"
    person: Uuid
    role: CaseRole
    source: SealedDigest


class AppointmentSource(Part):
    """Where an appointment is known from: its kind, the document's number and, if at hand, its digest."""

    kind: AppointmentKind
    reference: Code
    document_sha256: Sha256 | None = None


class CaseCounselAppointed(Fact):
    """`counsel` (a person with a defence account) speaks for `client` in this case: counsel of record.

    `capacity` absent: counsel of their own choice or by appointment. `since` is the first day, where it is known.
    """

    name: ClassVar[str] = "custody.case.counsel_appointed.v1"
    counsel: Uuid
    client: Uuid
    source: AppointmentSource
    capacity: Representation | None = None
    since: date | None = None
