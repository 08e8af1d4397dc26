"""The directory: what custody has sealed about the installation, its institutions, accounts, cases and counsel.

Every row is written once, by the lowest leaf that says it, so the order in which subjects arrive does not matter.
"""

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.store import open_account
from services.notify.tables import ACCOUNT, CASE, CLOSING, COUNSEL, INSTALLATION, ORGANISATION
from shared.facts.cases import CaseCounselAppointed, CaseOpened
from shared.facts.people import AccountLinked, InstallationFounded, OrganisationRegistered


async def founded(connection: AsyncConnection, fact: InstallationFounded, source: str, demo: bool) -> None:
    """Leaf 0; `source` is our own, whose promise key it names."""
    await _once(
        connection, INSTALLATION, id=fact.installation, origin=fact.origin, log_vkey=fact.log_vkey,
        promise_key=fact.promise_keys.get(source), link_key=fact.link_key,
        demo=demo,
    )  # fmt: skip


async def organisation(connection: AsyncConnection, fact: OrganisationRegistered) -> None:
    """An institution's public name."""
    registered = fact.organisation
    await _once(connection, ORGANISATION, id=registered.id, name=registered.name, kind=registered.kind)


async def account(connection: AsyncConnection, fact: AccountLinked, identifier: str) -> None:
    """Who an account is. Of two that stand under one digest the first counts; a system's account is nobody's here."""
    known = select(ACCOUNT.c.id).where(open_account(fact.account_digest))
    if (await connection.execute(known)).first() is None:
        await _once(
            connection, ACCOUNT, id=identifier, account_digest=fact.account_digest, person=fact.person,
            organisation=fact.organisation, role=fact.role,
        )  # fmt: skip


async def closed(connection: AsyncConnection, identifier: str) -> None:
    """Nobody acts by an account any more. The person stays a party, and is told at the address it gave."""
    await _once(connection, CLOSING, account=identifier)


async def case(connection: AsyncConnection, fact: CaseOpened, identifier: str) -> None:
    """A case."""
    await _once(connection, CASE, id=identifier, authority=fact.authority, folio=fact.folio)


async def counsel(connection: AsyncConnection, fact: CaseCounselAppointed, case: str) -> None:
    """Counsel of record, whichever client in the case it is for."""
    await _once(connection, COUNSEL, case_id=case, person=fact.counsel)


async def _once(connection: AsyncConnection, table: Table, **values: Any) -> None:
    await connection.execute(insert(table).values(values).on_conflict_do_nothing())
