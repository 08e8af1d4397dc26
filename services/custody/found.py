"""The founding: custody's first facts, from a file that the operator and the founding institutions agreed upon.

It goes through the same recording as every command, under a key that follows from the installation's name; so the same
file again changes nothing, and another one is refused.
"""

import hashlib
import uuid
from typing import Annotated

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.policy.choosing import NotChosen, chosen
from services.custody.policy.retention import identity
from services.custody.record import record
from services.custody.rules.installation import Found
from shared.accounts import account_digest
from shared.auth import Principal
from shared.canonical import canonical
from shared.database import engine as make_engine
from shared.facts.people import Organisation
from shared.keys import public_text
from shared.problems import Problem
from shared.promise import Promiser
from shared.sealed import fresh
from shared.settings import DEV_ISSUER
from shared.text import Name, Uuid

ANOTHER = "the installation is founded already, and not by this file"


class NotFounded(RuntimeError):
    """The installation stays as it is; the message says why."""


class FirstRegistrar(BaseModel):
    """The person who registers all others, and the account by which that person signs in."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    person: Uuid
    name: Name
    organisation: Uuid
    account: Uuid
    issuer: str
    subject: str


class Founding(BaseModel):
    """The file. `promise_keys`: source → public key of custody and of notify, as their command `keys` prints them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    installation: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    origin: str
    log_vkey: str
    cosigner_vkey: str
    promise_keys: dict[str, str]
    link_key: str
    pack: str = "flat"
    """The rules of law in force here: a pack that `python -m services.custody packs sources` names."""
    allow_unverified: bool = False
    """Take also rules whose text was not seen whole, as it stands in force."""
    organisations: Annotated[tuple[Organisation, ...], Field(min_length=1)]
    registrar: FirstRegistrar

    def command(self) -> Found:
        """The command, with a fresh salt for the registrar's name."""
        return Found(
            installation=self.installation,
            origin=self.origin,
            log_vkey=self.log_vkey,
            cosigner_vkey=self.cosigner_vkey,
            promise_keys=tuple(sorted(self.promise_keys.items())),
            link_key=self.link_key,
            organisations=self.organisations,
            registrar=self.registrar.person,
            registrar_organisation=self.registrar.organisation,
            registrar_account=self.registrar.account,
            registrar_digest=account_digest(self.registrar.issuer, self.registrar.subject),
            person_name=fresh("person_name", self.registrar.name),
            pack=identity(self.pack),
        )

    def demand_choosable(self) -> None:
        """Raises NotFounded for a pack that there is not, or that may not be chosen here."""
        try:
            chosen(self.pack, self.allow_unverified, self.registrar.issuer == DEV_ISSUER)
        except NotChosen as error:
            raise NotFounded(str(error)) from error

    def principal(self) -> Principal:
        """The registrar, in whose name the founding is recorded."""
        issuer, subject = self.registrar.issuer, self.registrar.subject
        return Principal(issuer, subject, account_digest(issuer, subject), "found", frozenset())


async def found_at(url: str, key: Ed25519PrivateKey, founding: Founding) -> str:
    """`found` on the database at `url`, with a login that may record."""
    engine = make_engine(url, pool_size=1, application_name="custody found")
    try:
        return await found(engine, key, founding)
    finally:
        await engine.dispose()


async def found(engine: AsyncEngine, key: Ed25519PrivateKey, founding: Founding) -> str:
    """Record the founding, or find it recorded; the id of the event `installation.founded`.

    `key` is custody's promise key, whose public half the file must name. Raises NotFounded, and Problem 503 when the
    database is away.
    """
    founding.demand_choosable()
    promise_key = public_text(key.public_key())
    source = f"urn:cadena:{founding.installation}:custody"
    if founding.promise_keys.get(source) != promise_key:
        raise NotFounded(f"the file must name custody's own promise key {promise_key} under {source}")
    once = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:cadena:{founding.installation}:founding"))
    fingerprint = hashlib.sha256(canonical(founding.model_dump(mode="json", exclude_none=True))).digest()
    try:
        answer = await record(engine, Promiser(key), founding.principal(), once, fingerprint, founding.command())
    except Problem as problem:
        if problem.status == 503:
            raise
        raise NotFounded(ANOTHER if problem.code == "key-reused" else f"{problem.title}. {problem.detail}") from problem
    if answer.status != 201:
        raise NotFounded(ANOTHER)
    event: str = orjson.loads(answer.body)["founding_event"]
    return event
