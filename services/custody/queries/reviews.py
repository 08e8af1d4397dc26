"""Reviews of a case."""

from sqlalchemy import select

from services.custody.queries.reader import Reader
from services.custody.queries.visibility import reviews as visible
from services.custody.representation import representation
from services.custody.tables import REVIEWS
from shared.paging import Key, Page, page_of


async def of_case(reader: Reader, case_id: str, after: Key | None, limit: int) -> Page:
    """The reviews of a case in order of their ids; none for who may not read the case whole."""
    column = REVIEWS.table.c
    first = [] if after is None else [column.id > after[0]]
    ids = select(column.id).where(column.case == case_id, visible(reader.actor), *first).order_by(column.id)
    found = await REVIEWS.where(reader.connection, column.id.in_(ids.limit(limit + 1)))
    return page_of([((state.id,), representation(state)) for state in found.values()], limit)
