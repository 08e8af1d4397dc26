"""A founded installation with one account for each role, on a database of the test module's own."""

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.found import Founding, found
from services.custody.record import record
from services.custody.rules.account import LinkAccount
from services.custody.rules.case import OpenCase
from services.custody.rules.command import Command
from services.custody.rules.offer import MakeOffer
from services.custody.rules.organisation import RegisterOrganisation
from services.custody.rules.person import RegisterPerson
from services.custody.rules.sample import RegisterSample
from shared.accounts import account_digest
from shared.auth import Principal
from shared.commands import Answer
from shared.database import engine as make_engine
from shared.events import Event, new_id
from shared.facts.samples import Quantity
from shared.keys import public_text
from shared.outside import SealedIndexGlance
from shared.promise import Promiser
from shared.sealed import fresh
from shared.text import parse_instant

ISSUER = "urn:test:issuer"
SOURCE = "urn:cadena:demo:custody"
COLLECTED = parse_instant("2026-01-31T09:30:00Z")
KINDS = {
    "registrar": "registrar", "lab": "lab", "lab_2": "lab", "custodian": "evidence_store", "prosecutor": "prosecutor",
    "defence": "defence", "court": "court", "oversight": "oversight", "auditor": "auditor",
}  # fmt: skip


def principal(who: str) -> Principal:
    """The account of that name, linked or not."""
    return Principal(ISSUER, who, account_digest(ISSUER, who), "test", frozenset())


def founding(key: Ed25519PrivateKey, pack: str = "flat") -> Founding:
    """A founding file that names `key` as custody's promise key; ids are the same each time."""
    return Founding.model_validate({
        "installation": "demo", "origin": "cadena.example/demo", "log_vkey": "vkey", "cosigner_vkey": "vkey",
        "promise_keys": {SOURCE: public_text(key.public_key()), "urn:cadena:demo:notify": "key"}, "link_key": "key", "pack": pack,
        "organisations": [
            {"id": org_id("registrar"), "name": "Registro", "kind": "registrar", "independent": True},
            {"id": org_id("court"), "name": "Juzgado Segundo", "kind": "court", "independent": True},
        ],
        "registrar": {
            "person": fixed("person/registrar"), "name": "Rosa Ibarra", "organisation": org_id("registrar"),
            "account": fixed("account/registrar"), "issuer": ISSUER, "subject": "registrar",
        },
    })  # fmt: skip


def fixed(name: str) -> str:
    """An id that follows from a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def org_id(who: str) -> str:
    """The organisation of an account."""
    return fixed(f"organisation/{who}")


def person_id(who: str) -> str:
    """The person of an account."""
    return fixed(f"person/{who}")


@dataclass
class Scene:
    """Acts for accounts by name. `url` is of the login custody_api."""

    url: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    pack: str = "flat"
    engine: AsyncEngine = field(init=False)
    case: str = ""

    def open(self, pool_size: int = 10) -> None:
        """Connect in the running loop."""
        self.engine = make_engine(self.url, pool_size=pool_size)
        self.promiser = Promiser(self.key)

    async def found(self) -> None:
        """The founding, the organisations, the accounts, and one case of the prosecutor's office."""
        await found(self.engine, self.key, founding(self.key, self.pack))
        for who, kind in KINDS.items():
            if who not in ("registrar", "court"):
                await self.do("registrar", RegisterOrganisation(
                    id=org_id(who), name=f"Institution {who}", kind=kind, independent=who != "prosecutor"))  # type: ignore[arg-type]  # fmt: skip
            if who != "registrar":
                await self.do(
                    "registrar", RegisterPerson(id=person_id(who), person_name=fresh("person_name", f"Name of {who}"))
                )
                await self.do("registrar", link(who))
        opened = await self.do("lab", OpenCase(id=new_id(), authority=org_id("prosecutor"), folio="CI-1/2026"))
        self.case = orjson.loads(opened.body)["id"]

    async def do(
        self,
        who: str,
        command: Command,
        *,
        key: str | None = None,
        said: str | None = None,
        if_match: int | None = None,
        glance: SealedIndexGlance | None = None,
    ) -> Answer:
        """Record a command; `said` stands for the request, in whose place a retry must say the same."""
        key = key or new_id()
        print_ = hashlib.sha256((said or key).encode()).digest()
        return await record(self.engine, self.promiser, principal(who), key, print_, command, if_match, glance)

    def sample(self, label: str | None = None, **changes: Any) -> RegisterSample:
        """A command to register a sample of the case."""
        return RegisterSample(**{
            "id": new_id(), "case": self.case, "kind": "blood", "label": label or f"L-{uuid.uuid4().hex[:12]}",
            "seal": "S-1", "quantity": Quantity(amount=2, unit="tube"), "collected_at": COLLECTED,
            "collected_place": fresh("collected_place", "Kitchen, Calle 5"), **changes,
        })  # fmt: skip

    async def registered(self, who: str = "lab") -> str:
        """The id of a new sample."""
        return str(orjson.loads((await self.do(who, self.sample())).body)["id"])

    async def offered(self, *samples: str, who: str = "lab", to: str = "custodian") -> str:
        """The id of a new offer of samples."""
        command = MakeOffer(
            id=new_id(), samples=samples, to_organisation=org_id(to), purpose="storage", transport="by_hand",
            temperature="frozen",
        )  # fmt: skip
        return str(orjson.loads((await self.do(who, command)).body)["id"])

    async def events(self, subject: str | None = None) -> list[Event]:
        """The stored events of a subject, or all, in order."""
        condition = "WHERE subject = :subject" if subject else ""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                text(f"SELECT bytes FROM event {condition} ORDER BY seq"), {"subject": subject} if subject else {}
            )
            return [Event.from_bytes(raw) for raw in rows.scalars()]

    async def counts(self) -> dict[str, int]:
        """Rows of every table that a command may touch."""
        async with self.engine.connect() as connection:
            return {
                name: (await connection.execute(text(f'SELECT count(*) FROM "{name}"'))).scalar_one()
                for name in (
                    "event",
                    "sealed_value",
                    "command",
                    "answer",
                    "person",
                    "account",
                    "case",
                    "sample",
                    "offer",
                )
            }


def link(who: str) -> LinkAccount:
    """A command to link the account of that name."""
    role: Any = "lab" if who == "lab_2" else who
    return LinkAccount(
        id=fixed(f"account/{who}"), person=person_id(who), organisation=org_id(who), role=role,
        account_digest=account_digest(ISSUER, who),
    )  # fmt: skip
