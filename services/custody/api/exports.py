"""The export of a case: everything the reader may see of it, with its proofs, to be kept and checked elsewhere."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from services.custody.api.recording import Desk, Id, reader_of
from services.custody.documents.case_export import MEDIA_TYPE, drafted, pieces, proved
from services.custody.proofs import Proofs
from shared.auth import Principal
from shared.edge import caller
from shared.notes import NoteError, VerifierKey
from shared.operations import fetching
from shared.problems import Problem
from shared.published_log import LogUnavailable, PublishedLog

routes = APIRouter(tags=["cases"])
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Library:
    """Where proofs come from; the app keeps it at `app.state.library`. `vkey` reads the log's key, at each use.

    `turns`: so many exports are made side by side, so that they never take the connections that recording needs.
    """

    published: PublishedLog
    vkey: Callable[[], str]
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def proofs(self) -> Proofs:
        """Proofs under the newest head. Raises LogUnavailable."""
        try:
            key = VerifierKey.parse(self.vkey())
        except (OSError, NoteError) as error:
            raise LogUnavailable(f"the log's key cannot be read: {error}") from error
        return await Proofs.under_newest(self.published, key)


@routes.get(
    "/v1/cases/{case:id}/export",
    **fetching(
        "exportCase", "Take a case with you", MEDIA_TYPE, (503, "log-away", "The published log does not answer")
    ),
)
async def export(case: Id, request: Request, principal: Annotated[Principal, Depends(caller)]) -> StreamingResponse:
    """JSON Lines for `cadena-verify case`: the events of the case and of its items, offers, proposals and holds, the
    refusals that name one of them, each with its proof, and the texts. By who may read the case whole.
    """
    desk: Desk = request.app.state.desk
    library: Library = request.app.state.library
    async with library.turns:
        draft = await drafted(reader_of(request, principal), case)
        try:
            document = await proved(draft, await library.proofs(), desk.promiser)
        except LogUnavailable as error:
            raise Problem(
                503, "log-away", "The published log does not answer",
                "The case can be read, but not proved now: ask again later.", headers={"Retry-After": "10"},
            ) from error  # fmt: skip
    headers = {"Content-Disposition": f'attachment; filename="case-{case}.jsonl"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces(document), 200, headers, MEDIA_TYPE)
