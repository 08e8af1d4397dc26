"""The installation: founded once, before anything else. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.custody.rules.command import Command
from services.custody.rules.state import State
from shared.facts.people import Organisation
from shared.sealed import SealedValue


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
