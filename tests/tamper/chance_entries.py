"""Random tampers with what holds the entries: bundles, fragments, and single entries inside either."""

from random import Random

from shared.merkle import Range, leaf_hash
from shared.tiles import WIDTH
from tests.tamper.alter import altered, place, two
from tests.tamper.chance import EDGES, SIZE, Tamper, numbers
from tests.tamper.ledger import HEADS, opened
from tests.tamper.owner import Owner, forged
from tests.tamper.truth import parted

BUNDLES = SIZE // WIDTH


async def an_entry_altered(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, SIZE, EDGES)
    how, raw = altered(chance, await owner.entry(index))
    await owner.replace(index, raw)
    return Tamper(f"entry {index}: {how}")


async def an_entry_forged(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, SIZE, EDGES)
    await owner.replace(index)
    return Tamper(f"entry {index}: another story")


async def an_entry_forged_with_its_hash(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, BUNDLES * WIDTH, EDGES)
    await owner.put_hash(index, leaf_hash(await owner.replace(index)))
    return Tamper(f"entry {index}: another story, with its leaf hash")


async def an_entry_forged_everywhere(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, SIZE, EDGES)
    await owner.everywhere(index)
    return Tamper(f"entry {index}: another story, in every copy")


async def an_entry_forged_up_to_the_signature(owner: Owner, chance: Random) -> Tamper:
    """Every root from there on made anew in row and note; only the signatures stay those of the true roots."""
    index = place(chance, SIZE, EDGES)
    await owner.everywhere(index)
    leaves = await owner.leaves(SIZE)
    edge = Range()
    for low, size in zip((0, *HEADS), HEADS, strict=False):
        edge.append(leaves[low:size])
        if size > index:
            await owner.put_root(size, edge.root())
    return Tamper(f"entry {index}: another story, with every root from there on")


async def two_entries_swapped(owner: Owner, chance: Random) -> Tamper:
    one = place(chance, SIZE, EDGES)
    other = chance.choice([at for at in (one - 1, one + 1, chance.randrange(SIZE)) if 0 <= at < SIZE and at != one])
    await owner.swap(one, other)
    return Tamper(f"entries {one} and {other} swapped")


async def an_entry_over_another(owner: Owner, chance: Random) -> Tamper:
    one, other = two(chance, range(SIZE))
    await owner.replace(other, await owner.entry(one))
    return Tamper(f"entry {one} put over entry {other}")


async def an_entry_removed(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, SIZE, EDGES)
    await owner.remove(index)
    return Tamper(f"entry {index} removed")


async def an_entry_inserted(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, SIZE, EDGES)
    await owner.insert(index)
    return Tamper(f"an entry inserted at {index}")


async def a_bundle_altered(owner: Owner, chance: Random) -> Tamper:
    n = chance.randrange(BUNDLES)
    [(raw,)] = await owner.fetch("SELECT bytes FROM bundle WHERE n = $1", n)
    how, raw = altered(chance, raw)
    await owner.execute("UPDATE bundle SET bytes = $2 WHERE n = $1", n, raw)
    return Tamper(f"bundle {n}: {how}")


async def a_bundle_removed(owner: Owner, chance: Random) -> Tamper:
    n = chance.randrange(BUNDLES)
    await owner.execute("DELETE FROM bundle WHERE n = $1", n)
    return Tamper(f"bundle {n} removed", "full bundle")


async def a_bundle_copied(owner: Owner, chance: Random) -> Tamper:
    n, at = chance.randrange(BUNDLES), chance.choice((-1, 3, 4, 5, 300))
    await owner.execute("INSERT INTO bundle SELECT $2, bytes FROM bundle WHERE n = $1", n, at)
    return Tamper(f"bundle {n} once more as {at}", rf"full bundle|index {BUNDLES * WIDTH}\b")


async def two_bundles_swapped(owner: Owner, chance: Random) -> Tamper:
    one, other = two(chance, range(BUNDLES))
    await owner.exchange("bundle", "n", ["bytes"], one, other)
    return Tamper(f"bundles {one} and {other} swapped")


async def a_fragment_altered(owner: Owner, chance: Random) -> Tamper:
    """One that is served, or one beside its bundle."""
    rows = await owner.fetch("SELECT first, bytes FROM fragment ORDER BY first")
    first, before = chance.choice(rows)
    how, raw = altered(chance, before)
    await owner.execute("UPDATE fragment SET bytes = $2 WHERE first = $1", first, raw)
    (old, _), (new, whole) = parted(before), parted(raw)
    differ = {first + at for at in range(max(len(old), len(new))) if old[at : at + 1] != new[at : at + 1]}
    said = f"index {numbers({min(differ)} if whole else {first})}"
    return Tamper(f"fragment {first}: {how}", said)


async def an_open_fragment_removed(owner: Owner, chance: Random) -> Tamper:
    first = chance.choice([row[0] for row in await owner.fetch("SELECT first FROM fragment WHERE first >= 768")])
    await owner.execute("DELETE FROM fragment WHERE first = $1", first)
    return Tamper(f"fragment {first} removed")


async def a_fragment_copied(owner: Owner, chance: Random) -> Tamper:
    """At a place where none begins."""
    firsts = [row[0] for row in await owner.fetch("SELECT first FROM fragment ORDER BY first")]
    first = chance.choice(firsts)
    at = chance.choice([at for at in (*EDGES, first + 1, SIZE, SIZE + 1) if at not in firsts])
    await owner.execute("INSERT INTO fragment SELECT $2, bytes FROM fragment WHERE first = $1", first, at)
    # Beside a bundle it differs from that; behind the end it says that there are more entries.
    return Tamper(f"fragment {first} once more at {at}", numbers({at, SIZE}))


async def two_fragments_swapped(owner: Owner, chance: Random) -> Tamper:
    rows = [row[0] for row in await owner.fetch("SELECT first FROM fragment ORDER BY first")]
    one, other = two(chance, rows)
    await owner.exchange("fragment", "first", ["bytes"], one, other)
    return Tamper(f"fragments {one} and {other} swapped", numbers({one, other}))


async def an_entry_of_both_copies(owner: Owner, chance: Random) -> Tamper:
    """In its bundle and in the fragment beside it alike."""
    index = place(chance, 2 * WIDTH, EDGES)
    old = await owner.entry(index)
    await owner.everywhere(index, forged(old) if chance.random() < 0.5 else altered(chance, old, same_length=True)[1])
    await owner.put_hash(index, leaf_hash(old))
    return Tamper(f"entry {index}: bundle and fragment alike")


async def entries_appended(owner: Owner, chance: Random) -> Tamper:
    """Sound events that nobody sent, where a writer that died before it signed would have left its last batch."""
    count, raising = chance.randint(1, 5), chance.random() < 0.5
    new = [opened(SIZE + at).to_bytes() for at in range(count)]
    await owner.append(*new, raising=raising)
    return Tamper(f"{count} entries appended, a place {'raised' if raising else 'made up'}", f"^entry {SIZE} .* Kafka")


DEEDS = (
    an_entry_altered, an_entry_altered, an_entry_forged, an_entry_forged_with_its_hash, an_entry_forged_everywhere,
    an_entry_forged_up_to_the_signature, two_entries_swapped, an_entry_over_another, an_entry_removed, an_entry_inserted,
    a_bundle_altered, a_bundle_removed, a_bundle_copied, two_bundles_swapped, a_fragment_altered, a_fragment_altered,
    an_open_fragment_removed, a_fragment_copied, two_fragments_swapped, an_entry_of_both_copies, entries_appended,
)  # fmt: skip
