"""Accounts of every role, and for each relation a thing that connects with one of them by it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from deploy.local.issuer import ISSUER
from shared.facts.people import Role
from tests.e2e.matter import Matter, receipts
from tests.e2e.outside import Outside

OF_THE_CASE = {"court": "COURT", "auditor": "OVERSIGHT", "oversight": "OVERSIGHT"}
"""Roles that are connected with every case by being what they are."""
NOUNS = ("case", "statement", "sample", "offer", "proposal", "hold")
STATES: dict[Role, str] = {"court": "COURT", "prosecutor": "AUTHORITY", "defence": "COUNSEL"}
"""Roles that state something of a case, by what connects them with it."""
SOURCE = {"kind": "court_record", "reference": "AD-88/2026"}
REGISTER = ("account", "person", "auditor")
KEEPERS = ("registrar", "court", "oversight")
"""Roles that are connected with every account and every appointment of an auditor."""
NONE: frozenset[str] = frozenset()
RELEASER = frozenset({"RELEASER"})
ORGANISATIONS = {
    "prosecutor_2": "prosecutor",
    "prosecutor_3": "prosecutor",
    "lab_4": "lab",
    "store_3": "evidence_store",
}
"""Institutions of the kinds that handle items, which so far handle none."""


@dataclass(frozen=True)
class Thing:
    """A case with an item in it, an offer and a proposal; by noun, all that connects `who` with each.

    `brief` is what connects with the case through the items in it; `hold_seen` is what lets one read a hold, `hold` what
    lets one act on it.
    """

    who: str
    ids: dict[str, str]
    relations: dict[str, frozenset[str]]


class House:
    """Things made to order, each in a case of its own."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        for key, kind in ORGANISATIONS.items():
            body = {
                "name": f"Oficina {uuid4().hex[:6]}",
                "kind": kind,
                "independent": False,
                "source": "Decreto-1/2026",
            }
            outside.organisations[key] = outside.do("custody", "registrar", "/v1/organisations", body)["id"]
        self.counsel = outside.hire("defence", "public_defender")
        self._someone = self._registered_someone()
        self._handlers: dict[Role, tuple[str, str]] = {
            "prosecutor": (outside.hire("prosecutor", "prosecutor_2"), "prosecutor_2"),
            "lab": ("lab_2", "lab_2"),
            "custodian": ("custodian", "store"),
        }
        self._of_the_registrant: dict[Role, str] = {"lab": "lab", "custodian": outside.hire("custodian", "lab")}
        self._strangers: dict[Role, str] = {
            "prosecutor": outside.hire("prosecutor", "prosecutor_3"), "lab": outside.hire("lab", "lab_4"),
            "custodian": outside.hire("custodian", "store_3"), "defence": outside.hire("defence", "public_defender"),
            "courier": "courier",
        }  # fmt: skip

    def chairs(self, role: Role) -> dict[str, Callable[[], Thing]]:
        """The ways in which an account of the role is connected with something, and one in which it is not."""
        found: dict[str, Callable[[], Thing]] = {"nothing": lambda: self._unrelated(role)}
        if role in OF_THE_CASE:
            found[OF_THE_CASE[role]] = lambda: self._in_the_case(role, OF_THE_CASE[role])
        if role in KEEPERS:
            found["REGISTER"] = lambda: Thing(role, _nothing() | self._registered_someone(), _kept())
        if role == "defence":
            found["COUNSEL"] = lambda: self._in_the_case(self.counsel, "COUNSEL")
        if role == "prosecutor":
            found["AUTHORITY"] = lambda: self._in_the_case("prosecutor", "AUTHORITY", proposer=True)
        if role in self._of_the_registrant:
            found["REGISTRANT"] = lambda: self._registered(self._of_the_registrant[role])
        if role in self._handlers:
            who, home = self._handlers[role]
            found["HOLDER"] = lambda: self._held(who, home)
            found["PAST_HOLDER"] = lambda: self._once_held(who, home)
            found["RECEIVER"] = lambda: self._offered_to(who, home)
            found["RELEASER"] = lambda: self._offered_by(who, home)
        sets_holds = (
            OF_THE_CASE | {"defence": "COUNSEL", "prosecutor": "AUTHORITY"} | dict.fromkeys(self._handlers, "HOLDER")
        )
        if role in sets_holds and role != "auditor":
            found["SETTER"] = lambda: self._holding(found[sets_holds[role]]())
        if role in STATES:
            found["SETTER of a statement"] = lambda: self._stating(found[STATES[role]]())
        return found

    def _unrelated(self, role: Role) -> Thing:
        """What is there and not theirs; for a role that sees every case, what is not there."""
        if role in OF_THE_CASE or role in KEEPERS:
            return Thing(role, _nothing(), {})
        return Thing(self._strangers[role], self._things(*self._item()), {})

    def _in_the_case(self, who: str, relation: str, *, proposer: bool = False) -> Thing:
        everywhere = {noun: frozenset({relation}) for noun in (*NOUNS, "brief", "hold_seen")}
        everywhere |= _kept() if who in KEEPERS else {}
        if proposer:
            everywhere["proposal"] |= {"PROPOSER"}
        return Thing(who, self._things(*self._item()), everywhere)

    def _registered(self, who: str) -> Thing:
        matter, sample = self._item()
        sample = self._hand_over(matter, sample, "lab", "custodian_2", "store_2")
        mine = frozenset({"REGISTRANT", "PAST_HOLDER"})
        # The offer is of another item, which this laboratory registered and holds as well.
        holding = mine | {"HOLDER"}
        return Thing(who, self._things(matter, sample), {"sample": mine, "brief": holding, "offer": RELEASER})

    def _held(self, who: str, home: str) -> Thing:
        matter, sample = self._item()
        sample = self._hand_over(matter, sample, "lab", who, home)
        mine = frozenset({"HOLDER", "PAST_HOLDER"})
        ids = self._things(matter, sample)
        seen = frozenset({"HOLDER"})
        return Thing(who, ids, {"sample": mine, "brief": mine, "proposal": seen, "hold": NONE, "hold_seen": seen})

    def _once_held(self, who: str, home: str) -> Thing:
        matter, sample = self._item()
        sample = self._hand_over(matter, sample, "lab", who, home)
        sample = self._hand_over(matter, sample, who, "custodian_2", "store_2")
        mine = frozenset({"PAST_HOLDER"})
        return Thing(who, self._things(matter, sample), {"sample": mine, "brief": mine})

    def _offered_to(self, who: str, home: str) -> Thing:
        matter, sample = self._item()
        offer = matter.offer([sample["id"]], to=home)["id"]
        theirs = frozenset({"RECEIVER"})
        return Thing(who, self._things(matter, sample, offer), {"sample": theirs, "offer": theirs})

    def _offered_by(self, who: str, home: str) -> Thing:
        matter, sample = self._item()
        sample = self._hand_over(matter, sample, "lab", who, home)
        offer = matter.offer([sample["id"]], by=who, to="store_2")["id"]
        mine = frozenset({"HOLDER", "PAST_HOLDER"})
        seen = {"sample": mine, "brief": mine, "offer": RELEASER, "hold_seen": frozenset({"HOLDER"})}
        return Thing(who, self._things(matter, sample, offer), seen)

    def _holding(self, thing: Thing) -> Thing:
        """The same, with a hold that the account set itself."""
        own = {noun: thing.relations[noun] | {"SETTER"} for noun in ("hold", "hold_seen")}
        return Thing(thing.who, thing.ids | {"hold": self._hold(thing.who, thing.ids["sample"])}, thing.relations | own)

    def _stating(self, thing: Thing) -> Thing:
        """The same, with a statement that the account made itself."""
        own = {"statement": thing.relations["statement"] | {"SETTER"}}
        stated = self._stated(thing.who, thing.ids["case"])
        return Thing(thing.who, thing.ids | {"statement": stated}, thing.relations | own)

    def _stated(self, who: str, case: str) -> str:
        """The id of a statement of an account, by which no period ends or begins."""
        body = {"anchor": "offence", "day": "2001-03-14", "source": SOURCE}
        return str(self.outside.do("custody", who, f"/v1/cases/{case}/dates", body)["statements"][-1]["id"])

    def _decided(self, case: str) -> str:
        """The id of a proceeding that a court decided: one that is pending would keep the items."""
        opened = self.outside.do(
            "custody", "court", f"/v1/cases/{case}/proceedings", {"kind": "appeal", "source": SOURCE}
        )
        proceeding = str(opened["statements"][-1]["id"])
        decision = {"day": "2026-10-05", "outcome": "denied", "source": SOURCE}
        self.outside.do("custody", "court", f"/v1/cases/{case}/proceedings/{proceeding}:decide", decision)
        return proceeding

    def _hold(self, who: str, sample: str) -> str:
        body = {"sample": sample, "reason": "Contraprueba"}
        return str(self.outside.do("custody", who, "/v1/holds", body)["id"])

    def _registered_someone(self) -> dict[str, str]:
        """A laboratory's account, whose it is, and an auditor by a court's appointment."""
        person = self.outside.persons[self.outside.hire("lab", "lab")]
        accounts = self.outside.get("custody", "registrar", f"/v1/persons/{person}/accounts")["items"]
        expert = {"person": person, "issuer": ISSUER, "subject": f"expert-{uuid4()}", "order": "AC-2026-91"}
        appointed = self.outside.do("custody", "court", "/v1/auditors", expert)
        return {"account": accounts[0]["id"], "person": person, "auditor": appointed["id"]}

    def _item(self) -> tuple[Matter, dict[str, Any]]:
        """An item in a case of its own, held by the laboratory that registered it."""
        matter = Matter(self.outside)
        matter.appoint(self.counsel)
        return matter, matter.register()

    def _things(self, matter: Matter, sample: dict[str, Any], offer: str | None = None) -> dict[str, str]:
        """All the ids: the item is proposed unless it is offered, and other items take the other part."""
        other = matter.register()["id"]
        proposed, offered = (sample["id"], other) if offer is None else (other, sample["id"])
        return {
            "case": matter.case, "sample": sample["id"], "seal": sample["seal"], "offered": offered,
            "offer": offer or matter.offer([offered], to="store_2")["id"], "proposal": matter.propose([proposed])["id"],
            "hold": self._hold("court", sample["id"]), "statement": self._stated("court", matter.case),
            "proceeding": self._decided(matter.case), "convict": matter.client, **self._someone,
        }  # fmt: skip

    def _hand_over(self, matter: Matter, sample: dict[str, Any], by: str, receiver: str, to: str) -> dict[str, Any]:
        """The item, after the receiver took it."""
        offer = matter.offer([sample["id"]], by=by, to=to)
        accept = f"/v1/offers/{offer['id']}:accept"
        self.outside.do("custody", receiver, accept, receipts([sample]), match=f'"{offer["version"]}"')
        handed: dict[str, Any] = self.outside.get("custody", "court", f"/v1/samples/{sample['id']}")
        return handed


def _nothing() -> dict[str, str]:
    """Ids that nothing has."""
    return {noun: str(uuid4()) for noun in (*NOUNS, "proceeding", "convict", *REGISTER)}


def _kept() -> dict[str, frozenset[str]]:
    """What connects a keeper of the register with what stands in it."""
    return dict.fromkeys(("account", "auditor"), frozenset({"REGISTER"}))
