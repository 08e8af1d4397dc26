"""What two services need, and no more: the wire contract, and the plumbing that carries it.

Nothing here knows a rule of custody, sends a message to a person or writes to the ledger.
"""
