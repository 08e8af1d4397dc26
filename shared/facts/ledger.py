"""Marker leaves: what audit says about a message that was not an event of its topic's own source. PURE."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.facts.base import Fact
from shared.text import Sha256


class ForeignMessage(Fact):
    """The message at `topic`, `offset` was no event of that topic's source; its bytes are kept beside the ledger."""

    name: ClassVar[str] = "audit.foreign.v1"
    topic: str
    offset: Annotated[int, Field(ge=0)]
    length: Annotated[int, Field(ge=0)]
    sha256: Sha256
