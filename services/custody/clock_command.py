"""`python -m services.custody clock FILE`: a date, computed and explained, without any server or database."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

UNREADABLE = 2


class Tongue(StrEnum):
    """The languages of an explanation."""

    es = "es"
    en = "en"


def clock(
    file: Annotated[Path, typer.Argument(help="the question (docs/law/asking.md); - reads standard input")],
    language: Annotated[Tongue, typer.Option(help="of the text")] = Tongue.es,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, with the sentences in both languages")] = False,
) -> None:
    """Until when an item is kept, and from when it might be given up: the date, and each step of its counting."""
    from services.custody.policy import telling
    from services.custody.policy.asking import Unreadable, ask
    from services.custody.policy.engine import answer
    from services.custody.policy.shipped import calendars, packs

    try:
        question = ask(_text(file), packs(), calendars())
    except Unreadable as error:
        typer.echo("\n".join(f"{file}: {reason}" for reason in error.reasons), err=True)
        raise typer.Exit(UNREADABLE) from error
    found = answer(question)
    if as_json:
        typer.echo(json.dumps(telling.as_json(question, found), indent=1, ensure_ascii=False))
    else:
        typer.echo(telling.as_text(question, found, language.value), nl=False)


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file} cannot be read: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
