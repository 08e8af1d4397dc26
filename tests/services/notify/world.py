"""An installation as notify sees it: custody's facts sealed one after the other, and notify's own database to look at."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.loops.intake import Intake
from services.notify.tables import EVENTS
from shared.accounts import account_digest
from shared.events import Event, new_id
from shared.facts import Fact
from shared.facts.cases import AppointmentSource, CaseCounselAppointed, CaseOpened
from shared.facts.people import (
    AccountClosed,
    AccountLinked,
    InstallationFounded,
    Organisation,
    OrganisationRegistered,
    Pack,
    Registrar,
)
from shared.facts.proposals import ProposalMade
from tests.services.notify.facts import CUSTODY, NOTIFY, ZERO, event
from tests.services.notify.ledger import ORIGIN, Ledger

ISSUER = "urn:cadena:dev"
SENDER = "no-reply@cadena.example"


class World:
    """Seals facts and lets notify take them in."""

    def __init__(self, worker: AsyncEngine, demo: bool = False) -> None:
        self.engine, self.demo = worker, demo or None
        self.ledger = Ledger()
        self.intake = Intake(worker, CUSTODY, NOTIFY, SENDER)
        self.lab, self.authority, self.court, self.defence = (new_id() for _ in range(4))
        self.accounts: dict[str, str] = {}
        self._versions: dict[str, int] = {}

    async def seal(self, *entries: Event | bytes) -> None:
        """Seal entries under one head and take them in."""
        raws = [each.to_bytes() if isinstance(each, Event) else each for each in entries]
        await self.intake.take(self.ledger.seal(raws))

    def fact(self, subject: str, fact: Fact, source: str = CUSTODY) -> Event:
        """The subject's next fact."""
        self._versions[subject] = self._versions.get(subject, 0) + 1
        made = event(subject, fact, self._versions[subject], source=source)
        return made.model_copy(update={"demo": self.demo})

    async def found(self, promise_key: str = "k", link_key: str = "k") -> None:
        """Leaf 0 and four institutions, one with a name beyond ASCII."""
        named = {
            self.lab: ("Laboratorio Ñandú", "lab"), self.authority: ("Fiscalía de Chihuahua", "prosecutor"),
            self.court: ("Tribunal Primero", "court"), self.defence: ("Defensoría", "defence"),
        }  # fmt: skip
        organisations = [
            Organisation(id=key, name=name, kind=kind, independent=True) for key, (name, kind) in named.items()
        ]
        registrar = Registrar(
            person=new_id(), name=ZERO, organisation=self.court, account=new_id(), account_digest="0" * 64
        )
        leaf = InstallationFounded(
            installation="demo", origin=ORIGIN, log_vkey=self.ledger.vkey, cosigner_vkey=self.ledger.cosigner_vkey,
            promise_keys={NOTIFY: promise_key}, link_key=link_key, organisations=organisations, registrar=registrar,
            pack=Pack(id="flat", version=1, sha256="0" * 64),
        )  # fmt: skip
        facts = [
            self.fact(f"organisation/{each.id}", OrganisationRegistered(organisation=each)) for each in organisations
        ]
        await self.seal(self.fact("installation/demo", leaf), *facts)

    async def account(self, subject: str, role: str, person: str | None = None) -> str:
        """A person whose token's subject is `subject`; returns the person's id."""
        person = person or new_id()
        fact = AccountLinked(
            person=person, organisation=self.defence, role=role, account_digest=account_digest(ISSUER, subject)
        )
        self.accounts[subject] = new_id()
        await self.seal(self.fact(f"account/{self.accounts[subject]}", fact))
        return person

    async def close(self, subject: str) -> None:
        """The account that `subject` was last linked as is closed."""
        await self.seal(self.fact(f"account/{self.accounts[subject]}", AccountClosed(reason=ZERO)))

    async def case(self, *counsel: str) -> str:
        """A case with counsel of record."""
        case = new_id()
        await self.seal(self.fact(f"case/{case}", CaseOpened(authority=self.authority, folio=f"F-{case[-6:]}")))
        for person in counsel:
            await self.appoint(case, person)
        return case

    async def appoint(self, case: str, person: str) -> None:
        """One more counsel of record."""
        source = AppointmentSource(kind="court_appointment", reference="A-1")
        await self.seal(self.fact(f"case/{case}", CaseCounselAppointed(counsel=person, client=new_id(), source=source)))

    async def propose(self, fact: ProposalMade) -> tuple[str, Event]:
        """A proposal among other entries, so that its proof is not trivial."""
        proposal = new_id()
        made = self.fact(f"proposal/{proposal}", fact)
        await self.seal(b'{"some":"entry"}', made, b"not even an object")
        return proposal, made

    async def own_facts(self, kind: str) -> list[Event]:
        """Notify's recorded facts of one type, in order."""
        wanted = select(EVENTS.event.c.bytes).where(EVENTS.event.c.type.like(f"%{kind}%")).order_by(EVENTS.event.c.seq)
        async with self.engine.connect() as connection:
            return [Event.from_bytes(raw) for raw in (await connection.execute(wanted)).scalars()]

    async def seal_own(self) -> None:
        """Seal every fact of notify that is not sealed yet, as relay and writer would."""
        event_row, sealed = EVENTS.event, EVENTS.sealed
        wanted = (
            select(event_row.c.bytes).where(event_row.c.id.not_in(select(sealed.c.event_id))).order_by(event_row.c.seq)
        )
        async with self.engine.connect() as connection:
            raws = list((await connection.execute(wanted)).scalars())
        await self.seal(*raws)

    async def rows(self, sql: str, **parameters: Any) -> Sequence[Any]:
        """Look into the database."""
        async with self.engine.connect() as connection:
            return (await connection.execute(text(sql), parameters)).all()
