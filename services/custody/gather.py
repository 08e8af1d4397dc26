"""What a command decides upon: locks in one order, then the database's clock, then what the locks protect.

What is fixed at birth is read first, since it says what there is to lock. What may have grown meanwhile (the accounts
of a person) is read again after the last lock; if it has, SetsChanged rolls the transaction back and it starts anew.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Label,
    ScalarSelect,
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
from sqlalchemy.dialects.postgresql import JSONB

from services.custody.policy.retention import Law
from services.custody.rules.account import AccountState
from services.custody.rules.auditor import AuditorState
from services.custody.rules.command import Command
from services.custody.rules.footprint import (
    NOBODY,
    Birth,
    Fixed,
    Footprint,
    Lock,
    Mode,
    footprint,
    with_cases,
    with_items,
)
from services.custody.rules.hold import HoldState
from services.custody.rules.installation import InstallationState
from services.custody.rules.sample import SampleState
from services.custody.rules.world import ActorState, World
from services.custody.tables import (
    ACCOUNTS,
    AUDITORS,
    CASES,
    COMMANDS,
    HOLDS,
    INSTALLATIONS,
    OFFERS,
    PROPOSALS,
    RESTORATION,
    ROWS,
    SAMPLES,
)
from shared.behind import Stands, standing, stands
from shared.commands import CLAIM
from shared.driver import Link, Statement, driver, text_of

_INSTALLATION = select(INSTALLATIONS.table.c.id)
_LAW = select(INSTALLATIONS.table.c.pack_sha256)
_STANDING = standing(RESTORATION)
_THERE = Statement(select(INSTALLATIONS.table.c.id, *_STANDING))
_account = ACCOUNTS.table.c


def _caller(digest: str, condition: ColumnElement[bool] | None = None) -> str:
    """The open account whose digest is at a place of the statement, locked, and where the database stands."""
    found = (
        select(
            *(cast(_account[name], Text).label(name) for name in ("id", "person", "organisation", "role", "kind")),
            _INSTALLATION.scalar_subquery().label("installation"), _LAW.scalar_subquery().label("pack"), *_STANDING,
        ).where(_account.account_digest == literal_column(digest), _account.status == literal_column("'open'"))
        .with_for_update(read=True, of=ACCOUNTS.table)
    )  # fmt: skip
    return text_of(found if condition is None else found.where(condition))


_CALLER = _caller("$1::varchar")
# The key comes first: the account is looked for, and locked, only if the key is ours.
_CLAIMING = f"WITH claimed AS ({CLAIM.format(COMMANDS.command.name)}) " + _caller(
    "$1::varchar", literal_column("EXISTS (SELECT FROM claimed)")
)


def _among(column: ColumnElement[Any], name: str = "ids") -> ColumnElement[bool]:
    """True for the rows of some ids: one text of SQL, however many there are, and none too."""
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def _fixed(table: Table, *columns: str) -> Statement:
    return Statement(
        select(cast(table.c.id, Text), *(_plain(table.c[name]) for name in columns)).where(_among(table.c.id))
    )


def _plain(column: ColumnElement[Any]) -> Label[Any]:
    """Ids as text."""
    return cast(column, ARRAY(Text) if isinstance(getattr(column.type, "impl", None), ARRAY) else Text).label(None)


_OFFER_ITEMS, _PROPOSAL_ITEMS = _fixed(OFFERS.table, "samples"), _fixed(PROPOSALS.table, "samples")
_HOLD_CASES, _ACCOUNT_PERSONS = _fixed(HOLDS.table, "case"), _fixed(ACCOUNTS.table, "person")
_BIRTHS = _fixed(SAMPLES.table, "case", "registered_by", "root")
_ACCOUNTS_OF = Statement(select(cast(_account.id, Text)).where(_among(_account.person)).order_by(_account.id))
_LINKED = ACCOUNTS.that(_among(_account.account_digest, "digests"))
_APPOINTED = AUDITORS.that(_among(AUDITORS.table.c.account_digest, "digests"))
_hold = HOLDS.table.c
_HOLDS_OVER = HOLDS.that(
    (_hold.status == "standing") & (_among(_hold.root, "roots") | _hold.root.is_(None) & _among(_hold.case, "cases"))
)
_SPEAKS = CASES.table.c.counsel.contains(bindparam("counsel", type_=JSONB))
_IS_COUNSEL = Statement(select(CASES.table.c.id).where(_SPEAKS).limit(1))


class SetsChanged(Exception):
    """What the locks were chosen by is no longer so: begin again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The installation's name, whom the account is linked to, if to anyone, and where the database stands.

    `pack` is the SHA-256 of the pack in force; None for who is nobody, and decides nothing.
    """

    installation: str
    actor: ActorState | None
    stands: Stands
    pack: str | None = None
    behind: bool = False


async def caller(link: Link, account_digest: str) -> Caller | None:
    """Who commands, under a shared lock of the account, which comes before all others; None before the founding."""
    raw = await driver(link)
    found = await raw.fetchrow(_CALLER, account_digest)
    return await nobody(link) if found is None else _found(found)


async def claiming(link: Link, account_digest: str, key: str, fingerprint: bytes) -> Caller | None:
    """`caller`, after taking a key: one statement. None if another has the key, or the caller is nobody."""
    raw = await driver(link)
    found = await raw.fetchrow(_CLAIMING, account_digest, key, fingerprint)
    return None if found is None else _found(found)


async def nobody(link: Link) -> Caller | None:
    """The caller whose account is linked to nobody; None before the founding."""
    for there in await _THERE.rows(link):
        row = SimpleNamespace(**there)
        return Caller(row.id, None, stands(row))
    return None


def _found(record: Mapping[str, Any]) -> Caller:
    row = SimpleNamespace(**record)
    actor = ActorState(row.id, row.person, row.organisation, row.role, row.kind == "service")
    return Caller(row.installation, actor, stands(row), row.pack)


async def gather(link: Link, command: Command, actor: ActorState | None, law: Law) -> tuple[World, datetime]:
    """Lock what the command's footprint names, read the clock, and return the world and the time of the decision.

    The statements are the same ones whether what the command names exists or not (G12). Raises SetsChanged.
    """
    reach = await _reach(link, command, footprint(command, actor.org if actor else None))
    accounts = await _accounts_of(link, reach)
    states: dict[str, dict[str, Any]] = {}
    *before, last = reach.locks(accounts) or (None,)
    for lock in before:
        if lock is not None:
            states[lock.noun] = await ROWS[lock.noun].by_id(link, lock.ids, lock.mode)
    closing = await _closed(link, reach, last)
    if last is not None:
        states[last.noun] = ROWS[last.noun].states(closing.locked)
    if await _accounts_of(link, reach) != accounts:
        raise SetsChanged
    known_cases = await CASES.by_id(link, set(closing.folios.values()) - states.get("case", {}).keys())
    world = World(
        actor=actor,
        law=law,
        installation=None if actor else await _installation(link),
        organisations=states.get("organisation", {}),
        persons=states.get("person", {}),
        accounts=states.get("account", {}) | await _linked(link, reach.account_digests),
        auditors=states.get("auditor", {}) | await _appointed(link, reach.auditor_digests),
        cases=states.get("case", {}) | known_cases,
        samples=states.get("sample", {}),
        offers=states.get("offer", {}),
        proposals=states.get("proposal", {}),
        holds=states.get("hold", {}) | await _holds_over(link, reach, states.get("sample", {})),
        counsel_of_record=await _counsel_of_record(link, reach),
        label_holders=closing.labels,
        folio_holders=closing.folios,
    )
    return world, closing.now


async def _reach(link: Link, command: Command, named: Footprint) -> Footprint:
    """The footprint with the items of its offers and proposals, and the cases of its items."""
    fixed = Fixed(
        offer_items=await _pairs(link, _OFFER_ITEMS, named.offers),
        proposal_items=await _pairs(link, _PROPOSAL_ITEMS, named.proposals),
        hold_cases=await _pairs(link, _HOLD_CASES, named.holds),
        account_persons=await _pairs(link, _ACCOUNT_PERSONS, named.accounts),
    )
    named = with_items(named, command, fixed)
    if "sample" not in named.reached:
        return named
    births = {key: Birth(*fixed) for key, *fixed in await _BIRTHS.rows(link, ids=sorted(named.samples))}
    return with_cases(named, command, Fixed(births=births))


async def _pairs(link: Link, statement: Statement, ids: Collection[str]) -> dict[str, Any]:
    """Id → what is fixed of it, of those ids that exist."""
    if not ids:
        return {}
    rows = await statement.rows(link, ids=sorted(ids))
    return {key: tuple(value) if isinstance(value, list) else value for key, value in rows}


async def _holds_over(link: Link, reach: Footprint, samples: Mapping[str, SampleState]) -> dict[str, HoldState]:
    """The standing holds over items whose roots and cases are locked, so that none can come meanwhile."""
    if not reach.under_hold:
        return {}
    roots, cases = {one.root for one in samples.values()}, {one.case for one in samples.values()}
    return await HOLDS.by(link, _HOLDS_OVER, roots=sorted(roots), cases=sorted(cases))


async def _accounts_of(link: Link, reach: Footprint) -> tuple[str, ...]:
    if not reach.accounts_of and not reach.accounts:
        return ()
    return tuple(row[0] for row in await _ACCOUNTS_OF.rows(link, ids=sorted(reach.accounts_of)))


async def _linked(link: Link, digests: Collection[str]) -> dict[str, AccountState]:
    return await ACCOUNTS.by(link, _LINKED, digests=sorted(digests)) if digests else {}


async def _appointed(link: Link, digests: Collection[str]) -> dict[str, AuditorState]:
    return await AUDITORS.by(link, _APPOINTED, digests=sorted(digests)) if digests else {}


async def _counsel_of_record(link: Link, reach: Footprint) -> frozenset[str]:
    """Of the owner of an account that is to be closed, whether some case has that person as counsel.

    Asked under the lock of the account, which an appointment takes as well: none can come meanwhile.
    """
    if not reach.accounts_exclusive:
        return frozenset()
    found = set()
    for person in sorted(reach.counsel_of_record) or [NOBODY]:
        if await _IS_COUNSEL.rows(link, counsel=orjson.dumps([{"counsel": person}]).decode()):
            found.add(person)
    return frozenset(found)


async def _installation(link: Link) -> InstallationState | None:
    found = await INSTALLATIONS.by_id(link, [row["id"] for row in await _THERE.rows(link)])
    return next(iter(found.values()), None)


Holders = dict[tuple[str, str], str]
"""Who holds a name: (organisation, name) → id."""


class Closing(NamedTuple):
    """What is read last: the rows of the last lock as texts, then the clock, and who holds the names."""

    locked: list[str]
    now: datetime
    labels: Holders
    folios: Holders


async def _closed(link: Link, reach: Footprint, last: Lock | None) -> Closing:
    """Take the last lock, then read the clock and who holds the labels and folios that the command would take.

    A name that is found taken is looked for again: while the lock was waited for, it may have been given up. One that
    was taken meanwhile the database's constraint tells, and the command begins anew.
    """
    closing = await _ask(link, reach, last)
    if last is None or not (closing.labels or closing.folios):
        return closing
    return (await _ask(link, reach, None))._replace(locked=closing.locked)


async def _ask(link: Link, reach: Footprint, last: Lock | None) -> Closing:
    given: dict[str, Any] = {"ids": list(last.ids)} if last else {}
    for noun, pairs in (("label", reach.labels), ("folio", reach.folios)):
        for at, (org, name) in enumerate(sorted(pairs)):
            given |= {f"{noun}_org_{at}": org, f"{noun}_{at}": name}
    [row] = await _closing(last and last[::2], len(reach.labels), len(reach.folios)).rows(link, **given)
    labels, folios = ({(org, name): key for org, name, key in orjson.loads(found or b"[]")} for found in row[2:])
    return Closing(row[0] or [], row[1], labels, folios)


@cache
def _closing(lock: tuple[str, Mode] | None, labels: int, folios: int) -> Statement:
    """One statement for a lock of this noun and so many labels and folios, built once.

    The clock is read with the row that counts what was locked, so after the last of it.
    """
    names = (
        _holders(SAMPLES.table, "registered_by", "label", labels),
        _holders(CASES.table, "authority", "folio", folios),
    )
    if lock is None:
        return Statement(select(null(), func.clock_timestamp(), *names))
    noun, mode = lock
    locked = ROWS[noun].locked(mode).cte("locked")
    return Statement(select(func.array_agg(locked.c.row), func.clock_timestamp(), *names).select_from(locked))


def _holders(table: Table, org: str, name: str, count: int) -> ScalarSelect[Any]:
    if not count:
        return select(null()).scalar_subquery()
    wanted = [
        and_(table.c[org] == bindparam(f"{name}_org_{at}"), table.c[name] == bindparam(f"{name}_{at}"))
        for at in range(count)
    ]
    found = func.jsonb_build_array(table.c[org], table.c[name], table.c.id)
    return select(cast(func.jsonb_agg(found), Text)).where(or_(*wanted)).scalar_subquery()
