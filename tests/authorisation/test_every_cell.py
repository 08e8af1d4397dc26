"""G12, G9: deny by default over HTTP. What the table is to say stands in sentences, not in the table under test."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from services.custody.authorise import ROLES
from shared.facts.people import Role
from tests.authorisation.chairs import House, Thing
from tests.authorisation.verbs import OF_ALL, VERBS, Verb
from tests.e2e.outside import no
from tests.services.custody.test_authorise import VERBS as STATED
from tests.services.custody.test_authorise import stated

NAMES = frozenset(STATED) - {"installation.found"}
"""The founding is a command of the operator's, and has no route."""
NOBODY: frozenset[tuple[Role, str]] = frozenset({("prosecutor", "REGISTRANT")})
"""Chairs that cannot be: a prosecutor's account is one of a prosecutor's office, and laboratories register."""

RULES_SPEAK = (409, 412)
"""A rule may still refuse what the table permits, or the version be another one by now."""


@dataclass(frozen=True)
class Cell:
    """One account in one chair, trying one verb."""

    role: Role
    verb: str
    chair: str
    allowed: frozenset[str]
    held: frozenset[str]


def held(thing: Thing, verb: Verb, name: str, role: Role) -> frozenset[str]:
    """What connects the account with what the verb is about."""
    if verb.noun == OF_ALL:
        # The case to be opened is one of the first prosecutor's office.
        own = {"AUTHORITY"} if name == "case.open" and thing.who == "prosecutor" else set()
        return frozenset({"INSTALLATION", *own})
    return thing.relations.get(verb.noun, frozenset())


def send(house: House, thing: Thing, verb: Verb) -> httpx2.Response:
    path = verb.path.format(someone=house.outside.persons["lab"], **thing.ids)
    if verb.body is None:
        return house.outside.send("custody", thing.who, path, method="GET")
    return house.outside.send("custody", thing.who, path, verb.body(house, thing), match=verb.version)


def tries(house: House, role: Role) -> Iterator[tuple[Cell, httpx2.Response]]:
    for chair, build in house.chairs(role).items():
        shared = build()
        for name, verb in VERBS.items():
            connected = held(shared, verb, name, role)
            open_by = connected & frozenset(stated(role, name))
            if name == "case.read_brief":  # one route: who may read a case whole reads it whole there
                open_by |= shared.relations.get("case", frozenset()) & frozenset(stated(role, "case.read"))
            cell = Cell(role, name, chair, open_by, connected)
            changes = open_by and verb.body is not None
            yield cell, send(house, build() if changes else shared, verb)


def judged(cell: Cell, answer: httpx2.Response) -> str | None:
    """What is wrong with the answer, if anything."""
    verb = VERBS[cell.verb]
    got = answer.is_success and (verb.shows is None or verb.shows in answer.json())
    if cell.allowed:
        right = got or (answer.status_code in RULES_SPEAK and verb.body is not None)
    elif cell.held and verb.body is not None:
        right = no(answer) == (403, "role-forbids") and bool(answer.json()["promises"])
    elif verb.shows and answer.is_success:
        right = not got
    else:
        right = no(answer) == (404, "not-found") and "promises" not in answer.json()
    return None if right else f"{cell}: {answer.status_code} {answer.text[:200]}"


def test_every_verb_has_a_request() -> None:
    assert set(VERBS) == set(NAMES)


@pytest.mark.parametrize("role", ROLES)
def test_g12_every_cell_is_as_stated(role: Role, house: House) -> None:
    wrong, tried, permitted = [], 0, set[tuple[str, str]]()
    for cell, answer in tries(house, role):
        tried += 1
        permitted |= {(cell.verb, relation) for relation in cell.allowed if relation in stated(role, cell.verb)}
        wrong.append(judged(cell, answer))
    print(f"{role}: {tried} cells tried, {len(permitted)} of them open")
    assert not list(filter(None, wrong)), "\n".join(filter(None, wrong))
    open_cells = {(verb, relation) for verb in NAMES for relation in stated(role, verb)}
    open_cells = {cell for cell in open_cells if (role, cell[1]) not in NOBODY}
    assert not open_cells ^ permitted, "open cells that nobody sat in"
