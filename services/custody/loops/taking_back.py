"""What custody takes back from the log after its database was set back: its nouns, for shared.taking_back."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.custody.rules.footprint import LOCK_ORDER
from services.custody.rules.state import State
from services.custody.rules.table import NOUNS, apply
from services.custody.tables import EVENTS, RESTORATION, ROWS
from shared.events import Event
from shared.taking_back import TakingBack
from shared.writes import Writes

ORDER = (*LOCK_ORDER, *(noun for noun in NOUNS if noun not in LOCK_ORDER))


class _History:
    """Custody's states, by the one table of its rules."""

    async def states(self, connection: AsyncConnection, subjects: Collection[str]) -> dict[str, State]:
        """Locked in the one order."""
        ids: dict[str, set[str]] = {}
        for subject in subjects:
            noun, _, key = subject.partition("/")
            ids.setdefault(noun, set()).add(key)
        states: dict[str, State] = {}
        for noun in ORDER:
            found = await ROWS[noun].by_id(connection, ids.get(noun, ()), "update")
            states |= {f"{noun}/{key}": state for key, state in found.items()}
        return states

    def apply(self, state: State | None, event: Event) -> State:
        """OutOfOrder, which is a ValueError, for what cannot follow."""
        return apply(state, event)

    async def save(
        self, connection: AsyncConnection, before: Mapping[str, State], after: Mapping[str, State],
        facts: Sequence[Event],
    ) -> None:  # fmt: skip
        """One statement for each noun and kind of change."""
        writes = Writes()
        for noun in NOUNS:
            of_noun = [name for name in after if name.startswith(f"{noun}/")]
            if new := [after[name] for name in of_noun if name not in before]:
                ROWS[noun].add(writes, new)
            if changed := [after[name] for name in of_noun if before.get(name, after[name]) != after[name]]:
                ROWS[noun].replace(writes, changed)
        await writes.run(connection)


TAKING_BACK = TakingBack(EVENTS, RESTORATION, _History())
