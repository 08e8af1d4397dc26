"""At the log: tiles, proofs and heads that cannot be."""

from collections.abc import Iterator
from uuid import uuid4

from tests.attack.attack import Attack, Front

TILES = (
    "/tile/64/000", "/tile/-1/000", "/tile/00/000", "/tile/0/00", "/tile/0/0000", "/tile/0/x000/000", "/tile/0/x1/000",
    "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/000.p/01", "/tile/0/000.p/-1", "/tile/0/000.p", "/tile/0/999",
    "/tile/0/x999/x999/x999/x999/x999/x999/999", "/tile/0/%2e%2e%2f000", "/tile/0/000/..", "/tile/a/b", "/tile/", "/tile/0/000%00",
)  # fmt: skip
BUNDLES = (
    "/tile/entries/000.p/0",
    "/tile/entries/000.p/257",
    "/tile/entries/999",
    "/tile/entries/x00/000",
    "/tile/entries/..%2f0",
)
SIZES = {"nought": "0", "below nought": "-1", "a word": "all", "2^64": str(2**64), "1e3": "1e3", "beyond": "99999999"}


def attacks(auditor: Front) -> Iterator[Attack]:
    """Absent is 404, which a client of such logs expects; what is no number is said so."""
    for path in TILES:
        yield auditor.get(f"a tile: {path}", path, 404, "not-found", authorization=None)
    for path in BUNDLES:
        yield auditor.get(f"entries: {path}", path, 404, "not-found")
    yield auditor.get("entries without a token", "/tile/entries/000.p/1", 401, "missing-token", authorization=None)
    yield auditor.get("a proof of nothing", f"/v1/proofs/{uuid4()}", 404, "not-found", authorization=None)
    yield auditor.get("a proof of no id", "/v1/proofs/1", 404, "not-found", authorization=None)
    for name, size in SIZES.items():
        code = "no-such-sizes" if name in ("nought", "beyond") else "invalid-request"
        yield auditor.get(
            f"consistency with {name}", f"/v1/consistency?from=1&to={size}", 422, code, authorization=None
        )
    yield auditor.get("consistency backwards", "/v1/consistency?from=2&to=1", 422, "no-such-sizes", authorization=None)
    yield auditor.get("heads after a word", "/v1/checkpoints?after=all", 422, "invalid-request", authorization=None)
    yield Attack("a POST to the log", "audit", "POST", "/checkpoint", 405, "method-not-allowed", (), b"{}")
    yield Attack("an entry by hand", "audit", "POST", "/v1/entries", 404, "not-found", (), b"{}")
