"""`python -m services.custody packs lint | show | sources | release | preview | apply`: the law as data.

Only `preview` and `apply` ask a database.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from services.custody.clock_command import Tongue
from services.custody.pack_change_command import apply
from services.custody.policy.lint import lint, lint_calendar
from services.custody.policy.nodes import Defect
from services.custody.policy.reading import read_pack
from services.custody.policy.released import Changed, Released, read_released, release, written_released
from services.custody.policy.rules import Entry, Language, Pack
from services.custody.policy.saying import heading, page
from services.custody.policy.shipped import packs as shipped
from services.custody.preview_command import preview

POLICY = Path(__file__).parent / "policy"
PACKS, CALENDARS, RELEASED = POLICY / "packs", POLICY / "calendars", POLICY / "packs" / "released.json"
commands = typer.Typer(no_args_is_help=True, help="The rules of law that dates are computed from.")
commands.command()(preview)
commands.command()(apply)


@commands.command("lint")
def lint_files(
    files: Annotated[list[Path] | None, typer.Argument(help="packs; without any, all that are shipped")] = None,
) -> None:
    """Say what is wrong, as `file:line: reason`; exit 1 if anything is."""
    given = files or [*_yaml(PACKS), *_yaml(CALENDARS)]
    defects = [line for file in given for line in _told(file)]
    if not files:
        defects += [f"{RELEASED}:1: {reason}" for reason in _gone()]
    typer.echo("\n".join(defects) if defects else f"{len(given)} files, nothing wrong")
    if defects:
        raise typer.Exit(1)


@commands.command()
def show(
    pack: Annotated[str, typer.Argument(help="the pack's id, as us-wi")],
    rule: Annotated[str | None, typer.Argument(help="a rule's id, as WI-968.205; without it all of them")] = None,
    language: Annotated[Tongue, typer.Option(help="of the text")] = Tongue.es,
) -> None:
    """A pack, or one of its rules, in words, with formula, source and mark."""
    found = shipped().get(pack)
    if found is None:
        _fail(f"there is no pack {pack!r}; there are {', '.join(shipped())}")
    entries = [entry for entry in _entries(found) if rule in (None, entry.id)]
    if not entries:
        _fail(f"the pack {pack} has no rule {rule!r}; it has {', '.join(entry.id for entry in _entries(found))}")
    tongue: Language = language.value
    typer.echo("\n".join([heading(found, tongue), "", *(page(entry, tongue) for entry in entries)]))


@commands.command()
def sources() -> None:
    """Each entry with its mark, its text, whether we saw it, and whether it counts as verified."""
    rows = [("entry", "mark", "seen", "verified", "text")]
    for pack in shipped().values():
        for entry in _entries(pack):
            seen, verified = ("yes" if so else "no" for so in (entry.source.text_seen, entry.verified))
            rows.append((f"{pack.id}:{entry.id}@{entry.version}", entry.source.mark, seen, verified, entry.source.text))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        typer.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]))


@commands.command("release")
def release_packs() -> None:
    """Note every entry of the shipped packs as given out; from then on it is not edited. Exit 1 if one was."""
    released = _released()
    before = sum(len(there) for there in released.values())
    try:
        for pack in shipped().values():
            released = release(pack, released)
    except Changed as error:
        _fail(f"{error}; write a new version instead")
    RELEASED.write_text(written_released(released), "utf-8")
    now = sum(len(there) for there in released.values())
    typer.echo(f"{now} entries are released, {now - before} of them now")


def _told(file: Path) -> Iterator[str]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield f"{file}:1: cannot be read: {error}"
        return
    for defect in _judge(file)(text):
        yield f"{file}:{defect.line}: {f'{defect.path}: ' if defect.path else ''}{defect.reason}"


def _judge(file: Path) -> Callable[[str], tuple[Defect, ...]]:
    """A calendar is told by its folder; a file elsewhere is a pack, held against what was released under its id."""
    if file.resolve().parent.name == "calendars":
        return lint_calendar
    return lambda text: lint(text, _released().get(_id(text), {}))


def _id(text: str) -> str:
    pack = read_pack(text).value
    return pack.id if pack is not None else ""


def _gone() -> Iterator[str]:
    """Packs that were released and are not there any more."""
    there = {_id(file.read_text("utf-8")) for file in _yaml(PACKS)}
    for name in sorted(set(_released()) - there):
        yield f"the pack {name} was released and is gone, or cannot be read"


def _released() -> Released:
    return read_released(RELEASED.read_text("utf-8")) if RELEASED.exists() else {}


def _yaml(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _entries(pack: Pack) -> list[Entry]:
    return [*pack.retention, *pack.notice]


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
