"""The installation: founded once, before anything else; and which rules of law are in force in it. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from services.custody.refusals import UnknownReference
from services.custody.rules.command import Command, Decision, Known
from services.custody.rules.state import OutOfOrder, State, born, moved
from shared.events import Draft, Event
from shared.facts.people import (
    AccountLinked,
    InstallationFounded,
    InstallationPackChanged,
    Organisation,
    OrganisationRegistered,
    Pack,
    PackDecision,
    PersonRegistered,
    Registrar,
)
from shared.sealed import SealedValue

if TYPE_CHECKING:
    from services.custody.rules.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Command):
    """Found the installation: its keys, its first organisations, and the registrar who registers all others.

    `promise_keys` are pairs of source and Ed25519 public key (base64url). `person_name` is the registrar's.
    """

    subject_is: ClassVar[str] = "installation/{0.installation}"

    installation: str
    origin: str
    log_vkey: str
    cosigner_vkey: str
    promise_keys: tuple[tuple[str, str], ...]
    link_key: str
    organisations: tuple[Organisation, ...]
    registrar: str
    registrar_organisation: str
    registrar_account: str
    registrar_digest: str
    person_name: SealedValue
    pack: Pack


@dataclass(frozen=True, slots=True)
class PromiseKey:
    """The public key whose promises bind a source."""

    source: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationState(State):
    """The installation; `id` is its name, `founding_event` the id of leaf 0."""

    founding_event: str
    origin: str
    log_vkey: str
    cosigner_vkey: str
    promise_keys: tuple[PromiseKey, ...]
    link_key: str
    pack_id: str
    pack_version: int
    pack_sha256: str

    @property
    def pack(self) -> Pack:
        """The pack in force."""
        return Pack(id=self.pack_id, version=self.pack_version, sha256=self.pack_sha256)


def decide_found(world: World, command: Found, now: datetime) -> Decision:
    """Leaf 0, then a fact of each organisation, of the registrar's person and of the registrar's account."""
    if world.installation is not None:
        return Known(f"installation/{world.installation.id}")
    if command.registrar_organisation not in {organisation.id for organisation in command.organisations}:
        return UnknownReference(f"organisation/{command.registrar_organisation}")
    registered = (
        Draft(f"organisation/{organisation.id}", OrganisationRegistered(organisation=organisation))
        for organisation in command.organisations
    )
    person = PersonRegistered(person_name=command.person_name.digest)
    account = AccountLinked(
        person=command.registrar,
        organisation=command.registrar_organisation,
        role="registrar",
        account_digest=command.registrar_digest,
    )
    return (
        Draft(command.subject(), _founded(command)),
        *registered,
        Draft(f"person/{command.registrar}", person, sealed=(command.person_name,)),
        Draft(f"account/{command.registrar_account}", account),
    )


def _founded(command: Found) -> InstallationFounded:
    return InstallationFounded(
        installation=command.installation,
        origin=command.origin,
        log_vkey=command.log_vkey,
        cosigner_vkey=command.cosigner_vkey,
        promise_keys=dict(command.promise_keys),
        link_key=command.link_key,
        organisations=list(command.organisations),
        registrar=Registrar(
            person=command.registrar,
            name=command.person_name.digest,
            organisation=command.registrar_organisation,
            account=command.registrar_account,
            account_digest=command.registrar_digest,
        ),
        pack=command.pack,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackChange:
    """Another pack, by which decision, and the list of changes that was looked at: its SHA-256, and how many lines."""

    pack: Pack
    allow_unverified: bool
    decision: PackDecision
    preview_sha256: str
    items_changed: int


def decide_pack_change(installation: InstallationState, change: PackChange) -> Draft | None:
    """The fact that another pack is in force; None if it is already."""
    if change.pack == installation.pack:
        return None
    fact = InstallationPackChanged(
        pack=change.pack, was=installation.pack, allow_unverified=change.allow_unverified, decision=change.decision,
        preview_sha256=change.preview_sha256, items_changed=change.items_changed,
    )  # fmt: skip
    return Draft(f"installation/{installation.id}", fact)


FACTS = (InstallationFounded, InstallationPackChanged)


def apply(state: InstallationState | None, event: Event) -> InstallationState:
    """The installation after `event`; OutOfOrder for one that cannot follow."""
    match state, event.fact():
        case None, InstallationFounded() as fact:
            return _born(event, fact)
        case InstallationState() as standing, InstallationPackChanged() as fact if fact.was == standing.pack:
            return replace(standing, **_pack(fact.pack), **moved(event))
        case _:
            raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")


def _born(event: Event, fact: InstallationFounded) -> InstallationState:
    return InstallationState(
        **born(event),
        founding_event=event.id,
        origin=fact.origin,
        log_vkey=fact.log_vkey,
        cosigner_vkey=fact.cosigner_vkey,
        promise_keys=tuple(PromiseKey(source, key) for source, key in sorted(fact.promise_keys.items())),
        link_key=fact.link_key,
        **_pack(fact.pack),
    )


def _pack(pack: Pack) -> dict[str, Any]:
    return {"pack_id": pack.id, "pack_version": pack.version, "pack_sha256": pack.sha256}
