"""Probes tell anyone what is missing, and nobody what a driver said."""

import httpx2
import pytest
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from shared.database import NotMigrated
from shared.health import Probe, probe_app
from shared.kafka import KafkaUnavailable

SQL = ProgrammingError("SELECT name FROM person", None, RuntimeError("relation does not exist"))


def failing(error: Exception, cause: Exception | None = None) -> Probe:
    async def probe() -> None:
        raise error from cause

    return probe


async def ask(probe: Probe, times: int = 1) -> str:
    transport = httpx2.ASGITransport(probe_app({"one": probe}))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        for _ in range(times):
            answer = await client.get("/readyz")
    assert answer.status_code == 503
    return str(answer.json()["probes"]["one"])


@pytest.mark.parametrize(
    ("error", "cause", "told"),
    [
        (SQL, None, "ProgrammingError"),
        (OSError("10.0.0.5:5432 refused"), None, "OSError"),
        (NotMigrated("run `migrate`"), None, "NotMigrated: run `migrate`"),
        (KafkaUnavailable("asking: 10.0.0.5:9092"), OSError("10.0.0.5:9092"), "KafkaUnavailable (OSError)"),
        (KafkaUnavailable("run it"), NotMigrated("x"), "KafkaUnavailable: run it"),
    ],
)
async def test_only_our_own_sentences_are_shown(error: Exception, cause: Exception | None, told: str) -> None:
    assert await ask(failing(error, cause)) == told


async def test_the_log_holds_the_rest_once() -> None:
    with capture_logs() as logs:
        await ask(failing(SQL), times=3)
    assert [entry["event"] for entry in logs] == ["not ready"]
    assert "relation does not exist" in logs[0]["reason"]
