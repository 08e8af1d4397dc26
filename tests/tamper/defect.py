"""One row of a table of defects: what the owner does, and exactly what must be said."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.tamper.ledger import Ledger, Place, places
from tests.tamper.owner import Owner

Deed = Callable[[Owner], Awaitable[object]]


@dataclass(frozen=True)
class Defect:
    """`finds` are the verifier's defects, all of them, and no other."""

    name: str
    do: Deed
    finds: set[Place]
    cosigner: bool = False
    """Whether the reader demands the cosigner."""


def defects(*rows: tuple[str, Deed, Place | set[Place]]) -> list[Defect]:
    return [Defect(name, do, finds if isinstance(finds, set) else {finds}) for name, do, finds in rows]


async def told(ledger: Ledger, defect: Defect) -> set[Place]:
    """Do it, and see what the verifier says."""
    async with ledger.owner() as owner:
        await defect.do(owner)
    return places(await ledger.verified(cosigner=defect.cosigner))


def statement(text: str, *arguments: object) -> Deed:
    return lambda owner: owner.execute(text, *arguments)


def named(defect: Defect) -> str:
    return defect.name
