"""The promise: a service's signed word that an event will stand in the log; unkept, it proves a deletion.

A compact JWS, EdDSA, typ `cadena-promise+jwt`: iss (source), event, sha256 of its bytes, time, sealed_by.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events import Event
from shared.jws import Jws
from shared.keys import key_id
from shared.text import write_instant

TYPE = "cadena-promise+jwt"
SEALED_WITHIN = timedelta(hours=24)
TURN = 25
"""After so many signatures, other requests of the process have their turn."""


class Promiser:
    """Signs promises with a service's promise key, whose public half stands in leaf 0."""

    def __init__(self, key: Ed25519PrivateKey, within: timedelta = SEALED_WITHIN) -> None:
        self._within = within
        self.seed = key.private_bytes_raw()
        self.header = {"alg": "EdDSA", "kid": key_id(key.public_key()), "typ": TYPE}
        self._jws = Jws(self.seed, self.header)

    def promise(self, event: Event, raw: bytes) -> str:
        """The promise of one recorded event, `raw` being the bytes that were recorded."""
        return self._jws.sign(self.claims(event, raw))

    async def promise_all(self, recorded: Sequence[tuple[Event, bytes]]) -> list[str]:
        """`promise` for each of many."""
        promises = []
        for at, (event, raw) in enumerate(recorded, start=1):
            promises.append(self.promise(event, raw))
            if at % TURN == 0:
                await asyncio.sleep(0)
        return promises

    def claims(self, event: Event, raw: bytes) -> dict[str, str | bool]:
        """What is promised; `demo` of an event that says so."""
        time, sealed_by = _term(event.time, self._within)
        digest = hashlib.sha256(raw).hexdigest()
        said: dict[str, str | bool] = {"demo": True} if event.demo else {}
        return {"iss": event.source, "event": event.id, "sha256": digest, "time": time, "sealed_by": sealed_by} | said


@lru_cache(maxsize=64)
def _term(time: datetime, within: timedelta) -> tuple[str, str]:
    """`time` and `sealed_by`; what one batch records has one time."""
    return write_instant(time), write_instant(time + within)
