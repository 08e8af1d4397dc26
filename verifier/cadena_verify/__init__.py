"""cadena-verify: an auditor's own check of a Cadena ledger.

It trusts one thing, the log's vkey, and shares no code with the services that write the ledger: its own Merkle tree,
notes, tiles and token reading are deliberate, so that one mistake cannot hide in both.
"""

__version__ = "0.1.0"
