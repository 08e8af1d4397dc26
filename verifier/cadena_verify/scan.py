"""Reads a run of bundles: hashes them, compares them with their tiles, and makes the rows of their entries.

It needs nothing of what comes before, so that several processes can each take another run.
"""

from collections.abc import Iterator
from typing import Any

from cadena_verify.counting import Bundle, Counting, Plan, Scanned
from cadena_verify.entries import NotAnEntry, read_event, row_of
from cadena_verify.merkle import HASH_SIZE, LEAF, leaf_hashes, tile_root
from cadena_verify.rebuild import fetch_tile
from cadena_verify.report import Finding
from cadena_verify.shapes import Row, Shapes
from cadena_verify.source import Source
from cadena_verify.tiles import ENTRIES, WIDTH, BundleCut, split_bundle, tile_path, width_of

LEARN_FROM = 8
"""Entries that had to be parsed before their forms are learned: to compile costs more than to parse a few."""


class Scanner:
    """Reads runs of one log, and remembers from one to the next how its entries are spelled."""

    def __init__(self, source: Source) -> None:
        self._source, self._shapes, self._unknown = source, Shapes(), 0

    def scan(self, plan: Plan, run: range) -> Scanned:
        """Read the bundles of one run; Unreadable if the source cannot."""
        if not plan.entries:
            return Scanned(list(_tiles(self._source, plan, run)))
        files = self._source.ahead(_paths(plan.size, run))
        out, counted = Scanned([]), Counting(plan)
        for number in run:
            raw, tile = next(files), next(files)
            self._bundle(plan, number, raw, tile, out, counted)
        counted.close(out)
        return out

    def _bundle(
        self, plan: Plan, number: int, raw: bytes | None, tile: bytes | None, out: Scanned, counted: Counting
    ) -> None:
        width = width_of(0, number, plan.size)
        hashed = _hashed(raw) if raw is not None and width == WIDTH else None
        if raw is not None and tile is not None and hashed is not None and hashed[1] == tile:
            inside = number in plan.inside
            out.bundles.append(Bundle(number, None, tile, tile) if inside else Bundle(number, tile_root(tile)))
            if plan.judge:
                self._judge(number * WIDTH, raw, hashed[0], out, counted)
            return
        bundle, entries = _careful(self._source, number, width, raw, tile)
        out.bundles.append(bundle)
        if plan.judge:
            self._parse(number * WIDTH, entries, out, counted)

    def _judge(self, first: int, bundle: bytes, starts: list[int], out: Scanned, counted: Counting) -> None:
        """Rows by a search for known forms; what has none is parsed."""
        rows = self._shapes.rows(_lines(bundle, starts), starts)
        ends = [*starts[1:], len(bundle)]

        def raw(at: int) -> bytes:
            return bundle[starts[at] + 2 : ends[at]]

        if None not in rows:
            counted.take(range(first, first + WIDTH), rows, raw, out)
            return
        unknown = [at for at, row in enumerate(rows) if row is None]
        for at, row in zip(unknown, self._parsed(first, {at: raw(at) for at in unknown}, out), strict=True):
            rows[at] = row
        good = [at for at, row in enumerate(rows) if row is not None]
        counted.take([first + at for at in good], [rows[at] for at in good], lambda n: raw(good[n]), out)

    def _parse(self, first: int, entries: list[bytes], out: Scanned, counted: Counting) -> None:
        """Rows of the entries of a bundle that is not as it should be, one by one."""
        rows = list(self._parsed(first, dict(enumerate(entries)), out))
        good = [at for at, row in enumerate(rows) if row is not None]
        counted.take([first + at for at in good], [rows[at] for at in good], lambda n: entries[good[n]], out)

    def _parsed(self, first: int, entries: dict[int, bytes], out: Scanned) -> list[Row | None]:
        """The row of each entry, None for one that is no event: a defect. Their forms are learned if they are many."""
        rows: list[Row | None] = []
        events: list[dict[str, Any]] = []
        for at, raw in entries.items():
            try:
                events.append(read_event(raw))
                rows.append(row_of(events[-1]))
            except NotAnEntry as error:
                out.wrongs.append(Finding(error.code, str(error), first + at, first + at + 1))
                rows.append(None)
        self._unknown += len(events)
        if self._unknown >= LEARN_FROM:
            self._unknown = 0
            self._shapes.learn(events)
        return rows


def _tiles(source: Source, plan: Plan, run: range) -> Iterator[Bundle]:
    """What the tiles of leaf hashes say of these bundles; what is wrong with a tile, `rebuild` finds."""
    widths = [width_of(0, number, plan.size) for number in run]
    files = source.ahead(tile_path(0, number, width) for number, width in zip(run, widths, strict=True))
    for number, width, tile in zip(run, widths, files, strict=True):
        if tile is not None and len(tile) == WIDTH * HASH_SIZE and number not in plan.inside:
            yield Bundle(number, tile_root(tile))
            continue
        found = tile if tile is not None else fetch_tile(source.get, 0, number, width)
        yield Bundle(number, None, None if found is None else found[: width * HASH_SIZE], found)


def _paths(size: int, run: range) -> Iterator[str]:
    for number in run:
        width = width_of(0, number, size)
        yield tile_path(ENTRIES, number, width)
        yield tile_path(0, number, width)


def _hashed(raw: bytes) -> tuple[list[int], bytes] | None:
    """Where each entry of a full bundle begins, with its length, and the leaf hashes.

    None if it does not hold exactly 256 entries. One tight loop: with the nodes above it is what hashes cost.
    """
    starts: list[int] = []
    digests: list[bytes] = []
    begin, keep, leaf = starts.append, digests.append, LEAF
    at, end = 0, len(raw)
    with memoryview(raw) as view:
        while at + 1 < end:
            begin(at)
            start = at + 2
            at = start + (raw[at] << 8) + raw[at + 1]
            hashed = leaf()
            hashed.update(view[start:at])
            keep(hashed.digest())
    return (starts, b"".join(digests)) if at == end and len(starts) == WIDTH else None


def _lines(raw: bytes, starts: list[int]) -> bytearray:
    r"""A bundle with `\n\0` in place of each length, at these places, and `\n` at the end."""
    lines = bytearray().join((raw, b"\n"))
    for start in starts:
        lines[start], lines[start + 1] = 10, 0
    return lines


def _careful(
    source: Source, number: int, width: int, raw: bytes | None, tile: bytes | None
) -> tuple[Bundle, list[bytes]]:
    """A bundle that is the last one, or not as it should be: what can be read of it, and what is wrong."""
    whole = True
    if width < WIDTH:  # where a partial file is gone because it has become full since, the full one's start is it
        whole = raw is not None
        raw = source.get(tile_path(ENTRIES, number)) if raw is None else raw
        tile = fetch_tile(source.get, 0, number, width) if tile is None else tile
    first, path = number * WIDTH, tile_path(ENTRIES, number, width)
    if raw is None:
        missing = Finding("entry-missing", f"{path} is missing", first, first + width)
        return Bundle(number, None, None, tile, [missing]), []
    wrongs: list[Finding] = []
    try:
        entries = split_bundle(raw, width, whole)
    except BundleCut as cut:
        entries = cut.entries
        at = min(first + len(entries), first + width - 1)
        wrongs.append(Finding("bundle-truncated", f"{path}: {cut}", at, first + width))
    return Bundle(number, None, b"".join(leaf_hashes(entries)), tile, wrongs), entries
