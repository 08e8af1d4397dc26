"""The shapes of answers, for the OpenAPI document; tests hold every answer against them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from services.custody.rules.statement import About
from shared.facts.cases import AppointmentSource, CaseRole, Representation
from shared.facts.offers import Purpose, RefusalReason, Temperature, Transport
from shared.facts.people import OrganisationKind, Role
from shared.facts.proposals import Method, ProposalRule, Reason, Recipient
from shared.facts.samples import Quantity, Retention, SampleKind
from shared.facts.statements import StatementSource
from shared.text import Instant, SealedDigest, Sha256, Uuid


class Shape(BaseModel):
    """A closed object of an answer."""

    model_config = ConfigDict(extra="forbid")


class Subject(Shape):
    """What every subject's answer begins with; `version` is its ETag."""

    id: Uuid
    version: int
    updated_at: Instant
    promises: list[str] | None = None
    """In recorded answers: one signed promise (JWS) for each event, to be kept; see the page on promises."""
    replayed: Literal["restored"] | None = None
    """In an answer that was rebuilt from the log, since the database was set back after the command was recorded."""
    lost: list[str] | None = None
    """Texts that are newer than the backup that the database was restored from: their digests alone are left."""


class OrganisationAnswer(Subject):
    """An institution."""

    name: str
    kind: OrganisationKind
    independent: bool
    source: str | None


class PersonSealed(Shape):
    """The digest of the name."""

    person_name: SealedDigest


class PersonAnswer(Subject):
    """A person is an opaque id; the name is sealed."""

    sealed: PersonSealed


class AccountAnswer(Subject):
    """An issuer's subject, by digest, is this person in this organisation with this role; or it is a system there
    (`service`), for which the person answers. `stopped`: its operator has left.
    """

    person: Uuid
    organisation: Uuid
    role: Role
    account_digest: Sha256
    kind: Literal["person", "service"]
    status: Literal["open", "stopped", "closed"]


class Accounts(Shape):
    """A person's accounts."""

    items: list[AccountAnswer]
    next: str | None


class AuditorAnswer(Subject):
    """A court's appointment: this person reads the log's entries, by the account of this digest."""

    person: Uuid
    account_digest: Sha256
    order: str
    document_sha256: Sha256 | None
    status: Literal["appointed", "dismissed"]


class Auditors(Shape):
    """Appointments, oldest first."""

    items: list[AuditorAnswer]
    next: str | None


class LinkedPerson(Shape):
    """A person's role in a case."""

    person: Uuid
    role: CaseRole


class CounselOfRecord(Shape):
    """Who speaks for whom, as what, since when, and by which document."""

    counsel: Uuid
    client: Uuid
    source: AppointmentSource
    capacity: Representation
    since: str | None


class Maker(Shape):
    """Who recorded a statement."""

    organisation: Uuid
    person: Uuid


class CaseStatementAnswer(Shape):
    """What was stated of the case. `effective`: a court's word; `claimed`: anybody else's, which never brings an end
    nearer; `withdrawn`: taken back. `name` is the anchor, circumstance, kind of proceeding, outcome or role; `value` a
    day or a code, null for *has not happened* and *none of those*.
    """

    id: Uuid
    about: About
    name: str
    value: str | None
    person: Uuid | None
    proceeding: Uuid | None
    standing: Literal["effective", "claimed", "withdrawn"]
    made_by: Maker
    source: StatementSource


class CaseAnswer(Subject):
    """A case of an authority."""

    authority: Uuid
    folio: str
    persons: list[LinkedPerson]
    counsel: list[CounselOfRecord]
    statements: list[CaseStatementAnswer]


class CaseInBrief(Shape):
    """What a case is called, and no more: for who names it, since a folio is no standing, and for who handles items of
    it. Without a version, which would tell how much happened in the case.
    """

    id: Uuid
    authority: Uuid
    folio: str


class Custodian(Shape):
    """Who has the item in hand."""

    organisation: Uuid
    person: Uuid


class SampleSealed(Shape):
    """Digests of the sample's texts."""

    collected_place: SealedDigest


class SampleAnswer(Subject):
    """An item as it stands. `collected_place` is of reads only, null where it was erased or is not yours to see."""

    case: Uuid
    kind: SampleKind
    label: str
    seal: str
    quantity: Quantity
    collected_at: Instant
    collected_place: str | None = None
    root: Uuid
    registered_by: Uuid
    custodian: Custodian
    links: int
    status: Literal["held", "offered"]
    offer: Uuid | None
    proposal: Uuid | None
    retention: Retention
    review_lead: int | None
    """The shortest lead, in months, at which a review was opened for this last day; 0: that day has passed."""
    sealed: SampleSealed


class BatchResult(Shape):
    """What `POST /v1/samples` would have answered to the item of this key: the sample, or a problem."""

    key: Uuid
    status: int
    body: SampleAnswer | dict[str, JsonValue]


class BatchAnswer(Shape):
    """A result for each item, in the order of the items."""

    results: list[BatchResult]


class ValidationResult(Shape):
    """201 and null where the item would be recorded; the answer stored under its key, or a problem, else."""

    key: Uuid
    status: int
    body: SampleAnswer | dict[str, JsonValue] | None


class ValidationAnswer(Shape):
    """A result for each item, in the order of the items. Nothing was kept."""

    results: list[ValidationResult]


class OfferSealed(Shape):
    """Digests of the offer's texts."""

    courier: SealedDigest | None = None
    note: SealedDigest | None = None


class OfferAnswer(Subject):
    """An offer of many samples to one organisation."""

    releaser: Custodian
    to_organisation: Uuid
    samples: list[Uuid]
    purpose: Purpose
    transport: Transport
    temperature: Temperature
    courier: str | None = None
    note: str | None = None
    status: Literal["open", "accepted", "refused", "withdrawn"]
    refusal: RefusalReason | None
    sealed: OfferSealed


class ProposalSealed(Shape):
    """Digests of the proposal's texts."""

    explanation: SealedDigest | None = None


class ProposalAnswer(Subject):
    """A proposal of destruction. Nothing is destroyed by it."""

    proposed_by: Custodian
    samples: list[Uuid]
    cases: list[Uuid]
    planned_on: str
    reason: Reason
    method: Method
    rule: ProposalRule
    recipients: list[Recipient]
    explanation: str | None = None
    status: Literal["open", "withdrawn"]
    sealed: ProposalSealed


class HoldSealed(Shape):
    """The digest of the reason."""

    reason: SealedDigest


class HoldAnswer(Subject):
    """A hold over an item and its lineage, or over every item of a case (`sample` and `root` null)."""

    case: Uuid
    sample: Uuid | None
    root: Uuid | None
    placed_by: Custodian
    placed_as: Role
    reason: str | None = None
    status: Literal["standing", "lifted"]
    sealed: HoldSealed


class Holds(Shape):
    """Holds, in order of their ids."""

    items: list[HoldAnswer]
    next: str | None


class SealState(Shape):
    """Whether the ledger holds the event: at which index, and the size of the signed head that first covered it."""

    state: Literal["recorded", "sealed"]
    index: int | None = None
    head: int | None = None


class TimelineItem(Shape):
    """An event as it stands in the ledger, the texts behind its digests, and its place in the ledger."""

    event: dict[str, JsonValue]
    sealed: dict[str, str | None]
    seal: SealState
    lost: Literal[True] | None = None
    """A text of the event is newer than the backup that the database was restored from: its digest alone is left."""


class Timeline(Shape):
    """What happened to an item, in order of its versions."""

    items: list[TimelineItem]
    next: str | None


class Change(Shape):
    """A sealed event as it stands in the ledger, and where."""

    index: int
    event: dict[str, JsonValue]


class Feed(Shape):
    """Sealed events by index. `next` is what to send as `after`, null while nothing is sealed. The ledger was read up
    to `sealed_up_to`, which is no index of this feed yet.
    """

    items: list[Change]
    next: int | None
    sealed_up_to: int


class Samples(Shape):
    """Items, in order of their ids."""

    items: list[SampleAnswer]
    next: str | None


class OfferInBrief(Shape):
    """The open offer of an item."""

    id: Uuid
    status: Literal["open", "accepted", "refused", "withdrawn"]
    to_organisation: Uuid


class ProposalInBrief(Shape):
    """The open proposal of an item."""

    id: Uuid
    status: Literal["open", "withdrawn"]
    planned_on: str


class InventoryItem(Shape):
    """An item of a case, with its open offer and open proposal."""

    sample: SampleAnswer
    offer: OfferInBrief | None
    proposal: ProposalInBrief | None


class Inventory(Shape):
    """The items of a case that the reader has standing to see, in order of their ids."""

    case: CaseAnswer | CaseInBrief
    items: list[InventoryItem]
    next: str | None
