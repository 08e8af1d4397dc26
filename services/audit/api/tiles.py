"""`/checkpoint` and `/tile/…`: the log's one public form. What the newest head does not imply is a 404."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.audit.authorise import may_read_entries
from services.audit.directory import Directory
from services.audit.queries import Log
from shared.auth import Principal
from shared.edge import caller, demand_scope
from shared.operations import fetching
from shared.problems import Problem, not_found
from shared.tiles import WIDTH, parse_path

routes = APIRouter(tags=["log"])

YEAR = 31_536_000
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
NOT_THERE = (404, "not-found", "Nothing here for you")


@routes.get("/checkpoint", **fetching("getCheckpoint", "The newest signed head", "text/plain", NOT_THERE))
async def checkpoint(request: Request) -> Response:
    """The newest head: a signed note with the log's signature and audit's timestamped cosignature."""
    log: Log = request.app.state.log
    head = await log.head()
    if head is None:
        raise not_found()
    return Response(head.signed, media_type=TEXT, headers={"Cache-Control": "no-store"})


@routes.get(
    "/tile/entries/{path:path}",
    **fetching(
        "getEntries", "A bundle of entries", BYTES, NOT_THERE,
        (403, "entries-are-for-auditors", "Entries are for auditors and peers"),
    ),
)  # fmt: skip
async def entry_bundle(request: Request, path: str, principal: Annotated[Principal, Depends(caller)]) -> Response:
    """256 entries, or as many as a size implies (`.p/W`), each behind its length in two bytes.

    For accounts that sealed facts name as auditors, and for services whose token has the scope `ledger:read`.
    A token that names scopes of audit must name `audit:entries:read`.
    """
    demand_scope(principal, "audit", "entries.read")
    log: Log = request.app.state.log
    tile, size, raw = parse_path(f"entries/{path}"), None, None
    if tile is not None and tile.width == WIDTH:  # read in one statement with the head by which the reader is judged
        size, raw = await log.full_bundle(tile.index)
    await _demand_reader(request, principal, size)
    if tile is not None and raw is None:
        raw = await log.bundle(tile)
    return _served(raw, "private")


@routes.get("/tile/{path:path}", **fetching("getTile", "A tile of hashes", BYTES, NOT_THERE))
async def hash_tile(request: Request, path: str) -> Response:
    """256 hashes of a level, or as many as a size implies (`.p/W`)."""
    log: Log = request.app.state.log
    tile = parse_path(path)
    return _served(await log.tile(tile) if tile is not None and tile.level is not None else None, "public")


def _served(raw: bytes | None, cached_by: str) -> Response:
    if raw is None:
        raise not_found()
    headers = {"Cache-Control": f"{cached_by}, max-age={YEAR}, immutable"}
    return Response(raw, media_type=BYTES, headers=headers)


async def _demand_reader(request: Request, principal: Principal, size: int | None) -> None:
    directory: Directory = request.app.state.directory
    if not may_read_entries(await directory.reader(principal.account, size), principal.scopes):
        raise Problem(
            403, "entries-are-for-auditors", "Entries are for auditors and peers",
            "Hashes and heads are public and need no token. To read entries, ask a court to appoint you as auditor.",
        )  # fmt: skip
