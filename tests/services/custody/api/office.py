"""Custody's API as its callers meet it: over ASGI, with real tokens, on a real database as the login custody_api."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from deploy.local.issuer import ISSUER, DevIssuer
from services.custody.app import create_app
from services.custody.found import Founding, found
from services.custody.settings import ApiSettings
from shared.database import engine
from shared.events import new_id
from shared.keys import load_key, make_key, public_text
from shared.notes import COSIGNATURE, Signer

AUTHORITIES = ("court", "prosecutor", "prosecutor_2")
ACCOUNTS = {
    # account: (organisation, its kind, role)
    "court": ("court", "court", "court"),
    "prosecutor": ("prosecutor", "prosecutor", "prosecutor"),
    "prosecutor_2": ("prosecutor_2", "prosecutor", "prosecutor"),
    "lab": ("lab", "lab", "lab"),
    "lab_2": ("lab_2", "lab", "lab"),
    "custodian": ("store", "evidence_store", "custodian"),
    "courier": ("carrier", "courier", "courier"),
    "defence": ("defender", "defence", "defence"),
    "defence_2": ("defender", "defence", "defence"),
    "oversight": ("commission", "oversight", "oversight"),
    "auditor": ("auditors", "auditor", "auditor"),
}
RECORDED = (200, 201)


@dataclass
class House:
    """A founded installation: where its database, keys and issuer are, and the ids of whom it knows."""

    urls: dict[str, str]
    keys_dir: Path
    issuer: DevIssuer
    organisations: dict[str, str] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)
    log: Signer = field(default_factory=lambda: Signer("cadena.example/demo", Ed25519PrivateKey.generate()))
    cosigner: Signer = field(
        default_factory=lambda: Signer("cosigner.example/demo", Ed25519PrivateKey.generate(), COSIGNATURE)
    )

    def settings(self) -> ApiSettings:
        return ApiSettings(
            listen_port=1, database_url=self.urls["api"], keys_dir=self.keys_dir,
            state_dir=self.keys_dir.parent / "state", issuer=ISSUER, pool_size=5, jwks=str(self.issuer.jwks),
            log_url="http://127.0.0.1:9", log_vkey="none",
        )  # fmt: skip

    def token(self, account: str, audience: str = "custody", scopes: Sequence[str] = (), lifetime: int = 600) -> str:
        return self.issuer.mint(account, [audience], scopes, lifetime)


class Office:
    """What an account does over HTTP."""

    def __init__(self, house: House, client: httpx2.AsyncClient, app: FastAPI) -> None:
        self.house, self.client, self.app = house, client, app

    def headers(self, account: str, key: str | None = None, if_match: str | int | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.house.token(account)}", "Idempotency-Key": key or str(uuid.uuid4())}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        return headers

    async def post(
        self, account: str, path: str, body: object, *, key: str | None = None, if_match: str | int | None = None
    ) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=self.headers(account, key, if_match))

    async def get(self, account: str, path: str, **query: str | int) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.house.token(account)}"}
        return await self.client.get(path, params=query, headers=headers)

    async def did(
        self, account: str, path: str, body: object, *, if_match: str | int | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """Post, demand that it was recorded, and return the answer."""
        answer = await self.post(account, path, body, if_match=if_match, key=key)
        assert answer.status_code in RECORDED, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def read(self, account: str, path: str, **query: str | int) -> dict[str, Any]:
        answer = await self.get(account, path, **query)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def case(self, authority: str = "prosecutor", by: str = "lab", folio: str | None = None) -> str:
        body = {"authority": self.house.organisations[authority], "folio": folio or f"F-{uuid.uuid4().hex[:12]}"}
        return str((await self.did(by, "/v1/cases:resolve", body))["id"])

    async def sample(self, case: str, by: str = "lab", **changes: object) -> dict[str, Any]:
        return await self.did(by, "/v1/samples", a_sample(case) | changes)

    async def offer(self, samples: list[str], by: str = "lab", to: str = "store") -> dict[str, Any]:
        return await self.did(by, "/v1/offers", an_offer(samples, self.house.organisations[to]))

    async def accept(self, offer: dict[str, Any], by: str = "custodian", seal: str = "S-1") -> dict[str, Any]:
        body = {"receipts": [{"sample": one, "seal": seal, "condition": "intact"} for one in offer["samples"]]}
        return await self.did(by, f"/v1/offers/{offer['id']}:accept", body, if_match=offer["version"])

    async def state(self, by: str, case: str, what: str, **body: object) -> dict[str, Any]:
        """State something of a case, as `/v1/cases/{case}/{what}` takes it; the case."""
        source = {"kind": "judgment", "reference": "CP-112/2019"}
        return await self.did(by, f"/v1/cases/{case}/{what}", {"source": source} | body)

    async def convict(self, case: str) -> str:
        """A person who is convicted in the case."""
        person = str((await self.did("court", "/v1/persons", {"name": "Juan Pérez"}))["id"])
        link = {"person": person, "role": "convicted", "source": "Sentencia 12/2019"}
        await self.did("court", f"/v1/cases/{case}/persons", link)
        return person

    async def counsel(self, case: str, counsel: str = "defence") -> None:
        client = await self.convict(case)
        source = {"kind": "court_appointment", "reference": "AC-1"}
        body = {"counsel": self.house.persons[counsel], "client": client, "source": source}
        await self.did("court", f"/v1/cases/{case}/counsel", body)


def a_sample(case: str) -> dict[str, Any]:
    return {
        "case": case, "kind": "swab", "label": f"L-{uuid.uuid4().hex[:12]}", "seal": "S-1",
        "quantity": {"amount": 2, "unit": "swab"}, "collected_at": "2001-03-14T09:30:00-06:00",
        "collected_place": "Calle 5 de Mayo 12, Cholula",
    }  # fmt: skip


def an_offer(samples: list[str], to: str) -> dict[str, Any]:
    return {
        "samples": samples, "to_organisation": to, "purpose": "storage", "transport": "by_hand",
        "temperature": "ambient",
    }  # fmt: skip


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[Office]:
    """The app, started and stopped as its process does."""
    app = create_app(house.settings())
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://custody.test") as client,
    ):
        yield Office(house, client, app)


async def build(urls: dict[str, str], folder: Path, pack: str = "flat") -> House:
    """Found an installation with a pack, and register every organisation, person and account of ACCOUNTS."""
    house = House(urls, folder / "keys", DevIssuer(folder))
    make_key(house.keys_dir / "custody-promise.pem")
    await found_house(house, pack)
    async with opened(house) as office:
        for account, (organisation, kind, role) in ACCOUNTS.items():
            if organisation not in house.organisations:
                body = {"name": organisation, "kind": kind, "independent": kind != "prosecutor"}
                house.organisations[organisation] = (await office.did("registrar", "/v1/organisations", body))["id"]
            person = (await office.did("registrar", "/v1/persons", {"name": f"Name of {account}"}))["id"]
            house.persons[account] = person
            link = {
                "organisation": house.organisations[organisation], "role": role, "issuer": ISSUER, "subject": account,
            }  # fmt: skip
            await office.did("registrar", f"/v1/persons/{person}/accounts", link)
    return house


async def found_house(house: House, pack: str = "flat") -> None:
    key = load_key(house.keys_dir / "custody-promise.pem")
    registry = new_id()
    document = {
        "installation": "demo", "origin": "cadena.example/demo",
        "log_vkey": house.log.key.vkey, "cosigner_vkey": house.cosigner.key.vkey,
        "link_key": "l", "pack": pack, "promise_keys": {"urn:cadena:demo:custody": public_text(key.public_key())},
        "organisations": [{"id": registry, "name": "Registry", "kind": "registrar", "independent": True}],
        "registrar": {
            "person": new_id(), "name": "Rosa Ibarra", "organisation": registry, "account": new_id(),
            "issuer": ISSUER, "subject": "registrar",
        },
    }  # fmt: skip
    pool = engine(house.urls["api"], pool_size=1)
    try:
        await found(pool, key, Founding.model_validate(document))
    finally:
        await pool.dispose()
