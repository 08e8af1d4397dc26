"""A log in memory that seals what it is given, as the checked reader hands it over: real tree, real signed heads."""

import time
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.merkle import Range, leaf_hash
from shared.notes import COSIGNATURE, Checkpoint, Signer, write_note
from shared.sealed_batch import Head, Position, SealedBatch

ORIGIN = "cadena.example/demo"


class Ledger:
    """Append and get the batch; `vkey` and `cosigner_vkey` are what a verifier needs."""

    def __init__(self) -> None:
        self._log = Signer(ORIGIN, Ed25519PrivateKey.generate())
        self._cosigner = Signer(f"{ORIGIN}/cosigner", Ed25519PrivateKey.generate(), COSIGNATURE)
        self.vkey, self.cosigner_vkey = self._log.key.vkey, self._cosigner.key.vkey
        self.position = Position()

    def seal(self, entries: Sequence[bytes]) -> SealedBatch:
        """The next batch, under a head with both signatures."""
        edge = Range(self.position.size, self.position.edge)
        edge.append([leaf_hash(entry) for entry in entries])
        text = Checkpoint(ORIGIN, edge.size, edge.root()).text
        note = write_note(text, [self._log.sign(text), self._cosigner.cosign(text, int(time.time()))])
        head = Head(edge.size, edge.root(), note)
        batch = SealedBatch(self.position, list(entries), head, 0, {}, self.position.kafka_offset + 1)
        self.position = batch.after
        return batch
