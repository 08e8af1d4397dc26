"""Cases with a convicted person, what is stated of them, and the worker's computing, for tests of keeping."""

from datetime import date

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.loops.retention import Recomputing
from services.custody.rules.case import LinkPerson, OpenCase
from services.custody.rules.statement import StateDate
from shared.events import new_id
from shared.facts.statements import StatementSource
from shared.sealed import fresh
from tests.services.custody.scene import SOURCE, Scene, org_id, person_id


async def a_case(scene: Scene, items: int = 1) -> list[str]:
    """A new case with a convicted person, and its items."""
    opened = await scene.do("lab", OpenCase(id=new_id(), authority=org_id("prosecutor"), folio=f"CI-{new_id()}"))
    scene.case = orjson.loads(opened.body)["id"]
    source = fresh("source", "Sentencia 12/2019")
    await scene.do("court", LinkPerson(case=scene.case, person=person_id("defence"), role="convicted", source=source))
    return [await scene.registered() for _ in range(items)]


async def discharged(scene: Scene, day: date | None, who: str = "court") -> str:
    """A discharge is stated; the statement's id."""
    source = StatementSource(kind="judgment", reference="CP-112/2019")
    command = StateDate(
        case=scene.case, id=new_id(), source=source, anchor="discharge", person=person_id("defence"), day=day
    )
    answer = await scene.do(who, command)
    assert answer.status == 200, answer.body
    return command.id


async def settle(worker: AsyncEngine) -> None:
    """Until there is nothing left to do."""
    loop = Recomputing(worker, SOURCE)
    while await loop.step():
        pass
