"""The packs and calendars that come with custody, read once. PURE: they are part of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

from services.custody.policy.calendars import Calendar
from services.custody.policy.reading import Read, read_calendar, read_pack
from services.custody.policy.rules import Pack

Shipped = TypeVar("Shipped", Pack, Calendar)


@lru_cache(maxsize=1)
def packs() -> Mapping[str, Pack]:
    """The packs by id. ValueError, with file and line, if one cannot be read."""
    return MappingProxyType(latest(texts("packs"), read_pack))


@lru_cache(maxsize=1)
def calendars() -> Mapping[str, Calendar]:
    """The calendars by id, each in its last version. ValueError, with file and line, if one cannot be read."""
    return MappingProxyType(latest(texts("calendars"), read_calendar))


def texts(folder: str) -> dict[str, str]:
    """The files of `packs` or `calendars` by name."""
    there = resources.files(__package__).joinpath(folder).iterdir()
    return {file.name: file.read_text("utf-8") for file in sorted(there, key=_name) if file.name.endswith(".yaml")}


def _name(file: resources.abc.Traversable) -> str:
    return file.name


def latest(files: Mapping[str, str], read: Callable[[str], Read[Shipped]]) -> dict[str, Shipped]:
    """What the files say, by id, each in its last version. ValueError, with file and line, if one cannot be read."""
    found: dict[str, Shipped] = {}
    for name, text in files.items():
        result = read(text)
        if result.value is None:
            told = "\n".join(f"{name}:{defect.line}: {defect.reason}" for defect in result.defects)
            raise ValueError(told)
        standing = found.get(result.value.id)
        if standing is None or standing.version < result.value.version:
            found[result.value.id] = result.value
    return found
