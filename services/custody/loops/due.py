"""What time has made due: reviews of items whose keeping will end. It opens reviews and does nothing else."""

from collections.abc import Sequence
from datetime import UTC, date, timedelta

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncEngine

from services.custody.law import law_in_force
from services.custody.loops.clockwork import save, stamped
from services.custody.policy.days import months_after
from services.custody.record import with_retries
from services.custody.rules.review import OVER, decide_reviews, lead_of
from services.custody.rules.state import State
from services.custody.tables import SAMPLES
from shared.driver import Driver

PAGE = 1000
OPENED = Counter(
    "cadena_custody_reviews_opened", "Items of which a review was opened, by how near the end is", ["months"]
)
_PACK = "SELECT pack_sha256 FROM installation"
_FOUND = (
    "SELECT id::text, retention_until FROM sample "
    "WHERE retention_until <= $1 AND (retention_until, id) > ($2::date, $3::uuid) "
    "AND (review_lead IS NULL OR review_lead > $4) ORDER BY retention_until, id LIMIT $5"
)
Place = tuple[date, str]
START: Place = (date.min, "00000000-0000-0000-0000-000000000000")


class Reviewing:
    """Opens reviews as `custody_worker`; `leads` are months before the end, `source` is the `source` of our events.

    A pass goes through the days from the first to the last, lead by lead, and does not look back: what was reviewed on
    the way is not looked through again. What becomes due behind it, the next pass finds.
    """

    def __init__(self, engine: AsyncEngine, source: str, leads: Sequence[int]) -> None:
        self._engine, self._source, self._leads = engine, source, sorted({*leads, OVER})
        self._places = dict.fromkeys(self._leads, START)

    async def step(self) -> bool:
        """One transaction's reviews; False if none was due, which ends the pass. Problem 503: database in trouble."""
        opened, self._places = await with_retries(self._engine, self._one)
        for lead, count in opened.items():
            OPENED.labels(lead).inc(count)
        return bool(opened)

    async def _one(self, link: Driver) -> tuple[dict[int, int], dict[int, Place]]:
        """What was opened, by lead, and where the pass goes on once that is committed."""
        places = dict(self._places)
        today = (await link.fetchval("SELECT clock_timestamp()")).astimezone(UTC).date()
        for lead in self._leads:
            while found := await link.fetch(_FOUND, last_day(lead, today), *places[lead], lead, PAGE):
                opened = await self._open(link, [row["id"] for row in found])
                places[lead] = (found[-1]["retention_until"], found[-1]["id"])
                if opened:
                    return opened, places
        return {}, dict.fromkeys(self._leads, START)

    async def _open(self, link: Driver, found: Sequence[str]) -> dict[int, int]:
        """Review those that are still due under their locks."""
        samples = await SAMPLES.by_id(link, found, "update")
        now = await link.fetchval("SELECT clock_timestamp()")
        drafts = decide_reviews(samples.values(), [one for one in self._leads if one], now.astimezone(UTC).date())
        before: dict[str, State] = {f"sample/{one.id}": one for one in samples.values()}
        law = law_in_force(await link.fetchval(_PACK))
        outcome = stamped(drafts, before, self._source, now, {}, law.pack.demo)
        await save(link, before, outcome)
        opened: dict[int, int] = {}
        for state in (outcome.states[subject] for subject in before if subject in outcome.states):
            lead = getattr(state, "review_lead")  # noqa: B009  of samples alone
            opened[lead] = opened.get(lead, 0) + 1
        return opened


def last_day(lead: int, today: date) -> date:
    """The last day of keeping that has reached a lead; a month may lack the day that another one has."""
    if lead == OVER:
        return today - timedelta(days=1)
    around = months_after(today, lead) or date.max
    later = (around + timedelta(days=days) for days in range(4, -5, -1) if around < date.max)
    return next(day for day in later if lead_of(day, [lead], today) == lead)
