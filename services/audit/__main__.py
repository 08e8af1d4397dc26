"""Audit's commands. `writer` and `api` run until a signal; the others end by themselves."""

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from services.audit.keys import signing_keys
from services.audit.settings import ApiSettings, KeysSettings, MigrateSettings, WriterSettings
from shared.failpoint import arm
from shared.keys import KeyUnusable
from shared.settings import FailPointSettings, KafkaSettings, read

# Each command imports what it runs: `keys` must not wait for a web framework and a database.

GARBAGE_OBJECTS = 50_000

app = typer.Typer(add_completion=False, help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def writer(
    adopt_head: Annotated[
        bool, typer.Option("--adopt-head", help="Start although the file of the last head is gone; once, by hand.")
    ] = False,
) -> None:
    """Append, sign, publish: the one process that writes to the ledger."""
    from services.audit.errors import WriterStops
    from services.audit.writer import Writer
    from shared import health, telemetry
    from shared.kafka import READ, WRITE, KafkaConfig, check_fact_topic, demand_rights

    telemetry.configure("audit writer")
    arm(read(FailPointSettings).fail_point)
    settings, kafka = read(WriterSettings), read(KafkaSettings)
    config = KafkaConfig.of(kafka)
    try:
        keys = signing_keys(settings.keys_dir, settings.origin)
        process = Writer(settings, kafka, keys, adopt_head=adopt_head)

        async def topics() -> None:
            for topic in (kafka.custody_topic, kafka.notify_topic):
                await check_fact_topic(config, topic)
            await demand_rights(config, {kafka.audit_topic: {READ, WRITE}})

        probes = health.probe_app({"ledger": process.demand_session, "topics": topics})

        # A batch is tens of thousands of objects that hold no cycles: looking through them cost a quarter of the time.
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS, 20, 20)

        async def main(stop: asyncio.Event) -> None:
            serving = health.serve(probes, settings.listen_host, settings.listen_port, stop)
            await health.together(stop, process.run(stop), serving)

        health.run(main)
    except (WriterStops, KeyUnusable) as error:
        structlog.get_logger().critical(str(error), stopped=type(error).__name__)
        raise typer.Exit(2) from error


@app.command()
def api() -> None:
    """Serve the published log: heads, tiles, proofs; entries to auditors and peers."""
    from services.audit.app import api_app
    from shared import health, telemetry

    telemetry.configure("audit api")
    arm(read(FailPointSettings).fail_point)
    settings = read(ApiSettings)

    async def main(stop: asyncio.Event) -> None:
        await health.serve(api_app(settings), settings.listen_host, settings.listen_port, stop)

    health.run(main)


@app.command()
def migrate() -> None:
    """Bring the database to this release's tables and grants, as its owner."""
    from shared import database

    url = read(MigrateSettings).owner_database_url.get_secret_value()
    print(f"audit: revision {asyncio.run(database.migrate(url, Path(__file__).parent))}")


@app.command()
def cut(file: Annotated[Path, typer.Argument(help="Where to keep it; not there yet.")]) -> None:
    """Take out what was appended and never signed, as the database's owner; the writer reads it anew from Kafka."""
    from services.audit.cut import WriterAtWork
    from services.audit.cut import cut as take_out
    from services.audit.errors import LedgerDamaged
    from shared import database

    async def main() -> tuple[int, int]:
        connection = await database.connect(read(MigrateSettings).owner_database_url.get_secret_value())
        try:
            return await take_out(connection, file)
        finally:
            await connection.close()

    try:
        first, end = asyncio.run(main())
    except (WriterAtWork, LedgerDamaged, FileExistsError) as error:
        print(f"audit: nothing was taken out: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    print(f"audit: {end - first} entries taken out from index {first} on" if end > first else "audit: all is signed")


@app.command()
def keys() -> None:
    """Make the private keys that are missing, and print the public ones as JSON."""
    settings = read(KeysSettings)
    made = signing_keys(settings.keys_dir, settings.origin, make=True)
    public = {"origin": settings.origin, "log_vkey": made.log.key.vkey, "cosigner_vkey": made.cosigner.key.vkey}
    print(json.dumps(public))


if __name__ == "__main__":
    app()
