"""What audit's API knows of accounts and keys, from sealed facts alone: the founding, accounts, appointed auditors."""

import asyncio
from dataclasses import dataclass, field

import structlog

from services.audit.authorise import Reader
from services.audit.queries import Log
from services.audit.readers import READ, Readers
from shared.events import Event, NotAnEvent
from shared.facts.people import InstallationFounded

TYPES = frozenset(fact.type_name() for fact in READ)
WORDS = tuple(sorted({name[: name.rindex(".", 0, name.rindex("."))] for name in TYPES}))
"""What a type begins with: `org.cadena.custody.account` and so on. To look for few of them in a log is quicker."""
STEP = 64 * 256

log = structlog.get_logger()


@dataclass(slots=True)
class Directory:
    """Keys and readers, up to index `position`."""

    log: Log
    source: str
    """Custody's: who is an auditor is custody's word."""
    position: int = 0
    log_vkey: str | None = None
    _readers: Readers = field(default_factory=Readers)
    _ids: set[str] = field(default_factory=set)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def reader(self, account: str, size: int | None = None) -> Reader:
        """What is known of an account under the newest head, whose size the caller may just have read."""
        await self.catch_up(size)
        return self._readers.reader(account)

    async def catch_up(self, size: int | None = None) -> None:
        """Read what was sealed since."""
        if size is not None and size <= self.position:
            return
        async with self._lock:
            size = await self.log.size()
            while self.position < size:
                end = min(size, self.position + STEP)
                for entry in await self.log.entries_with(self.position, end, WORDS):
                    self._take(entry)
                self.position = end

    def _take(self, entry: bytes) -> None:
        try:
            event = Event.from_bytes(entry)
            if event.type not in TYPES:
                return
            fact = event.fact()
        except NotAnEvent as error:
            log.warning("a leaf is skipped: the verifier will name it", cause=str(error)[:200])
            return
        if event.source != self.source or event.id in self._ids:
            return
        self._ids.add(event.id)
        if isinstance(fact, InstallationFounded) and self.log_vkey is None:
            self.log_vkey = fact.log_vkey
        self._readers.take(event.subject or "", fact)
