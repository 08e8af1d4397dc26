"""Notify's commands: `python -m services.notify api | worker | migrate | keys`."""

import asyncio
import json
from pathlib import Path

import typer

from services.notify.settings import LINK_KEY, PROMISE_KEY, ApiSettings, KeysSettings, MigrateSettings, WorkerSettings
from shared.failpoint import arm
from shared.keys import make_key, public_text
from shared.settings import FailPointSettings, KafkaSettings, read

# Each command imports what it runs: `keys` must not wait for a web framework and a database.
PACKAGE = Path(__file__).parent
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def api() -> None:
    """Serve notify's API and its pages until SIGTERM."""
    from services.notify.app import serve_api
    from shared.health import run
    from shared.telemetry import configure

    configure("notify api")
    arm(read(FailPointSettings).fail_point)
    settings = read(ApiSettings)
    run(lambda stop: serve_api(settings, stop))


@app.command()
def worker() -> None:
    """Publish facts, plan notices of what is sealed and hand mail over, until SIGTERM."""
    from services.notify.loops import work
    from shared.health import run
    from shared.telemetry import configure

    configure("notify worker")
    arm(read(FailPointSettings).fail_point)
    settings, kafka = read(WorkerSettings), read(KafkaSettings)
    run(lambda stop: work(settings, kafka, stop))


@app.command()
def migrate() -> None:
    """Bring the database to this release, and set what each login may do."""
    from shared.database import migrate as migrate_database

    settings = read(MigrateSettings)
    revision = asyncio.run(migrate_database(settings.owner_database_url.get_secret_value(), PACKAGE))
    print(f"notify: the database is at revision {revision}")


@app.command()
def keys() -> None:
    """Make the private keys that are missing, and print the public ones."""
    settings = read(KeysSettings)
    promise, link = (make_key(settings.keys_dir / name).public_key() for name in (PROMISE_KEY, LINK_KEY))
    printed = {"source": settings.notify_source, "promise_key": public_text(promise), "link_key": public_text(link)}
    print(json.dumps(printed))


if __name__ == "__main__":
    app()
