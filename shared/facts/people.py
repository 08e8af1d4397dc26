"""Facts about the installation, its organisations, persons and accounts. PURE."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.facts.base import Fact, Part
from shared.text import Code, Name, SealedDigest, Sha256, Uuid

OrganisationKind = Literal[
    "lab", "evidence_store", "prosecutor", "defence", "court", "oversight", "auditor", "registrar", "courier"
]
Role = Literal["lab", "custodian", "courier", "prosecutor", "defence", "court", "auditor", "oversight", "registrar"]
ServiceRole = Literal["lab", "custodian"]
"""What a system may be: it registers and prepares; it decides about nobody."""


class Organisation(Part):
    """An institution. Its name stands in plain: institutions are public, and a notice must say who holds an item."""

    id: Uuid
    name: Name
    kind: OrganisationKind
    independent: bool
    """Of the prosecution. A laboratory may belong to the prosecution, so this is stated, with its `source`."""
    source: Code | None = None


class Registrar(Part):
    """The first account, which registers all others."""

    person: Uuid
    name: SealedDigest
    """The `person_name` of the registrar's own `person.registered`, where the text is kept and can be erased."""
    organisation: Uuid
    account: Uuid
    account_digest: Sha256


class Pack(Part):
    """The law in force by default, by name, version and content."""

    id: str
    version: int
    sha256: Sha256


class InstallationFounded(Fact):
    """Leaf 0: trust starts from the log's vkey, and every other key and person from here."""

    name: ClassVar[str] = "custody.installation.founded.v1"
    installation: str
    origin: str
    log_vkey: str
    cosigner_vkey: str
    promise_keys: dict[str, str]
    """Source → Ed25519 public key, base64url without padding."""
    link_key: str
    organisations: Annotated[list[Organisation], Field(min_length=1)]
    registrar: Registrar
    pack: Pack


class PackDecision(Part):
    """Where it is decided that another pack is in force: the order's or resolution's own number, and its document."""

    reference: Code
    document_sha256: Sha256 | None = None


class InstallationPackChanged(Fact):
    """Subject `installation/<name>`: other rules of law are in force from here on, by a preview that was looked at.

    `items_changed` facts `sample.retention_changed` follow, which are what the lines of the preview say. None of them
    brings an end nearer.
    """

    name: ClassVar[str] = "custody.installation.pack_changed.v1"
    pack: Pack
    was: Pack
    allow_unverified: bool
    decision: PackDecision
    preview_sha256: Sha256
    items_changed: Annotated[int, Field(ge=0)]


class OrganisationRegistered(Fact):
    """Subject `organisation/<id>`."""

    name: ClassVar[str] = "custody.organisation.registered.v1"
    organisation: Organisation


class PersonRegistered(Fact):
    """Subject `person/<id>`. A person is an opaque id; the name is sealed."""

    name: ClassVar[str] = "custody.person.registered.v1"
    person_name: SealedDigest


class AccountLinked(Fact):
    """Subject `account/<id>`: an issuer's subject is this person, in this organisation, with this role only."""

    name: ClassVar[str] = "custody.account.linked.v1"
    person: Uuid
    organisation: Uuid
    role: Role
    account_digest: Sha256


class AccountServiceLinked(Fact):
    """Subject `account/<id>`: an issuer's subject is a system of this organisation; `operator` answers for its acts."""

    name: ClassVar[str] = "custody.account.service_linked.v1"
    operator: Uuid
    organisation: Uuid
    role: ServiceRole
    account_digest: Sha256


class AccountOperatorNamed(Fact):
    """Another person answers for the system from here on; one that had stopped goes on."""

    name: ClassVar[str] = "custody.account.operator_named.v1"
    operator: Uuid


class AccountStopped(Fact):
    """The system's operator has no account in the organisation any more: it does nothing until another one is named."""

    name: ClassVar[str] = "custody.account.stopped.v1"
    operator: Uuid


class AccountClosed(Fact):
    """The account is nobody's from here on, for good. The issuer's subject may be linked anew, as another account."""

    name: ClassVar[str] = "custody.account.closed.v1"
    reason: SealedDigest
