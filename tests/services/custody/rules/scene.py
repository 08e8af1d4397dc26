"""A small installation in memory: commands go the way of record.py, without a database.

A command decides upon the world narrowed to its footprint, as under locks; that the whole world would decide alike is
checked each time, so a footprint that leaves something out is found by whatever test happens to need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from services.custody.authorise import NoStanding, Permitted, permit, relations
from services.custody.refusals import UnknownReference
from services.custody.rules.account import LinkAccount
from services.custody.rules.case import AppointCounsel, LinkPerson, OpenCase
from services.custody.rules.command import Command, Known
from services.custody.rules.footprint import Birth, Fixed, Footprint, footprint, with_cases, with_items
from services.custody.rules.offer import AcceptOffer, ItemReceipt, MakeOffer
from services.custody.rules.organisation import RegisterOrganisation
from services.custody.rules.person import RegisterPerson
from services.custody.rules.sample import RegisterSample, SampleState
from services.custody.rules.table import COMMANDS, apply, decide
from services.custody.rules.world import ActorState, World
from shared.errors import Refusal
from shared.events import Actor, Draft, Event, envelope
from shared.facts.cases import AppointmentSource
from shared.facts.people import OrganisationKind, Role
from shared.facts.samples import Quantity
from shared.sealed import SealedValue

NOW = datetime(2030, 6, 15, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(1999, 3, 1, 8, 30, tzinfo=UTC)
DIGEST = re.compile("sha256:[0-9a-f]{64}")
Outcome = list[Event] | Known | Refusal | UnknownReference | NoStanding


def uid(name: str) -> str:
    """The UUID that stands for a name in these tests."""
    return str(uuid5(NAMESPACE_URL, name))


def text(field: str, value: str = "a text") -> SealedValue:
    """A sealed text whose salt follows from its value."""
    return SealedValue(field, value, value.encode().ljust(32, b".")[:32])


def actor(organisation: str, role: Role, person: str | None = None, *, service: bool = False) -> ActorState:
    """An account of a person in an organisation, both by name; or of a system that the person answers for."""
    owner = uid(person or f"officer of {organisation}")
    return ActorState(uid(f"account {organisation} {role}"), owner, uid(organisation), role, service)


REGISTRAR = actor("registry", "registrar")
COURT = actor("court", "court")
PROSECUTOR = actor("prosecution", "prosecutor")
OTHER_PROSECUTOR = actor("other prosecution", "prosecutor")
LAB = actor("lab", "lab")
OTHER_LAB = actor("other lab", "lab")
STORE = actor("store", "custodian")
COUNSEL = actor("defence", "defence", "counsel")
OTHER_COUNSEL = actor("defence", "defence", "other counsel")
AUDITOR = actor("auditors", "auditor")
OVERSIGHT = actor("oversight", "oversight")
COURIER = actor("courier", "courier")

KINDS: Mapping[str, OrganisationKind] = {
    "registry": "registrar", "court": "court", "prosecution": "prosecutor", "other prosecution": "prosecutor",
    "lab": "lab", "other lab": "lab", "store": "evidence_store", "defence": "defence", "auditors": "auditor",
    "oversight": "oversight", "courier": "courier",
}  # fmt: skip


class Scene:
    """The world as the events so far left it, and those events."""

    def __init__(self) -> None:
        self.world = World()
        self.events: list[Event] = []
        self.now = NOW

    def copy(self) -> Scene:
        """Another scene that begins where this one stands."""
        other = Scene()
        other.world, other.events, other.now = self.world, list(self.events), self.now
        return other

    def do(self, who: ActorState, command: Command) -> Outcome:
        """Carry a command out: standing, role, rule, facts; a refusal changes nothing."""
        whole = replace(self.world, actor=who)
        world = narrowed(whole, command)
        held = relations(world, command)
        assert held == relations(whole, command)
        granted = permit(who, COMMANDS[type(command)].verb, held, command.target())
        if not isinstance(granted, Permitted):
            return granted
        decision = decide(world, command, self.now)
        assert decision == decide(whole, command, self.now)
        return self.record(who, decision) if isinstance(decision, tuple) else decision

    def must(self, who: ActorState, command: Command) -> list[Event]:
        """Carry out a command that is accepted."""
        outcome = self.do(who, command)
        assert isinstance(outcome, list), outcome
        return outcome

    def record(self, who: ActorState, drafts: tuple[Draft, ...]) -> list[Event]:
        """Number and fold the drafts, through the events' bytes. No digest without its text, and no text without."""
        kept = {one.digest for draft in drafts for one in draft.sealed}
        assert {one for draft in drafts for one in DIGEST.findall(draft.fact.model_dump_json())} == kept
        self.now += timedelta(seconds=1)
        recorded = []
        for ordinal, draft in enumerate(drafts):
            before = self.world.state(draft.subject)
            event = envelope(
                draft, source="urn:cadena:demo:custody", sequence=before.version + 1 if before else 1, time=self.now,
                actor=Actor(person=who.person, org=who.org, role=who.role), command=f"{len(self.events):064x}",
                ordinal=ordinal,
            )  # fmt: skip
            event = Event.from_bytes(event.to_bytes())
            self.world = folded(self.world, event)
            recorded.append(event)
        self.events += recorded
        return recorded

    def sample(self, name: str) -> SampleState:
        """The item of that name."""
        return self.world.samples[uid(name)]


def folded(world: World, event: Event) -> World:
    """The world after an event."""
    assert event.subject is not None
    noun, _, key = event.subject.partition("/")
    state = apply(world.state(event.subject), event)
    if noun == "installation":
        return replace(world, installation=state)  # type: ignore[arg-type]
    changed: dict[str, Any] = {f"{noun}s": {**getattr(world, f"{noun}s"), key: state}}
    world = replace(world, **changed)
    return replace(
        world,
        label_holders={(one.registered_by, one.label): one.id for one in world.samples.values()},
        folio_holders={(one.authority, one.folio): one.id for one in world.cases.values()},
        counsel_of_record=frozenset(one.counsel for case in world.cases.values() for one in case.counsel),
    )


def reach(world: World, command: Command) -> Footprint:
    """The footprint of a command, widened as gather.py does it."""
    fixed = Fixed(
        offer_items={key: offer.samples for key, offer in world.offers.items()},
        proposal_items={key: proposal.samples for key, proposal in world.proposals.items()},
        births={key: Birth(one.case, one.registered_by, one.root) for key, one in world.samples.items()},
        hold_cases={key: hold.case for key, hold in world.holds.items()},
        account_persons={key: account.person for key, account in world.accounts.items()},
    )
    named = footprint(command, world.actor.org if world.actor else None)
    return with_cases(with_items(named, command, fixed), command, fixed)


def narrowed(world: World, command: Command) -> World:
    """The world as far as the command's footprint reaches."""
    wanted = reach(world, command)

    def only(noun: str) -> dict[str, Any]:
        return {key: one for key, one in getattr(world, noun).items() if key in getattr(wanted, noun)}

    accounts = {
        key: one
        for key, one in world.accounts.items()
        if one.person in wanted.accounts_of or one.account_digest in wanted.account_digests or key in wanted.accounts
    }
    auditors = {
        key: one
        for key, one in world.auditors.items()
        if key in wanted.auditors or one.account_digest in wanted.auditor_digests
    }
    speaking = frozenset(one.counsel for case in world.cases.values() for one in case.counsel)
    folios = {key: one for key, one in world.folio_holders.items() if key in wanted.folios}
    states: dict[str, Any] = {
        noun: only(noun) for noun in ("organisations", "persons", "cases", "samples", "offers", "proposals")
    }
    held = only("holds")
    if wanted.under_hold:
        items = states["samples"].values()
        held |= {key: one for key, one in world.holds.items() if any(one.covers(it.root, it.case) for it in items)}
    states["cases"] |= {one: world.cases[one] for one in folios.values()}
    labels = {key: one for key, one in world.label_holders.items() if key in wanted.labels}
    return replace(
        world, **states, holds=held, accounts=accounts, auditors=auditors, label_holders=labels, folio_holders=folios,
        counsel_of_record=speaking & wanted.counsel_of_record,
    )  # fmt: skip


def founded() -> Scene:
    """Every organisation is registered, and the persons that cases need."""
    scene = Scene()
    for name, kind in KINDS.items():
        independent = kind != "prosecutor"
        scene.must(REGISTRAR, RegisterOrganisation(id=uid(name), name=name, kind=kind, independent=independent))
    for name in ("counsel", "other counsel", "client", "other client", "nobody's counsel"):
        scene.must(REGISTRAR, RegisterPerson(id=uid(name), person_name=text("person_name", name)))
    for name in ("counsel", "other counsel"):
        scene.must(REGISTRAR, link_account(person=name, organisation="defence", role="defence"))
    return scene


def with_case(scene: Scene, name: str = "case", who: ActorState = PROSECUTOR, client: str = "client") -> Scene:
    """A case of the actor's organisation, with a convicted client."""
    scene.must(who, OpenCase(id=uid(name), authority=who.org, folio=f"F-{name.replace(' ', '-')}"))
    scene.must(who, LinkPerson(case=uid(name), person=uid(client), role="convicted", source=text("source")))
    return scene


def link_account(person: str, organisation: str, role: Role, name: str | None = None) -> LinkAccount:
    """Link a person's account, named after person and role unless it has a name."""
    name = name or f"{person} {role}"
    return LinkAccount(
        id=uid(f"account {name}"), person=uid(person), organisation=uid(organisation), role=role,
        account_digest=uid(name).replace("-", "").ljust(64, "0"),
    )  # fmt: skip


def appoint(counsel: str = "counsel", client: str = "client", case: str = "case") -> AppointCounsel:
    """An appointment by the court."""
    source = AppointmentSource(kind="court_appointment", reference="A-1")
    return AppointCounsel(case=uid(case), counsel=uid(counsel), client=uid(client), source=source)


def defenders(scene: Scene, count: int) -> list[str]:
    """So many more persons with a defence account, by name."""
    names = [f"counsel number {number}" for number in range(count)]
    for name in names:
        scene.must(REGISTRAR, RegisterPerson(id=uid(name), person_name=text("person_name", name)))
        scene.must(REGISTRAR, link_account(person=name, organisation="defence", role="defence"))
    return names


def register(name: str, case: str = "case", **members: Any) -> RegisterSample:
    """The registration of an item that was collected long ago."""
    usual: dict[str, Any] = {
        "id": uid(name), "case": uid(case), "kind": "blood", "label": name.replace(" ", "-"), "seal": f"seal-{name}",
        "quantity": Quantity(amount=2, unit="tube"), "collected_at": LONG_AGO,
        "collected_place": text("collected_place"),
    }  # fmt: skip
    return RegisterSample(**(usual | members))


def offer(name: str, *samples: str, to: str = "store", **members: Any) -> MakeOffer:
    """An offer of items to an organisation."""
    usual: dict[str, Any] = {
        "id": uid(name), "samples": tuple(uid(one) for one in samples), "to_organisation": uid(to),
        "purpose": "storage", "transport": "vehicle", "temperature": "frozen",
    }  # fmt: skip
    return MakeOffer(**(usual | members))


def accept(scene: Scene, name: str) -> AcceptOffer:
    """The acceptance of an offer with every seal as recorded, all items intact."""
    items = scene.world.offers[uid(name)].samples
    receipts = tuple(ItemReceipt(item, scene.world.samples[item].seal, "intact") for item in items)
    return AcceptOffer(offer=uid(name), receipts=receipts)
