"""Convenience reads beside the log: proofs, and every head ever signed. All of one answer is about one head."""

from base64 import b64encode
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.audit.api.tiles import NOT_THERE, TEXT
from services.audit.directory import Directory
from services.audit.queries import Log
from shared.notes import write_proof
from shared.operations import fetching
from shared.problems import Problem, not_found
from shared.text import PLAIN_DIGITS, Uuid

routes = APIRouter(tags=["proofs"])

MAX_SIZE = 2**63 - 1
MAX_PAGE = 1000
JSON = "application/json"
Size = Annotated[int, Field(ge=0, le=MAX_SIZE), PLAIN_DIGITS]


@routes.get(
    "/v1/proofs/{event_id:id}", **fetching("getProof", "Proof that an event is in the log", "text/plain", NOT_THERE)
)
async def inclusion(request: Request, event_id: Uuid, size: Size | None = None) -> Response:
    """The `.tlog-proof` of an event (C2SP tlog-proof@v1) against the newest head, or the one signed at `size`."""
    log: Log = request.app.state.log
    found = await log.included(event_id, size)
    if found is None:
        raise not_found()
    kept = "no-store" if size is None else "public, max-age=31536000, immutable"
    return Response(
        write_proof(found.index, found.hashes, found.signed), media_type=TEXT, headers={"Cache-Control": kept}
    )


@routes.get(
    "/v1/consistency",
    **fetching(
        "getConsistency", "Proof that the log only grew", JSON,
        (422, "no-such-sizes", "The log never had these sizes in this order"),
    ),
)  # fmt: skip
async def consistency(request: Request, old: Annotated[Size, Query(alias="from")], to: Size) -> Response:
    """The RFC 6962 proof that the log of size `to` extends the one of size `from`; empty from 0."""
    log: Log = request.app.state.log
    if old > to or to > await log.size():
        raise Problem(
            422, "no-such-sizes", "The log never had these sizes in this order",
            "Give from <= to, and to no larger than the newest head of /checkpoint.",
        )  # fmt: skip
    hashes = await log.consistency(old, to)
    return _json({"from": old, "to": to, "hashes": [b64encode(value).decode() for value in hashes]})


@routes.get("/v1/checkpoints", **fetching("listCheckpoints", "Every head ever signed", JSON))
async def checkpoints(
    request: Request, after: Size = 0, limit: Annotated[int, Field(ge=1, le=MAX_PAGE), PLAIN_DIGITS] = 200
) -> Response:
    """Every head ever signed, by size: `next` is what to send as `after` for the following page, null at the end."""
    log: Log = request.app.state.log
    heads = await log.heads_after(after, limit + 1)
    page = [{"size": head.size, "note": head.note, "cosignature": head.cosignature} for head in heads[:limit]]
    return _json({"checkpoints": page, "next": heads[limit - 1].size if len(heads) > limit else None})


@routes.get("/vkey", **fetching("getVkey", "The log's verifier key", "text/plain", NOT_THERE))
async def vkey(request: Request) -> Response:
    """The log's verifier key as leaf 0 names it. Compare it with the one printed in a notice before you trust it."""
    directory: Directory = request.app.state.directory
    await directory.catch_up()
    if directory.log_vkey is None:
        raise not_found()
    return Response(directory.log_vkey + "\n", media_type=TEXT)


def _json(document: dict[str, object]) -> Response:
    return Response(orjson.dumps(document), media_type=JSON, headers={"Cache-Control": "no-store"})
