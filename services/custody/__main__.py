"""Custody's commands, each of which `python -m services.custody COMMAND --help` describes."""

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from services.custody.clock_command import clock
from services.custody.policy_commands import commands as packs
from services.custody.report_command import commands as reports
from services.custody.settings import ApiSettings, FoundSettings, KeysSettings, MigrateSettings, RebuildSettings
from shared.canonical import NotCanonical, strict_loads
from shared.failpoint import arm
from shared.keys import KeyUnusable, load_key, make_key, public_text
from shared.settings import FailPointSettings, KafkaSettings, read

# Each command imports what it runs: `keys` must not wait for a web framework and a database.
PACKAGE = Path(__file__).parent
PROMISE_KEY = "custody-promise.pem"
GARBAGE_OBJECTS = 50_000
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command()(clock)
app.add_typer(packs, name="packs")
app.add_typer(reports, name="report")


@app.command()
def api() -> None:
    """Serve custody's API until SIGTERM."""
    from services.custody.app import create_app
    from shared.health import run, serve
    from shared.telemetry import configure

    configure("custody api")
    arm(read(FailPointSettings).fail_point)
    settings = read(ApiSettings)

    async def main(stop: asyncio.Event) -> None:
        served = create_app(settings)
        # A call makes objects by the ten thousand that hold no cycles: looking through them cost a third of a batch.
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS, 20, 20)
        await serve(served, settings.listen_host, settings.listen_port, stop)

    run(main)


@app.command()
def worker() -> None:
    """Publish facts and note what the ledger holds, until SIGTERM."""
    from services.custody.loops import work
    from services.custody.settings import WorkerSettings
    from shared.health import run
    from shared.telemetry import configure

    configure("custody worker")
    arm(read(FailPointSettings).fail_point)
    settings, kafka = read(WorkerSettings), read(KafkaSettings)
    run(lambda stop: work(settings, kafka, stop))


@app.command()
def migrate() -> None:
    """Bring the database to this release, and set what each login may do."""
    from shared.database import migrate as migrate_database

    settings = read(MigrateSettings)
    revision = asyncio.run(migrate_database(settings.owner_database_url.get_secret_value(), PACKAGE))
    print(f"custody: the database is at revision {revision}")


@app.command()
def keys() -> None:
    """Make the private keys that are missing, and print the public ones."""
    settings = read(KeysSettings)
    promise = make_key(settings.keys_dir / PROMISE_KEY)
    print(json.dumps({"source": settings.custody_source, "promise_key": public_text(promise.public_key())}))


@app.command()
def found(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Found the installation from FILE, once; prints the id of the first event. The same file again changes nothing."""
    from services.custody.found import Founding, NotFounded, found_at
    from shared.problems import Problem

    settings = read(FoundSettings)
    try:
        document = Founding.model_validate(strict_loads(file.read_bytes()))
        key = load_key(settings.keys_dir / PROMISE_KEY)
        event = asyncio.run(found_at(settings.database_url.get_secret_value(), key, document))
    except (NotCanonical, ValidationError, KeyUnusable, NotFounded) as error:
        _fail(f"not founded: {error}", 1)
    except Problem as problem:
        _fail(f"not founded: {problem.title}. {problem.detail}", 3)
    print(event)


@app.command()
def rebuild(
    check: Annotated[bool, typer.Option("--check", help="Compare every row with its events, and change nothing.")],
) -> None:
    """Fold every event and compare: exit 0 if state is what the events say, 1 if not, 3 without a database."""
    from services.custody.rebuild import check_at
    from shared.trouble import TROUBLE

    try:
        report = asyncio.run(check_at(read(RebuildSettings).database_url.get_secret_value()))
    except TROUBLE as error:
        _fail(f"the database cannot be read: {error}", 3)
    for difference in report.differences:
        print(difference)
    print(f"{report.events} events of {report.subjects} subjects folded, {len(report.differences)} differences")
    if report.differences:
        raise typer.Exit(1)


def _fail(sentence: str, code: int) -> None:
    print(sentence, file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
