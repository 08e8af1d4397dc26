"""The installation: founded once, before anything else. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from services.custody.refusals import UnknownReference
from services.custody.rules.command import Command, Decision, Known
from services.custody.rules.state import OutOfOrder, State, born
from shared.events import Draft, Event
from shared.facts.people import (
    AccountLinked,
    InstallationFounded,
    Organisation,
    OrganisationRegistered,
    Pack,
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


FACTS = (InstallationFounded,)


def apply(state: InstallationState | None, event: Event) -> InstallationState:
    """The installation after `event`; OutOfOrder for one that cannot follow."""
    fact = event.fact()
    if state is not None or not isinstance(fact, InstallationFounded):
        raise OutOfOrder(f"{event.type} does not follow in the history of {event.subject}")
    return InstallationState(
        **born(event),
        founding_event=event.id,
        origin=fact.origin,
        log_vkey=fact.log_vkey,
        cosigner_vkey=fact.cosigner_vkey,
        promise_keys=tuple(PromiseKey(source, key) for source, key in sorted(fact.promise_keys.items())),
        link_key=fact.link_key,
        pack_id=fact.pack.id,
        pack_version=fact.pack.version,
        pack_sha256=fact.pack.sha256,
    )
