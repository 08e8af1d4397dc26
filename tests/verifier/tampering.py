"""A sound log, and the means to change one stored copy of it."""

import json

from tests.verifier.forge import Forged, canonical, entries, frame, leaf, mth, tile_name

SIZE = 700
HEADS = [1, 3, 10, 200, 256, 300, 301, 511, 512, 600, 700]
Place = tuple[str, int | None, int | None, int | None]


def sound() -> Forged:
    return Forged(entries(SIZE), HEADS)


def bundle_of(index: int) -> tuple[str, int]:
    number = index // 256
    return tile_name("entries", number, min(256, SIZE - 256 * number)), 256 * number


def tile_of(index: int, level: int = 0) -> tuple[str, int]:
    reach = 256 ** (level + 1)
    number = index // reach
    count = min(256, (SIZE >> (8 * level)) - 256 * number)
    return tile_name(level, number, count), 32 * (index // 256**level - 256 * number)


def other(index: int) -> bytes:
    """What a forger writes instead: a sound event with another label."""
    made = json.loads(entries(index + 1)[index])
    return canonical(made | {"data": made["data"] | {"label": "forged"}})


def put_entry(log: Forged, index: int, raw: bytes) -> None:
    name, first = bundle_of(index)
    kept = log.entries[first : first + 256]
    log.files[name] = frame([raw if first + at == index else entry for at, entry in enumerate(kept)])


def put_hash(log: Forged, index: int, digest: bytes, level: int = 0) -> None:
    name, at = tile_of(index, level)
    raw = log.files[name]
    log.files[name] = raw[:at] + digest + raw[at + 32 :]


def bundle_hash(log: Forged, index: int) -> bytes:
    """What the level-1 tile would say of a bundle whose entry `index` was replaced by `other`."""
    first = 256 * (index // 256)
    some = [*log.entries[first : first + 256]]
    some[index - first] = other(index)
    return mth([leaf(entry) for entry in some])


def changed(index: int, until: int | None = None) -> Place:
    return ("entry-changed", index, until or index + 1, None)
