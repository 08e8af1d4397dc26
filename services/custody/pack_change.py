"""Another pack comes into force: in one transaction, by a preview that somebody looked at (G10).

While it runs, nobody registers, amends or moves an item or states anything of a case: they are told to come again. Its
changes are computed first; unless they are the preview's, byte for byte, nothing is recorded.
"""

import uuid
from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.gather import Caller, caller
from services.custody.loops.clockwork import save, stamped
from services.custody.policy.choosing import NotChosen, chosen
from services.custody.policy.retention import Law, identity
from services.custody.preview import changes, count, preview
from services.custody.record import with_retries
from services.custody.rules.installation import InstallationState, PackChange, decide_pack_change
from services.custody.rules.recompute import decide_under_pack
from services.custody.rules.state import State
from services.custody.rules.world import ActorState, World
from services.custody.stamp import Stamp, stamp
from services.custody.tables import INSTALLATIONS, SAMPLES
from shared.accounts import account_digest, command_hash
from shared.database import engine as make_engine
from shared.driver import Driver
from shared.events import Actor
from shared.facts.people import PackDecision

LOCK_SECONDS = 30
DEMO = "demo"
"""The one pack that is no law; a release need not have the contents that were in force."""
_LOCK = 'LOCK TABLE "case", sample IN EXCLUSIVE MODE'
"""Whoever locks or writes a row of these waits; who reads does not. In the order of all locks: cases, then items."""
_NOW = "SELECT clock_timestamp()"


class NotChanged(RuntimeError):
    """The pack in force is what it was, and so is every item; the message says why."""


class DecidingRegistrar(BaseModel):
    """The account in whose name the change is recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    issuer: str
    subject: str


class PackChangeFile(BaseModel):
    """The file: which pack, by whose word, and where it was decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pack: Annotated[str, Field(max_length=60)]
    allow_unverified: bool = False
    registrar: DecidingRegistrar
    decision: PackDecision

    def law(self) -> Law:
        """Raises NotChanged for a pack that there is not, or that may not be chosen here: a demonstration never."""
        try:
            return Law(chosen(self.pack, self.allow_unverified, False))
        except NotChosen as error:
            raise NotChanged(str(error)) from error


Watch = Callable[[int, int], None]
"""Told how many steps more are done, and of how many: each item is looked at twice."""


async def apply_at(url: str, file: PackChangeFile, preview_sha256: str, watch: Watch) -> int | None:
    """`apply_change` on the database at `url`, with a login that may record."""
    engine = make_engine(
        url, pool_size=1, statement_seconds=0, lock_seconds=LOCK_SECONDS, application_name="custody packs apply"
    )
    try:
        return await apply_change(engine, file, preview_sha256, watch)
    finally:
        await engine.dispose()


async def apply_change(engine: AsyncEngine, file: PackChangeFile, preview_sha256: str, watch: Watch) -> int | None:
    """Put the file's pack in force; how many items changed, or None if it was in force already.

    Raises NotChanged where nothing was, and Problem 503 when the database is away or others would not let go of it.
    """
    law = file.law()
    return await with_retries(engine, lambda link: _apply(link, file, law, preview_sha256, watch))


async def _apply(link: Driver, file: PackChangeFile, law: Law, preview_sha256: str, watch: Watch) -> int | None:
    digest = account_digest(file.registrar.issuer, file.registrar.subject)
    name, actor = _registrar(await caller(link, digest))
    installation = (await INSTALLATIONS.by_id(link, [name], "update"))[name]
    if installation.pack == identity(file.pack):
        return None
    if installation.pack_id == DEMO:
        raise NotChanged("what was founded as a demonstration stays one; found another installation")
    await link.execute(_LOCK)
    now, steps = await link.fetchval(_NOW), 2 * await count(link)
    found = await preview(link, law, now, None, lambda items: watch(items, steps))
    if found.sha256 != preview_sha256:
        raise NotChanged(
            f"what would change is not what the preview says: {sum(found.by_why.values())} items, SHA-256 "
            f"{found.sha256}. Make the preview again while nothing is recorded, look at it, and apply that"
        )
    change = PackChange(
        pack=identity(file.pack), allow_unverified=file.allow_unverified, decision=file.decision,
        preview_sha256=preview_sha256, items_changed=sum(found.by_why.values()),
    )  # fmt: skip
    source = f"urn:cadena:{installation.id}:custody"
    cause = await _in_force(link, actor, installation, change, Stamp(
        source=source, actor=Actor(person=actor.person, org=actor.org, role=actor.role),
        command=command_hash(digest, _key(installation)), now=now,
    ))  # fmt: skip
    async for looked_at, items in changes(link, law, now):
        samples = await SAMPLES.by_id(link, [item for item, _, _ in items], "update")
        drafts = [decide_under_pack(samples[item], case, law, now) for item, case, _ in items]
        before: dict[str, State] = {f"sample/{one.id}": one for one in samples.values()}
        outcome = stamped(
            [one for one in drafts if one], before, source, now, dict.fromkeys(before, cause), law.pack.demo
        )
        await save(link, before, outcome)
        watch(looked_at, steps)
    return change.items_changed


def _registrar(known: Caller | None) -> tuple[str, ActorState]:
    """The installation's name, and the registrar."""
    if known is None:
        raise NotChanged("the installation is not founded yet")
    if known.stands.restoring:
        raise NotChanged("custody takes facts back from the log; wait until it has them all")
    actor = known.actor
    if actor is None or actor.role != "registrar" or actor.service:
        raise NotChanged("the file names no open account of a registrar")
    return known.installation, actor


def _key(installation: InstallationState) -> str:
    """One key for each change: the next one of an installation has another."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:cadena:{installation.id}:pack-change:{installation.version}"))


async def _in_force(
    link: Driver, actor: ActorState, installation: InstallationState, change: PackChange, common: Stamp
) -> str:
    """Record that the pack is in force; the event's id."""
    draft = decide_pack_change(installation, change)
    if draft is None:
        raise NotChanged("the pack is in force already")
    before: dict[str, State] = {draft.subject: installation}
    outcome = stamp(common, (draft,), World(actor=actor, installation=installation))
    await save(link, before, outcome)
    return outcome.recorded[0].event.id
