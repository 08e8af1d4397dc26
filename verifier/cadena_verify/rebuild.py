"""Rebuilds the tree from the entries, compares every stored copy with it, and says which copy was changed.

Where the copies of a bundle differ (its entries, its tile of leaf hashes, its hash in the tile above), each way to read
it is followed as a *branch*. The next signed head keeps the branch whose root it signed: only the log's key can decide,
so what that branch disagrees with was changed. If no branch fits, every copy was changed together, and all that can be
said is between which two signed heads.
"""

from collections.abc import Callable
from itertools import chain, product

from cadena_verify.branches import Branch, readings_of
from cadena_verify.heads import Head
from cadena_verify.merkle import RightEdge
from cadena_verify.report import Finding, Report
from cadena_verify.tiles import WIDTH, split_tile, tile_path, width_of

MAX_BRANCHES = 32

GetTile = Callable[[str], bytes | None]


class Rebuild:
    """Feed it each bundle in order with `bundle`, then call `finish`. Defects go to the report."""

    def __init__(
        self, history: list[Head], get_tile: GetTile, report: Report, start: Branch | None = None, entries: bool = True
    ) -> None:
        """`start`: what `settled` gave at an earlier reading of the same log; heads up to there are passed over.

        Without `entries` the leaf hashes are those of the tiles, and no entry is accused.
        """
        self.entries = entries
        self.size = history[-1].size
        self.tiles = 0
        self.agreed = start.edge.size if start else 0
        """Size of the last head whose root was rebuilt."""
        self._heads = iter([head for head in history if head.size >= self.agreed])
        self._next = next(self._heads, None)
        self._failed: list[Head] = []
        self._get, self._report = get_tile, report
        self._branches = [start.copy() if start else Branch(RightEdge(), {}, [])]
        self._kept: dict[tuple[int, int], list[bytes] | None] = {}
        self._lost_from: int | None = None
        self._pass_heads(self.agreed)

    def bundle(self, number: int, entries: list[bytes] | None, raw_tile: bytes | None) -> None:
        """Take bundle `number`: the leaf hashes of its entries (fewer if it was cut, None if missing) and its tile.

        The entries' own absence is the caller's defect; the tile's is found here.
        """
        if self._lost_from is not None:
            return
        first, width = number * WIDTH, width_of(0, number, self.size)
        stored = self._judge_tile(0, number, width, raw_tile)
        if entries == stored and entries is not None and len(entries) == width:
            readings = [(entries, list[Finding]())]
        else:
            readings = list(readings_of(first, width, entries, stored))
        start = [branch.copy() for branch in self._branches]
        if readings:
            self._follow(readings)
        above = self._above(number) if width == WIDTH else None
        if self.agreed < first + width or not readings:
            self._look_above(first, above, start, bool(readings))
        self._close_rows(full_only=True)

    def settled(self) -> Branch | None:
        """The tree so far, for a later reading to go on from; None while there is any doubt about it."""
        (first, *others) = self._branches
        if others or first.suspicions or self._failed or self._lost_from is not None:
            return None
        return first.copy()

    def sound(self, number: int, root: bytes) -> None:
        """Take full bundle `number`, whose entries and tile agree on this root, and inside which no head ends."""
        if self._lost_from is not None:
            return
        self.tiles += 1
        above = self._above(number)
        start = [] if above == root else [branch.copy() for branch in self._branches]
        for at, branch in enumerate(self._branches):
            branch.parent = at
            branch.extend([root], 8)
        end = (number + 1) * WIDTH
        self._pass_heads(end)
        if self.agreed < end and above != root:
            self._look_above(number * WIDTH, above, start, True)
        if number % WIDTH == WIDTH - 1:  # the bundle fills the tile above it: no other tile can have become full
            self._close_rows(full_only=True)

    def finish(self) -> None:
        """Judge what is left: the partial tiles, and heads whose root no branch gave."""
        if self._lost_from is not None:
            message = "no copy of the hashes is left here: no root beyond can be rebuilt"
            self._report.defect("history-rewritten", message, index=self._lost_from, until=self.size)
            return
        self._close_rows(full_only=False)
        best = self._branches[0]
        if not self._failed:
            self._settle(self.size)
            return
        first_bad = self._failed[0].size
        for suspicion in best.suspicions:
            if (suspicion.until or 0) > self.agreed:
                suspicion.code = "copies-disagree"
                suspicion.message += "; no copy gives the signed root"
            self._report.add(suspicion)
        message = (
            f"the stored {self._copies('entries', 'tiles')} agree with the signed head of size {self.agreed} and not "
            f"with that of size {first_bad}: they were changed in between"
        )
        self._report.defect("history-rewritten", message, index=self.agreed, until=first_bad, head=first_bad)

    def _follow(self, readings: list[tuple[list[bytes], list[Finding]]]) -> None:
        """Extend every branch by every reading, stopping at each head inside to compare roots."""
        parted: list[tuple[Branch, list[bytes]]] = []
        for (at, branch), (hashes, suspicions) in product(enumerate(self._branches), readings):
            branch.parent = at
            twin = branch if len(readings) == 1 else branch.copy()
            twin.suspicions += suspicions
            parted.append((twin, hashes))
        parted = parted[:MAX_BRANCHES]
        at, first = 0, self._branches[0].edge.size
        width = len(parted[0][1])
        while at < width:
            stop = min(width, self._next.size - first) if self._next else width
            for branch, hashes in parted:
                branch.extend(hashes[at:stop])
            at = stop
            self._branches = [branch for branch, _ in parted]
            self._pass_heads(first + at)
            alive = {id(branch) for branch in self._branches}
            parted = [pair for pair in parted if id(pair[0]) in alive]

    def _pass_heads(self, size: int) -> None:
        """Compare the head of exactly this size, if there is one, with the branches."""
        head = self._next
        if head is None or head.size != size:
            return
        self._next = next(self._heads, None)
        fitting = [branch for branch in self._branches if branch.edge.root() == head.root]
        if not fitting:
            self._failed.append(head)
            return
        self._branches = fitting
        self.agreed = size
        self._settle(size)

    def _settle(self, size: int) -> None:
        """The first `size` leaves of the branches are signed: what they suspect there was changed.

        They are alike up to there, so the first speaks for all. Signed heads that they contradict were forked, except
        those that end inside a bundle whose leaves no copy gives.
        """
        proved = [f for f in self._branches[0].suspicions if f.until is not None and f.until <= size]
        for branch in self._branches:
            branch.suspicions = [f for f in branch.suspicions if f.until is None or f.until > size]
        opaque = self._branches[0].opaque
        for suspicion in proved:
            self._report.add(suspicion)
        for head in self._failed:
            if not any(head.size in span for span in opaque):
                message = "it is signed, but it is not the root of the log's first entries; later heads are"
                self._report.defect("head-forked", message, head=head.size)
        self._failed = []

    def _above(self, number: int) -> bytes | None:
        """The stored hash of bundle `number` in the tile of level 1, if that is there."""
        row = self._stored_row(1, number // WIDTH)
        at = number % WIDTH
        return row[at] if row is not None and at < len(row) else None

    def _look_above(self, first: int, above: bytes | None, start: list[Branch], read: bool) -> None:
        """Put the branches first that give the hash in the tile above; if none does, follow that hash, too."""
        if above is None:
            if not read:
                self._lost_from = first
            return
        if read:
            self._branches.sort(key=lambda branch: branch.rows[1][-1] != above)
            if self._branches[0].rows[1][-1] == above:
                return
            if self.agreed > first:
                start = [start[self._branches[0].parent]]
                start[0].suspicions = [f for f in start[0].suspicions if (f.until or 0) > self.agreed]
        self._trust_above(first, above, start, read)

    def _trust_above(self, first: int, above: bytes, start: list[Branch], read: bool) -> None:
        end = first + WIDTH
        since = max(first, self.agreed)
        until = min([head.size for head in self._failed if since < head.size < end], default=end)
        gone, changed = self._copies("entry-missing", "tile-missing"), self._copies("entry-changed", "tile-changed")
        what, together = self._copies("entries and leaf hashes", "leaf hashes"), self._copies(" together", "")
        message = f"{what} were changed{together}; the tile above still gives the signed root"
        if not read:
            message = f"{what} are gone; the tile above stands in for them"
        for branch in start:
            branch.extend([above], 8)
            branch.suspicions.append(Finding(changed if read else gone, message, since, until))
            branch.opaque.append(range(first + 1, end))
        self._branches = [*(self._branches if read else []), *start][:MAX_BRANCHES]
        while not read and self._next and self._next.size < end:
            message = "its root cannot be rebuilt: the leaves it ends in are gone"
            self._report.defect(gone, message, head=self._next.size)
            self._next = next(self._heads, None)
        if self._failed and self._failed[-1].size == end:  # judged before this branch was there
            self._heads = chain([self._next] if self._next else [], self._heads)
            self._next = self._failed.pop()
        self._pass_heads(end)

    def _close_rows(self, full_only: bool) -> None:
        """Compare finished upper tiles (at the end also partial ones) with the stored ones, per branch."""
        for branch in self._branches:
            for level in sorted(branch.rows):
                row = branch.rows[level]
                if len(row) < WIDTH and full_only:
                    continue
                number = ((branch.edge.size >> (8 * level)) - len(row)) // WIDTH
                self._compare(branch, level, number, row)
                branch.rows[level] = row[WIDTH:]

    def _compare(self, branch: Branch, level: int, number: int, row: list[bytes]) -> None:
        stored = self._stored_row(level, number)
        if stored is None or not row:
            return
        span, below = 1 << (8 * level), self._copies("entries", "tiles below")
        for at, (mine, theirs) in enumerate(zip(row, stored, strict=False)):
            if mine != theirs:
                first = (number * WIDTH + at) * span
                message = f"hash {at} of {tile_path(level, number, len(row))} is not the one that the {below} give"
                branch.suspicions.append(Finding("tile-changed", message, first, first + span))

    def _copies(self, with_entries: str, without: str) -> str:
        """The word for what was read."""
        return with_entries if self.entries else without

    def _stored_row(self, level: int, number: int) -> list[bytes] | None:
        """The stored tile, fetched once while it is under way."""
        if (level, number) not in self._kept:
            self._kept = {place: row for place, row in self._kept.items() if place[0] != level}
            width = width_of(level, number, self.size)
            raw = fetch_tile(self._get, level, number, width)
            self._kept[level, number] = self._judge_tile(level, number, width, raw)
        return self._kept[level, number]

    def _judge_tile(self, level: int, number: int, width: int, raw: bytes | None) -> list[bytes] | None:
        """The hashes of a stored tile; one that is missing or of another length is a defect."""
        self.tiles += raw is not None
        path, span = tile_path(level, number, width), 1 << (8 * level)
        first = number * WIDTH * span
        if raw is None:
            self._report.defect("tile-missing", f"{path} is missing", index=first, until=first + width * span)
            return None
        if len(raw) != width * 32:
            message = f"{path} has {len(raw)} bytes instead of {width * 32}"
            self._report.defect("tile-truncated", message, index=first, until=first + width * span)
        return split_tile(raw[: width * 32])


def fetch_tile(get: GetTile, level: int, number: int, width: int) -> bytes | None:
    """A tile's bytes; a partial one that has become full since is cut from the full one."""
    raw = get(tile_path(level, number, width))
    if raw is None and width < WIDTH:
        raw = get(tile_path(level, number))
        return None if raw is None else raw[: width * 32]
    return raw
