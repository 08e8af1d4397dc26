"""What notify takes back from the log after its database was set back: its nouns, for shared.taking_back.

Addresses are in no log. A party whose address is newer than the backup stands there with a digest and without its text.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify import store
from services.notify.rules import notice, party, subscription
from services.notify.rules.notice import NoticeState
from services.notify.rules.party import PartyState
from services.notify.rules.subscription import SubscriptionState
from services.notify.tables import DELIVERY, EVENTS, NOTICE, PARTY, RESTORATION, SUBSCRIPTION
from shared.events import Event
from shared.taking_back import TakingBack


class _History:
    """Notify's states: parties, subscriptions, notices."""

    async def states(self, connection: AsyncConnection, subjects: Collection[str]) -> dict[str, Any]:
        """As rules.* know them."""
        found: dict[str, Any] = {}
        for subject in sorted(subjects):
            noun, _, key = subject.partition("/")
            state = await _READ[noun](connection, key) if noun in _READ else None
            if state is not None:
                found[subject] = state
        return found

    def apply(self, state: Any, event: Event) -> Any:
        """By the noun of the subject."""
        noun = (event.subject or "").partition("/")[0]
        if noun == "subscription" and state is None:
            return subscription.apply(event)
        if noun not in ("party", "notice"):
            raise ValueError(f"{event.type} is a fact about no noun of notify's, or a second one")
        return party.apply(state, event) if noun == "party" else notice.apply(state, event)

    async def save(
        self, connection: AsyncConnection, before: Mapping[str, Any], after: Mapping[str, Any], facts: Sequence[Event]
    ) -> None:
        """A notice's mail that waited for a server's answer which the log holds is not sent again."""
        made_by = {event.subject: event.id for event in facts if event.sequence == 1}
        for subject, state in after.items():
            if state == before.get(subject):
                continue
            if isinstance(state, PartyState):
                await store.save_party_again(connection, state)
            elif isinstance(state, SubscriptionState):
                await store.add_subscription(connection, state)
            elif subject in before:
                await store.save_notice(connection, state)
                await _settle(connection, state)
            else:
                await store.add_notice(connection, state, made_by[subject])


async def _settle(connection: AsyncConnection, state: NoticeState) -> None:
    waiting = (DELIVERY.c.notice == state.id) & (DELIVERY.c.state == "due")
    settled = {"accepted": "accepted", "rejected": "rejected", "lost": "dropped"}[state.status]
    attempts = func.greatest(DELIVERY.c.attempts, state.attempt or 0)
    await connection.execute(DELIVERY.update().where(waiting).values(state=settled, attempts=attempts))


async def _subscription(connection: AsyncConnection, key: str) -> SubscriptionState | None:
    row = (await connection.execute(select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == key))).first()
    return SubscriptionState(row.id, row.version, row.updated_at, row.person, row.case_id) if row else None


async def _notice(connection: AsyncConnection, key: str) -> NoticeState | None:
    known = select(NOTICE.c.id).where(NOTICE.c.id == key)
    if (await connection.execute(known)).first() is None:
        return None
    return (await store.lock_notice(connection, key))[0]


async def _party(connection: AsyncConnection, key: str) -> PartyState | None:
    await connection.execute(select(PARTY.c.id).where(PARTY.c.id == key).with_for_update(key_share=True))
    return await store.party(connection, key)


_READ = {"party": _party, "subscription": _subscription, "notice": _notice}
TAKING_BACK = TakingBack(EVENTS, RESTORATION, _History())
