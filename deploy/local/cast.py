"""Who is in the local installation: fictional institutions, one account for each role, ids derived from names.

What is known before anything runs is known to all: the ids of the founding organisations and the idempotency keys by
which the rest is registered come from names, so seeding twice registers nothing twice.
"""

import uuid
from dataclasses import dataclass
from typing import Any

INSTALLATION = "demo"
ORIGIN = "cadena.example/demo"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:cadena:local")


def fixed_id(name: str) -> str:
    """The UUID that `name` stands for in every local installation."""
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(frozen=True)
class Organisation:
    """An institution; `independent` is meant of the prosecution, `source` says where that is written."""

    name: str
    kind: str
    independent: bool
    source: str


@dataclass(frozen=True)
class Member:
    """A person's account: what it may do (`role`), for whom (`organisation`, a key of ORGANISATIONS)."""

    role: str
    organisation: str
    name: str


REGISTRAR = "registrar"
# Institutions that are there before any registrar: the ones by which all others are judged.
FOUNDING = ("registry", "court", "prosecutor", "public_defender", "oversight")
ORGANISATIONS = {
    "registry": Organisation("Registro de la Cadena de Custodia", "registrar", True, "Acuerdo-1/2026"),
    "court": Organisation("Juzgado Segundo de lo Penal", "court", True, "Ley-Organica-12"),
    "prosecutor": Organisation("Fiscalía Regional", "prosecutor", False, "Ley-Organica-40"),
    "public_defender": Organisation("Defensoría Pública", "defence", True, "Ley-Organica-55"),
    "oversight": Organisation("Comisión de Derechos Humanos", "oversight", True, "Ley-3/2019"),
    "lab": Organisation("Laboratorio Central de Genética", "lab", True, "Decreto-7/2024"),
    "lab_2": Organisation("Laboratorio del Norte", "lab", False, "Decreto-8/2024"),
    "lab_3": Organisation("Laboratorio Universitario", "lab", True, "Convenio-21"),
    "store": Organisation("Bodega Central de Evidencias", "evidence_store", True, "Decreto-9/2024"),
    "store_2": Organisation("Bodega del Puerto", "evidence_store", False, "Decreto-9/2024"),
    "carrier": Organisation("Mensajería Cadena Fría", "courier", True, "Contrato-77"),
    "audit_office": Organisation("Auditoría Superior", "auditor", True, "Ley-5/2018"),
}
MEMBERS = {
    "registrar": Member("registrar", "registry", "Persona registradora"),
    "lab": Member("lab", "lab", "Perita del laboratorio"),
    "lab_2": Member("lab", "lab_2", "Perito del laboratorio norte"),
    "lab_3": Member("lab", "lab_3", "Зертхана қызметкері"),
    "custodian": Member("custodian", "store", "Custodio de la bodega"),
    "custodian_2": Member("custodian", "store_2", "Custodia de la bodega del puerto"),
    "courier": Member("courier", "carrier", "Mensajero"),
    "prosecutor": Member("prosecutor", "prosecutor", "Agente del ministerio público"),
    "defence": Member("defence", "public_defender", "Defensora pública"),
    "court": Member("court", "court", "Jueza"),
    "auditor": Member("auditor", "audit_office", "Auditor"),
    "oversight": Member("oversight", "oversight", "Visitadora"),
}
# The accounts whose tokens stand in `stack.json`.
SHOWN = (
    "lab", "custodian", "custodian_2", "courier", "prosecutor", "defence", "court", "auditor", "oversight", "registrar",
)  # fmt: skip


def audiences(member: Member) -> list[str]:
    """The services that an account of this role uses; a token for one of them fails at the others."""
    reads_entries = member.role in ("auditor", "oversight")
    return ["custody", "notify", *(["audit"] if reads_entries else [])]


def organisation_id(key: str) -> str:
    """The id of a founding organisation; custody gives the others theirs."""
    return fixed_id(f"organisation/{key}")


def founders(issuer: str) -> dict[str, Any]:
    """What the founders of a local installation decide: who is there, and who registers all others."""
    member = MEMBERS[REGISTRAR]
    return {
        "organisations": [
            {"id": organisation_id(key), "name": one.name, "kind": one.kind, "independent": one.independent,
             "source": one.source}
            for key, one in ORGANISATIONS.items() if key in FOUNDING
        ],
        "registrar": {
            "person": fixed_id("person/registrar"),
            "name": member.name,
            "organisation": organisation_id(member.organisation),
            "account": fixed_id("account/registrar"),
            "issuer": issuer,
            "subject": REGISTRAR,
        },
    }  # fmt: skip
