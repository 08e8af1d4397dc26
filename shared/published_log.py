"""The log as audit publishes it over HTTP, read to fill what the topic did not bring: heads, and entries by token.

Nothing read here is trusted before its root was checked.
"""

from pathlib import Path
from typing import Self

import httpx2
from pydantic import BaseModel, ValidationError

from shared.merkle import HASH_BYTES
from shared.tiles import WIDTH, FramingError, Tile, unframe

TIMEOUT_SECONDS = 10.0
PAGE = 1000


class LogUnavailable(Exception):
    """The published log did not answer, refused, or does not hold what it should: worth another try."""


class PublishedHead(BaseModel):
    """A head as `/v1/checkpoints` lists it; nothing is verified."""

    size: int
    note: str
    cosignature: str | None = None

    @property
    def whole_note(self) -> str:
        """The note with the cosignature's line behind the log's."""
        return self.note + (self.cosignature or "")


class _Page(BaseModel):
    checkpoints: list[PublishedHead]


class PublishedLog:
    """One client of one log. `token_file` holds the bearer token for entries and is read anew at each use."""

    def __init__(
        self, url: str, token_file: Path | None = None, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._token_file = token_file
        self._client = httpx2.AsyncClient(
            base_url=url.rstrip("/") + "/", timeout=TIMEOUT_SECONDS, transport=transport, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def newest(self) -> str:
        """The newest head, a signed note; nothing is verified. Raises LogUnavailable, also where there is none yet."""
        raw = await self._get("checkpoint")
        try:
            note = (raw or b"").decode()
        except UnicodeDecodeError as error:
            raise LogUnavailable("the newest head is not UTF-8") from error
        if not note:
            raise LogUnavailable("the log has no head yet")
        return note

    async def hashes(self, tile: Tile) -> bytes:
        """The hashes of a tile of a level, as many as it is wide; nothing is verified."""
        raw = await self._get(tile.path)
        if raw is None and tile.width < WIDTH:  # a partial one may go once the full one is there
            raw = await self._get(Tile(tile.level, tile.index).path)
        if raw is None or len(raw) < tile.width * HASH_BYTES:
            raise LogUnavailable(f"{tile.path} holds {len(raw or b'')} bytes")
        return raw[: tile.width * HASH_BYTES]

    async def heads_after(self, size: int) -> list[PublishedHead]:
        """Heads larger than `size`, ascending, at most a thousand."""
        raw = await self._get(f"v1/checkpoints?after={size}&limit={PAGE}")
        try:
            return _Page.model_validate_json(raw or b"").checkpoints
        except ValidationError as error:
            raise LogUnavailable(f"the list of heads cannot be read: {error.error_count()} errors") from error

    async def entries(self, first: int, end: int) -> list[bytes]:
        """The entries [first, end), where `end` is the size of a head."""
        found: list[bytes] = []
        for index in range(first // WIDTH, (end + WIDTH - 1) // WIDTH):
            width = min(WIDTH, end - index * WIDTH)
            found += (await self._bundle(index, width))[max(0, first - index * WIDTH) : width]
        return found

    async def _bundle(self, index: int, width: int) -> list[bytes]:
        raw = await self._get(Tile(None, index, width).path, token=True)
        if raw is None and width < WIDTH:  # a partial one may go once the full one is there
            raw = await self._get(Tile(None, index).path, token=True)
        try:
            entries = unframe(raw or b"")
        except FramingError as error:
            raise LogUnavailable(f"bundle {index} cannot be read: {error}") from error
        if len(entries) < width:
            raise LogUnavailable(f"bundle {index} holds {len(entries)} entries of {width}")
        return entries

    async def _get(self, path: str, *, token: bool = False) -> bytes | None:
        """The body; None for 404. Raises LogUnavailable for whatever else is not 200."""
        headers = {"Authorization": f"Bearer {_token(self._token_file)}"} if token and self._token_file else {}
        try:
            answer = await self._client.get(path, headers=headers)
        except httpx2.HTTPError as error:
            raise LogUnavailable(f"{path}: {type(error).__name__}: {error}") from error
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise LogUnavailable(f"{path}: the log answered {answer.status_code}: {answer.text[:200]}")
        return answer.content


def _token(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise LogUnavailable(f"no token for entries: {error}") from error
