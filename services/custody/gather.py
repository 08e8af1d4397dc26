"""What a command decides upon: locks in one order, then the database's clock, then what the locks protect.

What is fixed at birth is read first, since it says what there is to lock. What may have grown meanwhile (the accounts
of a person) is read again after the last lock; if it has, SetsChanged rolls the transaction back and it starts anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ScalarSelect,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.custody.rules.account import AccountState
from services.custody.rules.auditor import AuditorState
from services.custody.rules.command import Command
from services.custody.rules.footprint import NOBODY, Birth, Fixed, Footprint, footprint, with_cases, with_items
from services.custody.rules.hold import HoldState
from services.custody.rules.installation import InstallationState
from services.custody.rules.sample import SampleState
from services.custody.rules.world import ActorState, World
from services.custody.tables import (
    ACCOUNTS,
    AUDITORS,
    CASES,
    HOLDS,
    INSTALLATIONS,
    OFFERS,
    PROPOSALS,
    RESTORATION,
    ROWS,
    SAMPLES,
)
from shared.behind import Stands, standing, stands
from shared.driver import driver, text_of

_INSTALLATION = select(INSTALLATIONS.table.c.id)
_STANDING = standing(RESTORATION)
_account = ACCOUNTS.table.c
_CALLER = text_of(
    select(
        *(cast(_account[name], Text).label(name) for name in ("id", "person", "organisation", "role", "kind")),
        _INSTALLATION.scalar_subquery().label("installation"), *_STANDING,
    ).where(_account.account_digest == bindparam("digest"), _account.status == literal_column("'open'"))
    .with_for_update(read=True, of=ACCOUNTS.table)
)  # fmt: skip


def _among(column: ColumnElement[Any], ids: Collection[str] | None = None) -> ColumnElement[bool]:
    """True for the rows of some ids: one text of SQL, however many there are, and none too."""
    return column == any_(
        bindparam("ids" if ids is None else None, ids, type_=ARRAY(column.type), required=ids is None)
    )


def _fixed(table: Table, *columns: str) -> Select[Any]:
    return select(table.c.id, *(table.c[name] for name in columns)).where(_among(table.c.id))


_OFFER_ITEMS, _PROPOSAL_ITEMS = _fixed(OFFERS.table, "samples"), _fixed(PROPOSALS.table, "samples")
_HOLD_CASES, _ACCOUNT_PERSONS = _fixed(HOLDS.table, "case"), _fixed(ACCOUNTS.table, "person")
_BIRTHS = _fixed(SAMPLES.table, "case", "registered_by", "root")
_ACCOUNTS_OF = select(ACCOUNTS.table.c.id).where(_among(ACCOUNTS.table.c.person)).order_by(ACCOUNTS.table.c.id)


class SetsChanged(Exception):
    """What the locks were chosen by is no longer so: begin again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The installation's name, whom the account is linked to, if to anyone, and where the database stands."""

    installation: str
    actor: ActorState | None
    stands: Stands
    behind: bool = False


async def caller(connection: AsyncConnection, account_digest: str) -> Caller | None:
    """Who commands, under a shared lock of the account, which comes before all others; None before the founding."""
    raw = await driver(connection)
    found = await raw.fetchrow(_CALLER, account_digest)
    if found is not None:
        row = SimpleNamespace(**found)
        return Caller(
            row.installation, ActorState(row.id, row.person, row.organisation, row.role, row.kind == "service"),
            stands(row),
        )  # fmt: skip
    nobody = (await connection.execute(select(INSTALLATIONS.table.c.id, *_STANDING))).first()
    return None if nobody is None else Caller(nobody.id, None, stands(nobody))


async def gather(connection: AsyncConnection, command: Command, actor: ActorState | None) -> tuple[World, datetime]:
    """Lock what the command's footprint names, read the clock, and return the world and the time of the decision.

    The statements are the same ones whether what the command names exists or not (G12). Raises SetsChanged.
    """
    reach = await _reach(connection, command, footprint(command, actor.org if actor else None))
    accounts = await _accounts_of(connection, reach)
    states: dict[str, dict[str, Any]] = {}
    for lock in reach.locks(accounts):
        states[lock.noun] = await ROWS[lock.noun].by_id(connection, lock.ids, lock.mode)
    now, labels, folios = await _clock_and_holders(connection, reach)
    if await _accounts_of(connection, reach) != accounts:
        raise SetsChanged
    known_cases = await CASES.by_id(connection, set(folios.values()) - states.get("case", {}).keys())
    world = World(
        actor=actor,
        installation=None if actor else await _installation(connection),
        organisations=states.get("organisation", {}),
        persons=states.get("person", {}),
        accounts=states.get("account", {}) | await _linked(connection, reach.account_digests),
        auditors=states.get("auditor", {}) | await _appointed(connection, reach.auditor_digests),
        cases=states.get("case", {}) | known_cases,
        samples=states.get("sample", {}),
        offers=states.get("offer", {}),
        proposals=states.get("proposal", {}),
        holds=states.get("hold", {}) | await _holds_over(connection, reach, states.get("sample", {})),
        counsel_of_record=await _counsel_of_record(connection, reach),
        label_holders=labels,
        folio_holders=folios,
    )
    return world, now


async def _reach(connection: AsyncConnection, command: Command, named: Footprint) -> Footprint:
    """The footprint with the items of its offers and proposals, and the cases of its items."""
    fixed = Fixed(
        offer_items=await _pairs(connection, _OFFER_ITEMS, named.offers),
        proposal_items=await _pairs(connection, _PROPOSAL_ITEMS, named.proposals),
        hold_cases=await _pairs(connection, _HOLD_CASES, named.holds),
        account_persons=await _pairs(connection, _ACCOUNT_PERSONS, named.accounts),
    )
    named = with_items(named, command, fixed)
    if "sample" not in named.reached:
        return named
    rows = await connection.execute(_BIRTHS, {"ids": sorted(named.samples)})
    births = {row.id: Birth(row.case, row.registered_by, row.root) for row in rows}
    return with_cases(named, command, Fixed(births=births))


async def _pairs(connection: AsyncConnection, statement: Select[Any], ids: Collection[str]) -> dict[str, Any]:
    """Id → what is fixed of it, of those ids that exist."""
    if not ids:
        return {}
    rows = await connection.execute(statement, {"ids": sorted(ids)})
    return {key: tuple(value) if isinstance(value, list) else value for key, value in rows}


async def _holds_over(
    connection: AsyncConnection, reach: Footprint, samples: Mapping[str, SampleState]
) -> dict[str, HoldState]:
    """The standing holds over items whose roots and cases are locked, so that none can come meanwhile."""
    if not reach.under_hold:
        return {}
    hold = HOLDS.table.c
    of_root = _among(hold.root, sorted({one.root for one in samples.values()}))
    of_case = hold.root.is_(None) & _among(hold.case, sorted({one.case for one in samples.values()}))
    return await HOLDS.where(connection, (hold.status == "standing") & (of_root | of_case))


async def _accounts_of(connection: AsyncConnection, reach: Footprint) -> tuple[str, ...]:
    if not reach.accounts_of and not reach.accounts:
        return ()
    rows = await connection.execute(_ACCOUNTS_OF, {"ids": sorted(reach.accounts_of)})
    return tuple(rows.scalars())


async def _linked(connection: AsyncConnection, digests: Collection[str]) -> dict[str, AccountState]:
    if not digests:
        return {}
    return await ACCOUNTS.where(connection, ACCOUNTS.table.c.account_digest.in_(sorted(digests)))


async def _appointed(connection: AsyncConnection, digests: Collection[str]) -> dict[str, AuditorState]:
    if not digests:
        return {}
    return await AUDITORS.where(connection, AUDITORS.table.c.account_digest.in_(sorted(digests)))


async def _counsel_of_record(connection: AsyncConnection, reach: Footprint) -> frozenset[str]:
    """Of the owner of an account that is to be closed, whether some case has that person as counsel.

    Asked under the lock of the account, which an appointment takes as well: none can come meanwhile.
    """
    if not reach.accounts_exclusive:
        return frozenset()
    found = set()
    for person in sorted(reach.counsel_of_record) or [NOBODY]:
        speaks = CASES.table.c.counsel.contains([{"counsel": person}])
        if (await connection.execute(select(CASES.table.c.id).where(speaks).limit(1))).first() is not None:
            found.add(person)
    return frozenset(found)


async def _installation(connection: AsyncConnection) -> InstallationState | None:
    found = await INSTALLATIONS.by_id(connection, (await connection.execute(_INSTALLATION)).scalars().all())
    return next(iter(found.values()), None)


Holders = dict[tuple[str, str], str]
"""Who holds a name: (organisation, name) → id."""


async def _clock_and_holders(connection: AsyncConnection, reach: Footprint) -> tuple[datetime, Holders, Holders]:
    """The clock after the locks, and who holds the labels and folios that the command would take."""
    raw, given = await driver(connection), [*sorted(reach.labels), *sorted(reach.folios)]
    row = await raw.fetchrow(_closing(len(reach.labels), len(reach.folios)), *(part for pair in given for part in pair))
    if row is None:
        raise LookupError("a SELECT without FROM has one row")
    labels, folios = ({(org, name): key for org, name, key in orjson.loads(found or b"[]")} for found in row[1:])
    return row[0], labels, folios


@cache
def _closing(labels: int, folios: int) -> str:
    """One statement for so many labels and folios, built once; its parameters are those pairs, in this order."""
    return text_of(
        select(
            func.clock_timestamp(),
            _holders(SAMPLES.table, "registered_by", "label", labels),
            _holders(CASES.table, "authority", "folio", folios),
        )
    )


def _holders(table: Table, org: str, name: str, count: int) -> ScalarSelect[Any]:
    if not count:
        return select(null()).scalar_subquery()
    wanted = [
        and_(table.c[org] == bindparam(f"{name}_org_{at}"), table.c[name] == bindparam(f"{name}_{at}"))
        for at in range(count)
    ]
    found = func.jsonb_build_array(table.c[org], table.c[name], table.c.id)
    return select(cast(func.jsonb_agg(found), Text)).where(or_(*wanted)).scalar_subquery()
