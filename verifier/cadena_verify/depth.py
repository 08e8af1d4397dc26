"""How deep an audit reads."""

from enum import Enum


class Depth(Enum):
    """What is read of a log beside its heads. Each depth checks all that the ones after it check."""

    EVENTS = "events"
    """Every entry, as an event."""
    HASHES = "hashes"
    """Every entry, as bytes with a hash."""
    TILES = "tiles"
    """No entry: the tiles of hashes, which are open to anyone."""
