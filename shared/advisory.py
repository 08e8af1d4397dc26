"""Who holds an advisory lock. Every login of the database can take any, unless a superuser forbids the functions: only
a holder of our own role is a twin of ours, and only that one may be waited for in silence or ended.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

_HOLDERS = """
    SELECT l.pid, a.usename AS role, a.usename = session_user AS ours
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) | l.objid::bigint = $1 AND l.objsubid = $2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class Holder(NamedTuple):
    """One backend that holds the lock; `ours` if its login is this connection's own."""

    pid: int
    role: str
    ours: bool


async def holders(connection: "asyncpg.Connection[Any]", key: int | tuple[int, int]) -> list[Holder]:
    """Who holds the lock of this key, of 64 bits or of twice 32: two spaces that never meet."""
    whole, space = (key, 1) if isinstance(key, int) else (key[0] << 32 | key[1], 2)
    return [Holder(row["pid"], row["role"], row["ours"]) for row in await connection.fetch(_HOLDERS, whole, space)]


class Strangers:
    """The other roles that have held a lock for `patience` seconds, as seen by whoever waits for it."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[str, float] = {}
        self.named: set[str] = set()

    def fresh(self, held: Sequence[Holder], now: float) -> list[str]:
        """The roles to be named now: each once for as long as it is seen. `now` in seconds of any steady clock."""
        self._since = {one.role: self._since.get(one.role, now) for one in held if not one.ours}
        patient = {role for role, since in self._since.items() if now - since >= self._patience}
        fresh, self.named = patient - self.named, patient
        return sorted(fresh)
