"""What the services' own code writes, the verifier takes: two implementations of one format, compared."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cadena_verify.notes import parse_vkey
from cadena_verify.proof import check_proof

from shared.events import Actor, Draft, Event, envelope, new_id
from shared.facts.cases import CaseOpened
from shared.merkle import Node, inclusion_nodes, leaf_hash, resolve, root_of
from shared.notes import COSIGNATURE, Checkpoint, Signer, write_note, write_proof
from shared.promise import Promiser
from shared.tiles import frame
from tests.verifier.conftest import Auditor, found
from tests.verifier.forge import (
    COSIGNER,
    COSIGNER_NAME,
    COSIGNER_VKEY,
    CUSTODY,
    CUSTODY_KEY,
    LOG,
    LOG_VKEY,
    ORIGIN,
    Forged,
    canonical,
    founding,
)

LOG_SIGNER, COSIGNER_SIGNER = Signer(ORIGIN, LOG), Signer(COSIGNER_NAME, COSIGNER, COSIGNATURE)


def recorded(number: int) -> Event:
    """An event as custody makes it."""
    fact = CaseOpened(authority=new_id(), folio=f"CI-{number}/2026")
    return envelope(
        Draft(f"case/{new_id()}", fact),
        source=CUSTODY,
        sequence=1,
        time=datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC) + timedelta(microseconds=number),
        actor=recorded_by(),
        command=f"{number:064x}",
        ordinal=0,
    )


def recorded_by() -> Actor:
    return Actor(person=new_id(), org=new_id(), role="court")


def head(entries: list[bytes]) -> tuple[str, str]:
    """The signed note, and the line of its cosignature."""
    text = Checkpoint(ORIGIN, len(entries), root_of([leaf_hash(raw) for raw in entries])).text
    return write_note(text, [LOG_SIGNER.sign(text)]), COSIGNER_SIGNER.cosign(text, 1_772_400_000).line()


def proof(index: int, entries: list[bytes]) -> str:
    """A `.tlog-proof` as audit and notify write it."""

    def node(wanted: Node) -> bytes:
        first = wanted.index << wanted.level
        return root_of([leaf_hash(raw) for raw in entries[first : first + (1 << wanted.level)]])

    hashes = resolve(inclusion_nodes(index, len(entries)), node)
    return write_proof(index, hashes, "".join(head(entries)))


def test_g7_a_log_promise_and_proof_written_by_the_services_code_are_taken(auditor: Auditor, tmp_path: Path) -> None:
    events = [recorded(number) for number in range(1, 300)]
    entries = [canonical(founding()), *(event.to_bytes() for event in events)]
    log = Forged(entries, [300])
    note, cosignature = head(entries)
    item = {"size": 300, "note": note, "cosignature": cosignature}
    assert log.items()[0]["note"] == note, "Ed25519 is deterministic: both writers give the same bytes"
    log.list_heads([item])
    log.publish(item)
    assert log.files["tile/entries/001.p/44"] == frame(entries[256:])
    folder = tmp_path / "promises"
    folder.mkdir()
    promiser = Promiser(CUSTODY_KEY)
    for number, event in enumerate(events[:5]):
        (folder / f"{number}.jws").write_text(promiser.promise(event, event.to_bytes()))
    report = auditor.audit(log, promises=folder)
    assert (found(report), report.warnings) == (set(), [])
    assert report.facts["promises"] == {"fulfilled": 5, "pending": 0, "broken": 0, "forged": 0}
    assert report.facts["heads_cosigned"] == 1
    for index in (0, 1, 128, 255, 256, 299):
        made = proof(index, entries).encode()
        key, cosigner = parse_vkey(LOG_VKEY), parse_vkey(COSIGNER_VKEY)
        assert check_proof(entries[index], made, "f", key, cosigner).defects == []
