"""`python -m services.custody report due | unknown | unverified`: over all items, for the operator.

It reads one snapshot, in chunks, with a login that may read state: the API's, or the owner's.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.custody.settings import RebuildSettings
from shared.settings import read

commands = typer.Typer(no_args_is_help=True, help="What is due, what is unknown, what an unverified rule keeps.")
Json = Annotated[bool, typer.Option("--json", help="one JSON object a line, instead of columns")]
Row = dict[str, Any]
Rows = Callable[[AsyncConnection], AsyncIterator[Row]]


@commands.command()
def due(
    last: Annotated[str, typer.Option("--last", help="the last day of the span, as 2027-12-31")],
    first: Annotated[str | None, typer.Option("--first", help="its first day; without it all before, too")] = None,
    as_json: Json = False,
) -> None:
    """How many items reach the end of their keeping: by holder, month, rule and version."""
    from services.custody.reporting import due_rows

    span = _day(first), _day(last)
    _print(lambda connection: due_rows(connection, *span), as_json)


@commands.command()
def unknown(as_json: Json = False) -> None:
    """Cases whose items have no last day, with what is not known; `for ever` where the law itself names none."""
    from services.custody.reporting import unknown_rows

    _print(unknown_rows, as_json)


@commands.command()
def unverified(as_json: Json = False) -> None:
    """How many items are kept by rules whose text was not seen whole, as it stands in force."""
    from services.custody.reporting import unverified_rows

    _print(unverified_rows, as_json)


def _day(written: str | None) -> Any:
    try:
        return None if written is None else date.fromisoformat(written)
    except ValueError:
        _fail(f"{written!r} is no day; write it as 2027-12-31", 2)


def _print(rows: Rows, as_json: bool) -> None:
    """Each row as it comes. Exit 3 without a database, or with one whose law this release does not have."""
    from services.custody.reporting import reading
    from shared.problems import Problem
    from shared.trouble import TROUBLE

    async def printed(url: str) -> None:
        count = 0
        async with reading(url) as connection:
            async for row in rows(connection):
                if as_json:
                    typer.echo(json.dumps(row))
                else:
                    if not count:
                        typer.echo("\t".join(row))
                    typer.echo("\t".join(_text(value) for value in row.values()))
                count += 1
        if not count and not as_json:
            typer.echo("none")

    try:
        asyncio.run(printed(read(RebuildSettings).database_url.get_secret_value()))
    except TROUBLE as error:
        _fail(f"the database cannot be read: {error}", 3)
    except Problem as problem:
        _fail(f"{problem.title}. {problem.detail}", 3)


def _text(value: Any) -> str:
    return ", ".join(value) or "for ever" if isinstance(value, list) else str(value)


def _fail(sentence: str, code: int) -> Any:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
