"""Accounts by person, and auditors."""

from typing import Any

from sqlalchemy import and_, select

from services.custody.queries.reader import Reader
from services.custody.queries.visibility import accounts as visible_accounts
from services.custody.queries.visibility import auditors as visible_auditors
from services.custody.representation import representation
from services.custody.tables import ACCOUNTS, AUDITORS, PERSONS
from shared.paging import Key, Page, page_of
from shared.problems import not_found


async def accounts_of(reader: Reader, person_id: str, after: Key | None, limit: int) -> Page:
    """A person's accounts, and those of the systems that the person answers for, in order of their ids.

    Problem 404 for a person that is unknown, or whose accounts are not yours to read.
    """
    visible, account = visible_accounts(reader.actor), ACCOUNTS.table.c
    if not await PERSONS.where(reader.connection, and_(PERSONS.table.c.id == person_id, visible)):
        raise not_found()
    first = [] if after is None else [account.id > after[0]]
    ids = select(account.id).where(account.person == person_id, *first).order_by(account.id).limit(limit + 1)
    found = await ACCOUNTS.where(reader.connection, account.id.in_(ids))
    return page_of([((state.id,), representation(state)) for state in found.values()], limit)


async def auditor(reader: Reader, auditor_id: str) -> dict[str, Any]:
    """An appointment; Problem 404 for unknown and for not yours."""
    condition = and_(AUDITORS.table.c.id == auditor_id, visible_auditors(reader.actor))
    found = await AUDITORS.where(reader.connection, condition)
    if auditor_id not in found:
        raise not_found()
    return representation(found[auditor_id])


async def auditors(reader: Reader, after: Key | None, limit: int) -> Page:
    """The appointments that the reader may see, also those that ended, in order of their ids."""
    auditor = AUDITORS.table.c
    first = [] if after is None else [auditor.id > after[0]]
    ids = select(auditor.id).where(visible_auditors(reader.actor), *first).order_by(auditor.id).limit(limit + 1)
    found = await AUDITORS.where(reader.connection, auditor.id.in_(ids))
    return page_of([((state.id,), representation(state)) for state in found.values()], limit)
