"""Random tampers with everything beside the entries: tiles, heads, what is known, what was taken from Kafka."""

from random import Random

from shared.merkle import HASH_BYTES
from shared.tiles import WIDTH
from tests.tamper.alter import altered, altered_text, place, two
from tests.tamper.chance import EDGES, SIZE, Tamper, numbers
from tests.tamper.ledger import FOREIGN, HEADS
from tests.tamper.owner import Owner

TILES = SIZE // WIDTH


async def a_tile_altered(owner: Owner, chance: Random) -> Tamper:
    n = chance.randrange(TILES)
    [(raw,)] = await owner.fetch("SELECT bytes FROM tile WHERE level = 0 AND n = $1", n)
    how, raw = altered(chance, raw)
    if len(raw) != WIDTH * HASH_BYTES:
        await owner.drop_check("tile", "full")
    await owner.execute("UPDATE tile SET bytes = $2 WHERE level = 0 AND n = $1", n, raw)
    # What is more than a tile's length is not served.
    return Tamper(f"tile {n}: {how}", "full tile of level 0", inside=len(raw) != WIDTH * HASH_BYTES)


async def a_hash_altered(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, TILES * WIDTH, EDGES)
    await owner.put_hash(index, chance.randbytes(HASH_BYTES))
    return Tamper(f"leaf hash {index}")


async def a_tile_removed(owner: Owner, chance: Random) -> Tamper:
    n = chance.randrange(TILES)
    await owner.execute("DELETE FROM tile WHERE level = 0 AND n = $1", n)
    return Tamper(f"tile {n} removed", "full tile of level 0")


async def a_tile_copied(owner: Owner, chance: Random) -> Tamper:
    n, (level, at) = chance.randrange(TILES), chance.choice(((0, 3), (0, 4), (0, -1), (1, 0), (1, 1), (2, 0), (7, 9)))
    await owner.execute("INSERT INTO tile SELECT $2, $3, bytes FROM tile WHERE n = $1", n, level, at)
    return Tamper(f"tile {n} once more as {at} of level {level}", f"full tile of level {level}")


async def two_tiles_swapped(owner: Owner, chance: Random) -> Tamper:
    one, other = two(chance, range(TILES))
    await owner.exchange("tile", "n", ["bytes"], one, other)
    return Tamper(f"tiles {one} and {other} swapped")


async def a_head_altered(owner: Owner, chance: Random) -> Tamper:
    size, column = chance.choice(HEADS), chance.choice(("note", "note", "cosignature"))
    [(text,)] = await owner.fetch(f"SELECT {column} FROM head WHERE size = $1", size)
    how, text = altered_text(chance, text)
    await owner.execute(f"UPDATE head SET {column} = $2 WHERE size = $1", size, text)
    return Tamper(f"{column} of head {size}: {how}")


async def a_root_altered(owner: Owner, chance: Random) -> Tamper:
    """The row's own copy of what the note says, which is not served."""
    size = chance.choice(HEADS)
    [(root,)] = await owner.fetch("SELECT root FROM head WHERE size = $1", size)
    how, root = altered(chance, root)
    await owner.execute("UPDATE head SET root = $2 WHERE size = $1", size, root)
    return Tamper(f"root of head {size}: {how}", rf"head of size {size} ")


async def a_head_removed(owner: Owner, chance: Random) -> Tamper:
    size = chance.choice(HEADS)
    await owner.execute("DELETE FROM head WHERE size = $1", size)
    return Tamper(f"head {size} removed", remembered=True)


async def a_head_copied(owner: Owner, chance: Random) -> Tamper:
    size, at = chance.choice(HEADS), chance.choice([at for at in (2, 256, 850, SIZE + 1, 5000) if at not in HEADS])
    await owner.execute(
        "INSERT INTO head SELECT $2, epoch, root, note, cosignature, cosigned_at FROM head WHERE size = $1", size, at
    )
    return Tamper(f"head {size} once more as {at}")


async def two_heads_swapped(owner: Owner, chance: Random) -> Tamper:
    one, other = two(chance, HEADS)
    columns = chance.choice((["note"], ["cosignature"], ["note", "cosignature"], ["root", "note", "cosignature"]))
    await owner.exchange("head", "size", columns, one, other)
    return Tamper(f"{' and '.join(columns)} of heads {one} and {other} swapped")


async def the_tail_cut(owner: Owner, chance: Random) -> Tamper:
    size = chance.choice(HEADS[:-1])
    await owner.cut(size)
    return Tamper(f"cut to {size} entries with its heads", remembered=True)


async def the_newest_heads_removed(owner: Owner, chance: Random) -> Tamper:
    size = chance.choice(HEADS[:-1])
    await owner.execute("DELETE FROM head WHERE size > $1", size)
    return Tamper(f"every head beyond {size} removed", remembered=True)


async def what_is_known_altered(owner: Owner, chance: Random) -> Tamper:
    index, column = place(chance, SIZE, EDGES), chance.choice(("sha256", "id", "source"))
    if column == "id":
        await owner.execute("UPDATE seen SET id = $2 WHERE idx = $1", index, owner.uuid(chance))
    elif column == "source":
        await owner.execute("UPDATE seen SET source = source || 's' WHERE idx = $1", index)
    else:
        [(raw,)] = await owner.fetch("SELECT sha256 FROM seen WHERE idx = $1", index)
        await owner.execute(
            "UPDATE seen SET sha256 = $2 WHERE idx = $1", index, altered(chance, raw, same_length=True)[1]
        )
    return Tamper(f"{column} of what is known at {index}", f"`seen`.* index {index} ")


async def what_is_known_moved(owner: Owner, chance: Random) -> Tamper:
    one, other = place(chance, SIZE, EDGES), place(chance, SIZE + 2, EDGES)
    if one == other:
        other = SIZE
    await owner.execute("UPDATE seen SET idx = $2 WHERE idx = $1", one, other)
    return Tamper(f"what is known at {one} said of {other}", f"`seen`.* index {numbers({one, other})}")


async def what_is_known_removed(owner: Owner, chance: Random) -> Tamper:
    index = place(chance, SIZE, EDGES)
    await owner.execute("DELETE FROM seen WHERE idx = $1", index)
    return Tamper(f"what is known at {index} removed", rf"`seen`.* index {index}\b")


async def something_more_is_known(owner: Owner, chance: Random) -> Tamper:
    """So that an event would be dropped that never came."""
    index, at = place(chance, SIZE, EDGES), place(chance, SIZE + 2, EDGES)
    await owner.execute(
        "INSERT INTO seen SELECT $2, source, sha256, $3 FROM seen WHERE idx = $1", index, owner.uuid(chance), at
    )
    said = rf"index {at}\b" if at < SIZE - 1 else f"each of {SIZE} entries"
    return Tamper(f"what is known at {index} once more, as another's at {at}", f"`seen`.*{said}")


async def two_known_swapped(owner: Owner, chance: Random) -> Tamper:
    one, other = two(chance, range(SIZE))
    await owner.exchange("seen", "idx", ["sha256"], one, other)
    return Tamper(f"digests known of {one} and {other} swapped", f"`seen`.* index {min(one, other)} ")


async def a_foreign_message_altered(owner: Owner, chance: Random) -> Tamper:
    change = chance.choice(("bytes", "bytes", "sha256", "topic = topic || 's'", "kafka_offset = kafka_offset + 1"))
    how = change
    if change in ("bytes", "sha256"):
        [(raw,)] = await owner.fetch(f'SELECT {change} FROM "foreign"')
        how, raw = altered(chance, raw)
        await owner.execute(f'UPDATE "foreign" SET {change} = $1', raw)
    else:
        await owner.execute(f'UPDATE "foreign" SET {change}')
    return Tamper(f"{change} of the foreign message: {how}", f"`foreign`.* index {FOREIGN} ")


async def a_foreign_message_moved(owner: Owner, chance: Random) -> Tamper:
    at = place(chance, SIZE, EDGES)
    kind = chance.choice(("moved", "removed", "once more"))
    if kind == "removed":
        await owner.execute('DELETE FROM "foreign"')
    elif kind == "moved":
        await owner.execute('UPDATE "foreign" SET idx = $1', at)
    else:
        await owner.execute(
            'INSERT INTO "foreign" SELECT topic, kafka_offset + 1, sha256, $1, bytes FROM "foreign"', at
        )
    return Tamper(f"the foreign message {kind}, {at}", f"`foreign`.* index {numbers({at, FOREIGN})} ")


async def a_place_altered(owner: Owner, chance: Random) -> Tamper:
    """The digest of any row; of the newest, which is where Kafka is read on, everything."""
    rows = await owner.fetch('SELECT topic, kafka_offset, sha256 FROM "offset" ORDER BY 1, 2')
    row = '"offset" {} WHERE topic = $1 AND kafka_offset = $2'
    newest = f'"offset" {{}} WHERE size = {SIZE}'
    kind = chance.choice(("digest", "digest", "removed", "size", "offset", "swapped"))
    if kind == "digest":
        topic, offset, raw = chance.choice(rows)
        how, raw = altered(chance, raw)
        await owner.execute(f"UPDATE {row.format('SET sha256 = $3')}", topic, offset, raw)
        return Tamper(f"digest taken at {topic} {offset}: {how}", rf"`offset`.* {topic} {offset}\b")
    if kind == "removed":
        await owner.execute(f"DELETE FROM {newest.format('')}")
        return Tamper("the newest place removed", f"`offset`.* while {SIZE} ")
    if kind == "size":
        size = chance.choice((0, 1, SIZE - 1, SIZE + 1, chance.randrange(SIZE)))
        await owner.execute(f"UPDATE {newest.format(f'SET size = {size}')}")
        return Tamper(f"the newest place said to be at {size}", f"`offset`.* while {SIZE} ")
    if kind == "offset":
        by = chance.choice((-1, 1, 5000))
        await owner.execute(f"UPDATE {newest.format(f'SET kafka_offset = kafka_offset + {by}')}")
        return Tamper(f"the newest place moved by {by}", "generation")
    [(digest, topic, _)] = await owner.fetch(f'SELECT sha256, topic, kafka_offset FROM "offset" WHERE size = {SIZE}')
    other = chance.choice([raw for _, _, raw in rows if raw != digest])
    await owner.execute(f"UPDATE {newest.format('SET sha256 = $1')}", other)
    return Tamper(f"another message's digest at the newest place of {topic}", "generation")


DEEDS = (
    a_tile_altered, a_hash_altered, a_tile_removed, a_tile_copied, two_tiles_swapped, a_head_altered, a_head_altered,
    a_root_altered, a_head_removed, a_head_copied, two_heads_swapped, the_tail_cut, the_newest_heads_removed,
    what_is_known_altered, what_is_known_moved, what_is_known_removed, something_more_is_known, two_known_swapped,
    a_foreign_message_altered, a_foreign_message_moved, a_place_altered, a_place_altered,
)  # fmt: skip
