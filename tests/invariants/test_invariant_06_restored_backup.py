"""6: a database set back to a backup signs nothing; whoever makes it sign all the same is refused by a witness."""

import shutil
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit import store
from services.audit.errors import LedgerBehind
from services.audit.store import Head
from shared import merkle
from shared.merkle import EMPTY_ROOT, Node, leaf_hash, resolve, root_of
from shared.notes import Checkpoint, Signer, open_checkpoint, open_note, write_note
from tests.invariants.witness import Reply, Witness, write
from tests.services.audit.rig import Rig, event, first

BACKUP, NEWEST, FORKED = 20, 37, 50
NOW = 1_800_000_000
TABLES = ("seen", "fragment", "bundle", "tile", "head", "offset", "foreign", "generation", "epoch", "heartbeat")


async def back_up(rig: Rig) -> None:
    await rig.execute("CREATE SCHEMA kept")
    for table in TABLES:
        await rig.execute(f'CREATE TABLE kept."{table}" AS TABLE "{table}"')


async def restore(rig: Rig) -> None:
    await rig.execute("TRUNCATE " + ", ".join(f'"{table}"' for table in TABLES))
    for table in TABLES:
        await rig.execute(f'INSERT INTO "{table}" TABLE kept."{table}"')


async def newest(rig: Rig) -> Head:
    async with rig.database() as connection:
        found = await store.newest_head(connection)
    assert found is not None
    return found


def proof_of(leaves: list[bytes], old: int, new: int) -> list[bytes]:
    def node(at: Node) -> bytes:
        return root_of(leaves[at.index << at.level : (at.index + 1) << at.level])

    return resolve(merkle.consistency_nodes(old, new), node)


async def offered(rig: Rig, witness: Witness, old: int, known: int | None = None) -> Reply:
    """What the witness says to the newest head with the proof from `known`, under the claim that it knows `old`."""
    head, leaves = await newest(rig), [leaf_hash(entry) for entry in await rig.entries()]
    known = old if known is None else known
    proof = proof_of(leaves, known, head.size) if known <= head.size else []
    return witness.add_checkpoint(write(old, proof, head.signed), NOW)


async def forced(rig: Rig, *facts: bytes) -> Rig:
    """The same database and keys made to go on with other facts: another Kafka, no head file, the operator's word."""
    folder = rig.folder / "forced"
    shutil.copytree(rig.folder / "keys", folder / "keys")
    fork = Rig(rig.urls, rig.operator, f"{rig.prefix}forced.", folder)
    await fork.send(*facts)
    async with fork.writing(adopt_head=True) as task:
        await first(fork.until_signed(FORKED), task)
    return fork


async def test_invariant_06_a_restored_backup_signs_nothing_and_a_forced_fork_gets_no_cosignature(rig: Rig) -> None:
    witness = Witness([rig.keys.log.key])
    await rig.seal(rig.founding, *(event() for _ in range(BACKUP - 1)), size=BACKUP)
    assert (await offered(rig, witness, 0)).status == 200
    await back_up(rig)
    await rig.seal(*(event() for _ in range(NEWEST - BACKUP)), size=NEWEST)
    cosigned = await offered(rig, witness, BACKUP)
    assert cosigned.status == 200
    open_note((await newest(rig)).signed + cosigned.body, [witness.signer.key])
    remembered = witness.seen[rig.keys.log.key.name]

    await restore(rig)
    with pytest.raises(LedgerBehind, match=f"size {NEWEST}"):
        await rig.run()
    with pytest.raises(LedgerBehind, match=f"size {NEWEST}"):
        await rig.run(adopt_head=True)
    assert await rig.signed() == BACKUP, "nothing was signed"

    fork = await forced(rig, *(event() for _ in range(FORKED - BACKUP)))
    await fork.demand_whole()  # signed by the log's own key, sound in itself, and another history
    assert await offered(fork, witness, BACKUP) == Reply(409, f"{NEWEST}\n", "text/x.tlog.size")
    assert (await offered(fork, witness, NEWEST)).status == 422, "no proof leads from what it saw to the fork"
    assert (await offered(fork, witness, NEWEST, BACKUP)).status == 422
    assert witness.seen[rig.keys.log.key.name] == remembered


async def test_invariant_06_a_fork_of_the_same_size_and_a_smaller_head_are_refused_too(rig: Rig) -> None:
    witness = Witness([rig.keys.log.key])
    await rig.seal(rig.founding, event(), size=2)
    head = open_checkpoint((await newest(rig)).signed, rig.keys.log.key)
    assert (await offered(rig, witness, 0)).status == 200

    def asked(old: int, head: Checkpoint, proof: list[bytes] | None = None, signer: Signer = rig.keys.log) -> int:
        note = write_note(head.text, [signer.sign(head.text)])
        return witness.add_checkpoint(write(old, proof or [], note), NOW).status

    stranger = Signer(head.origin, Ed25519PrivateKey.generate())
    elsewhere = Signer("other.example/log", Ed25519PrivateKey.generate())
    assert asked(2, replace(head, root=EMPTY_ROOT)) == 422
    assert asked(2, replace(head, size=1)) == 400, "it knows more than is offered"
    assert asked(1, replace(head, size=1)) == 409
    assert asked(2, head, [EMPTY_ROOT]) == 422
    assert asked(2, replace(head, size=3), [EMPTY_ROOT]) == 422
    assert asked(2, head, signer=stranger) == 403
    assert asked(0, replace(head, origin="other.example/log"), signer=elsewhere) == 404
    assert asked(2, head) == 200, "the same head again is the same head"
    for body in ("", "old 2\n", "old -1\n\n", "old 02\n\nx", f"old 2\n{'A' * 43}\n\nx", "old 2\n" + "A\n" * 64 + "\nx"):
        assert witness.add_checkpoint(body, NOW).status == 400, body
