"""What really differs in the files that a log served, by comparing them with those of the untouched ledger.

It asks nothing of the verifier and nothing of audit's reading code: the files of the untouched ledger are made here from
its entries. So it can say of each defect that was named whether there is one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from shared.merkle import HASH_BYTES, leaf_hash, root_of
from shared.tiles import WIDTH, Tile, frame, parse_path

Files = Mapping[str, bytes | None]


@dataclass
class Sound:
    """The untouched ledger: its entries, and what was served for its heads."""

    entries: list[bytes]
    checkpoint: bytes
    checkpoints: bytes
    heads: tuple[int, ...]

    def __post_init__(self) -> None:
        self.leaves = [leaf_hash(entry) for entry in self.entries]
        full = len(self.leaves) // WIDTH
        self.roots = [root_of(self.leaves[n * WIDTH : (n + 1) * WIDTH]) for n in range(full)]

    def file(self, path: str) -> bytes | None:
        """The file as it was; of a ledger of fewer than 65,536 entries."""
        if not path.startswith("tile/"):
            return self.checkpoint if path == "checkpoint" else self.checkpoints
        tile = parse_path(path.removeprefix("tile/"))
        assert tile is not None, path
        end = tile.first + tile.width
        if tile.level is None:
            return frame(self.entries[tile.first : end]) if end <= len(self.entries) else None
        row = self.hashes(tile)
        return b"".join(row) if len(row) == tile.width else None

    def hashes(self, tile: Tile) -> list[bytes]:
        every = (self.leaves, self.roots)[tile.level] if tile.level in (0, 1) else []
        return every[tile.first : tile.first + tile.width]


@dataclass
class Changed:
    """What differs. `same` if nothing does."""

    entries: set[int] = field(default_factory=set)
    """Indexes of which other bytes, or none, were served; of a bundle with too many entries, its last one, too."""
    hashes: dict[int, set[int]] = field(default_factory=dict)
    """Level → numbers of the hashes of which others, or none, were served."""
    heads: set[int] = field(default_factory=set)
    """Sizes of the heads that differ: as they are listed and as they name themselves, before and after."""
    rows: list[set[int]] = field(default_factory=list)
    """The same for each listed size by itself."""
    published: bool = False
    """Whether `/checkpoint` differs."""
    lost: set[int] = field(default_factory=set)
    """Bundles of which entries or a tile were not served whole."""
    twins: set[int] = field(default_factory=set)
    """Indexes whose bytes were served in the place of others, too."""

    @property
    def same(self) -> bool:
        return not (self.entries or self.heads or self.published or any(self.hashes.values()))

    def leaves(self) -> set[int]:
        """Every index under something that differs."""
        return self.entries.union(
            *(
                range(number << 8 * level, (number + 1) << 8 * level)
                for level, numbers in self.hashes.items()
                for number in numbers
            )
        )


def compared(sound: Sound, served: Files) -> Changed:
    """What differs in these files. The list of heads must have come as one page."""
    found = Changed()
    for path, raw in served.items():
        before = sound.file(path)
        if raw == before:
            continue
        if path == "checkpoint":
            found.published = True
            found.heads |= _sizes([sound.checkpoint.decode(), (raw or b"").decode()])
        elif path.startswith("v1/checkpoints"):
            found.rows += _heads(before or b"", raw or b"")
            found.heads = found.heads.union(*found.rows)
        else:
            tile = parse_path(path.removeprefix("tile/"))
            assert tile is not None, path
            _tile(sound, tile, raw, found)
    return found


def _tile(sound: Sound, tile: Tile, raw: bytes | None, found: Changed) -> None:
    if tile.level is None:
        before = sound.entries[tile.first : tile.first + tile.width]
        held, whole = parted(raw or b"")
        if raw is None or not whole or len(held) != tile.width:
            found.lost.add(tile.index)
        if not whole or len(held) > tile.width:
            found.entries.add(tile.first + min(len(held), tile.width - 1))
        pairs = enumerate(zip_longest(before, held[: tile.width]), tile.first)
        differ = {index for index, (old, new) in pairs if old != new}
        found.entries |= differ
        known = {sound.entries.index(entry) for entry in held if entry in sound.entries}
        found.twins |= known if differ else set()
        return
    row = [(raw or b"")[at : at + HASH_BYTES] for at in range(0, tile.width * HASH_BYTES, HASH_BYTES)]
    numbers = found.hashes.setdefault(tile.level, set())
    numbers |= {
        number for number, pair in enumerate(zip_longest(sound.hashes(tile), row), tile.first) if len({*pair}) > 1
    }
    if raw is None or len(raw) != tile.width * HASH_BYTES:
        numbers |= set(range(tile.first, tile.first + tile.width))
        found.lost |= {tile.index} if tile.level == 0 else set(range(tile.first, tile.first + tile.width))


def parted(raw: bytes) -> tuple[list[bytes], bool]:
    """As many whole entries as the bytes hold, and whether nothing is left over."""
    held, at = list[bytes](), 0
    while at + 2 <= len(raw) and (end := at + 2 + int.from_bytes(raw[at : at + 2], "big")) <= len(raw):
        held.append(raw[at + 2 : end])
        at = end
    return held, at == len(raw)


def _heads(before: bytes, after: bytes) -> list[set[int]]:
    """For each listed size of which the items differ: that size, and those that the notes name."""
    one, other = _items(before), _items(after)
    differ = [item for item in one + other if one.count(item) != other.count(item)]
    return [
        {size} | _sizes(str(note) for listed, note, _ in differ if listed == size)
        for size in {size for size, *_ in differ}
    ]


def _items(raw: bytes) -> list[tuple[int, Any, Any]]:
    return [(item["size"], item["note"], item["cosignature"]) for item in json.loads(raw)["checkpoints"]] if raw else []


def _sizes(notes: Iterable[str]) -> set[int]:
    """The sizes that these notes name in their second line."""
    lines = [note.split("\n")[1:2] for note in notes]
    return {int(line[0]) for line in lines if line and line[0].isascii() and line[0].isdigit()}
