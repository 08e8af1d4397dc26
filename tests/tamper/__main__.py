"""`make tamper`: 10,000 random tampers with a ledger of its own. Exit 0 if each was found and named, and nothing else.

ARGS="--tampers 500 --seed 7" does fewer, or repeats a run; ARGS="--seed 7 --only 123" repeats one tamper.
"""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
from pathlib import Path

import structlog

from deploy.local import databases as making
from deploy.local.issuer import DevIssuer
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from tests.conftest import Templates
from tests.services.audit.rig import Rig
from tests.tamper.campaign import Tally, campaign
from tests.tamper.ledger import Ledger

TAMPERS = 10_000
STEP = 100


def main() -> int:
    """Run and tell."""
    parser = argparse.ArgumentParser(prog="make tamper", description=__doc__)
    parser.add_argument("--tampers", type=int, default=TAMPERS)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--only", type=int, help="the one tamper of this number")
    asked = parser.parse_args()
    numbers = range(asked.tampers) if asked.only is None else range(asked.only, asked.only + 1)
    print(f"seed {asked.seed}", flush=True)
    # What the services log of a ledger that is damaged on purpose is no news.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="cadena-tamper-") as folder:
        tally = _with_servers(Path(folder), asked.seed, numbers)
    print(_table(tally))
    return 1 if tally.wrong else 0


def _with_servers(folder: Path, seed: int, numbers: range) -> Tally:
    database, broker = Postgres(folder / "backends"), Kafka(folder / "backends")
    try:
        database.start()
        broker.start()
        making.ensure_roles(database.admin_url())
        for urls in Templates(database.admin_url()).copy("audit"):
            rig = Rig(urls, broker.operator, "tamper.", folder)
            return asyncio.run(_run(Ledger(rig, DevIssuer(folder)), folder, seed, numbers))
        raise AssertionError("no database was made")
    finally:
        broker.stop()
        database.stop()


async def _run(ledger: Ledger, folder: Path, seed: int, numbers: range) -> Tally:
    await ledger.fill()
    work = folder / "work"
    work.mkdir()
    async with campaign(ledger, work, seed) as at_work:
        return await at_work.run(numbers, _progress)


def _progress(tally: Tally) -> None:
    if tally.tampers % STEP == 0:
        print(f"{tally.tampers} tampers, {len(tally.wrong)} wrong", flush=True)


def _table(tally: Tally) -> str:
    rows = [f"\n{tally.tampers} tampers, found by"]
    rows += [f"  {name}: {count}" for name, count in tally.found.most_common()]
    rows += ["what was done"] + [f"  {name.replace('_', ' ')}: {count}" for name, count in tally.deeds.most_common()]
    rows += ["what cadena-verify said"] + [f"  {name}: {count}" for name, count in tally.codes.most_common()]
    rows += [f"{tally.sampled} of them judged by the program over HTTP, too"]
    rows += [f"{tally.untouched} looks at the untouched ledger in between"]
    return "\n".join([*rows, f"{len(tally.wrong)} found or named wrongly", *tally.wrong])


if __name__ == "__main__":
    sys.exit(main())
