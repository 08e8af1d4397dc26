"""The export of a case: JSON Lines that `cadena-verify case FILE --vkey VKEY` checks offline (docs/wire.md).

It is made whole before the first byte of it is sent: first what the database holds, by one snapshot that is then given
back, then the proofs from the published log. So a failure of either is an answer, and never half a document. Both
stages write to files without a name, so memory does not grow with the case.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

import orjson

from services.custody.proofs import Proofs
from services.custody.queries.exports import Opening, events_of, opening
from services.custody.queries.reader import Reader
from shared.events import Event
from shared.promise import Promiser
from shared.text import write_instant

FORMAT = "cadena-case-export/1"
MEDIA_TYPE = "application/jsonl"
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """What the database gave: a line for each event without its proof, and the lines of the sealed texts."""

    case: str
    opening: Opening
    events: IO[bytes]
    sealed: IO[bytes]
    sealed_count: int
    demo: bool


async def drafted(reading: AbstractAsyncContextManager[Reader], case_id: str) -> Draft:
    """By one snapshot, given back when this returns. Problem 404 for a case that the reader may not read whole."""
    events, sealed, count, demo = _file(), _file(), 0, False
    async with reading as reader:
        begin = await opening(reader, case_id)
        async for each in events_of(reader, case_id):
            events.write(_line({"event": each.raw.decode(), "index": each.index}))
            event = orjson.loads(each.raw)
            demo, event_id = demo or event.get("demo") is True, event["id"]
            sealed.writelines(_line({"sealed": {"event": event_id} | text}) for text in each.texts)
            count += len(each.texts)
    return Draft(case_id, begin, events, sealed, count, demo)


async def proved(draft: Draft, proofs: Proofs, promiser: Promiser) -> IO[bytes]:
    """The whole document, to be read from its beginning. Raises LogUnavailable; then there is none."""
    document, count = _file(), 0
    document.write(_line({
        "format": FORMAT, "installation": draft.opening.installation, "origin": proofs.head.origin, "case": draft.case,
        "made_at": write_instant(draft.opening.made_at), "checkpoint": proofs.note,
    } | ({"demo": True} if draft.demo else {})))  # fmt: skip
    async for line in _with_proofs(draft, proofs, promiser):
        document.write(line)
        count += 1
    draft.sealed.seek(0)
    document.writelines(draft.sealed)
    document.write(_line({"end": {"events": count, "sealed": draft.sealed_count}}))
    document.seek(0)
    return document


async def _with_proofs(draft: Draft, proofs: Proofs, promiser: Promiser) -> AsyncIterator[bytes]:
    """What the head covers comes with its proof, in the order of the ledger; what it does not, with its promise."""
    draft.events.seek(0)
    for line in draft.events:
        said = orjson.loads(line)
        raw, index = said["event"].encode(), said["index"]
        if index is not None and index < proofs.head.size:
            hashes = [b64encode(value).decode() for value in await proofs.of(index, raw)]
            yield _line(said | {"hashes": hashes})
        else:
            promise = promiser.promise(Event.from_bytes(raw), raw)
            yield _line({"event": said["event"], "index": None, "promise": promise})


def pieces(document: IO[bytes]) -> Iterator[bytes]:
    """The document in pieces; it is gone once it was read."""
    with document:
        while piece := document.read(PIECE):
            yield piece


def _file() -> IO[bytes]:
    return SpooledTemporaryFile(IN_MEMORY)


def _line(value: dict[str, object]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
