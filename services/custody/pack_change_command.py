"""`python -m services.custody packs apply CHANGE.json --preview-sha256 HEX`: another pack comes into force."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from services.custody.settings import RebuildSettings
from shared.canonical import NotCanonical, strict_loads
from shared.settings import read


def apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="pack, registrar and decision, as JSON")],
    preview_sha256: Annotated[str, typer.Option("--preview-sha256", help="of the list that `packs preview` wrote")],
) -> None:
    """Put another pack in force, if it changes exactly what the preview says. Exit 1 if not, 3 without a database."""
    from services.custody.pack_change import NotChanged, PackChangeFile, apply_at
    from shared.problems import Problem
    from shared.trouble import TROUBLE

    try:
        change = PackChangeFile.model_validate(strict_loads(file.read_bytes()))
        with typer.progressbar(length=1, label="items", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

            def watch(done: int, steps: int) -> None:
                bar.length = steps
                bar.update(done)

            url = read(RebuildSettings).database_url.get_secret_value()
            changed = asyncio.run(apply_at(url, change, preview_sha256, watch))
    except (NotCanonical, ValidationError, NotChanged) as error:
        _fail(f"nothing is changed: {error}", 1)
    except TROUBLE as error:
        _fail(f"nothing is changed: the database cannot be used: {error}", 3)
    except Problem as problem:
        _fail(f"nothing is changed: {problem.title}. {problem.detail}", 3)
    if changed is None:
        typer.echo(f"the pack {change.pack} is in force already; nothing is changed")
    else:
        typer.echo(f"the pack {change.pack} is in force; {changed} items changed")


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)
