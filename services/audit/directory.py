"""What audit's API knows of accounts and keys, from sealed facts alone: the founding event and linked accounts."""

import asyncio
from dataclasses import dataclass, field

import structlog

from services.audit.queries import Log
from shared.events import Event, NotAnEvent
from shared.facts.people import AccountLinked, InstallationFounded

FOUNDED = InstallationFounded.type_name()
LINKED = AccountLinked.type_name()
STEP = 64 * 256

log = structlog.get_logger()


@dataclass(slots=True)
class Directory:
    """Roles by account digest, up to index `position`. Of two facts about one account the lower index counts."""

    log: Log
    source: str
    """Custody's: who is an auditor is custody's word."""
    position: int = 0
    log_vkey: str | None = None
    _roles: dict[str, str] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def role(self, account: str) -> str | None:
        """The role of an account under the newest head, None for an account that no sealed fact names."""
        await self.catch_up()
        return self._roles.get(account)

    async def catch_up(self) -> None:
        """Read what was sealed since."""
        async with self._lock:
            size = await self.log.size()
            while self.position < size:
                end = min(size, self.position + STEP)
                for entry in await self.log.entries_with(self.position, end, (FOUNDED, LINKED)):
                    self._take(entry)
                self.position = end

    def _take(self, entry: bytes) -> None:
        try:
            event = Event.from_bytes(entry)
            fact = event.fact()
        except NotAnEvent as error:
            log.warning("a leaf is skipped: the verifier will name it", cause=str(error)[:200])
            return
        if event.source != self.source or event.id in self._ids:
            return
        if isinstance(fact, InstallationFounded) and self.log_vkey is None:
            self.log_vkey = fact.log_vkey
            self._roles.setdefault(fact.registrar.account_digest, "registrar")
        elif isinstance(fact, AccountLinked):
            self._roles.setdefault(fact.account_digest, fact.role)
        self._ids.add(event.id)
