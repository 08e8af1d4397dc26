"""`python -m services.custody packs preview PACK --out FILE`: what that pack would change, and nothing is changed."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, NoReturn

import typer

from services.custody.policy.choosing import NotChosen, chosen
from services.custody.policy.retention import Law
from services.custody.settings import RebuildSettings
from shared.settings import read

if TYPE_CHECKING:
    from services.custody.preview import Preview


def preview(
    pack: Annotated[str, typer.Argument(help="the pack's id, as us-wi")],
    out: Annotated[Path, typer.Option("--out", help="the list: a line of JSON for each item that would change")],
    allow_unverified: Annotated[
        bool, typer.Option("--allow-unverified", help="also with rules whose text was not seen")
    ] = False,
) -> None:
    """Which items another pack would keep until when, and why. No day that stands becomes earlier by any pack."""
    from shared.problems import Problem
    from shared.trouble import TROUBLE

    law = _chosen(pack, allow_unverified)
    try:
        with _opened(out) as file:
            done = asyncio.run(_made(read(RebuildSettings).database_url.get_secret_value(), law, file))
    except TROUBLE as error:
        _fail(f"the database cannot be read: {error}", 3)
    except Problem as problem:
        _fail(f"{problem.title}. {problem.detail}", 3)
    typer.echo(f"{done.items} items read, {sum(done.by_why.values())} in the list {out}")
    for name, count in [*sorted(done.by_why.items()), *sorted(done.by_rule.items())]:
        typer.echo(f"  {name}: {count}")
    typer.echo(f"SHA-256 of the list: {done.sha256}")


def _opened(out: Path) -> IO[bytes]:
    try:
        return out.open("wb")
    except OSError as error:
        _fail(f"{out} cannot be written: {error}", 2)


async def _made(url: str, law: Law, file: IO[bytes]) -> "Preview":
    from services.custody.preview import count, preview
    from services.custody.reporting import clock, reading

    async with reading(url) as connection:
        now: datetime = await clock(connection)
        with typer.progressbar(
            length=await count(connection), label="items", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            return await preview(connection, law, now, file, bar.update)


def _chosen(name: str, allow_unverified: bool) -> Law:
    try:
        return Law(chosen(name, allow_unverified, False))
    except NotChosen as error:
        _fail(str(error), 2)


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
