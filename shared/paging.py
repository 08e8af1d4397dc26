"""Pages by keyset: an opaque cursor says after which key the next page begins, so nothing is skipped or told twice."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared.canonical import NotCanonical, canonical, strict_loads
from shared.problems import Problem
from shared.text import PLAIN_DIGITS

MAX_CURSOR = 512
Key = tuple[str | int, ...]


class PageQuery(BaseModel):
    """The query of a list: how many items at most, and after which one. Other parameters are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    limit: Annotated[int, Field(ge=1, le=200, description="How many items a page has at most."), PLAIN_DIGITS] = 50
    cursor: Annotated[
        str | None, Field(max_length=MAX_CURSOR, description="`next` of the page before: opaque, of this list only.")
    ] = None

    def after(self, *parts: Callable[[object], str | int]) -> Key | None:
        """The key after which the page begins, None for the first; Problem 400 for a cursor that is not of this list.

        `parts` read one member of the key each, such as `canonical_uuid`, and raise ValueError.
        """
        return None if self.cursor is None else _key(self.cursor, parts)


@dataclass(frozen=True, slots=True)
class Page:
    """Some items in key order, and the key of the last one where more follow."""

    items: Sequence[dict[str, Any]]
    last: Key | None


def page_of(rows: Sequence[tuple[Key, dict[str, Any]]], limit: int) -> Page:
    """The page of rows that were read with a limit of `limit + 1`: the one too many shows that more follow."""
    shown = rows[:limit]
    return Page([item for _, item in shown], shown[-1][0] if len(rows) > limit else None)


def answer(request: Request, page: Page, extra: dict[str, Any] | None = None) -> Response:
    """`{"items", "next"}`, and the next page as a Link (RFC 8288) as well. `extra` members stand before the items."""
    following = None if page.last is None else cursor_of(page.last)
    headers = {"Cache-Control": "no-store"}
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    body = orjson.dumps((extra or {}) | {"items": page.items, "next": following})
    return Response(body, 200, headers, "application/json")


def cursor_of(key: Key) -> str:
    """The cursor of a page that begins after `key`."""
    return base64.urlsafe_b64encode(canonical(list(key))).rstrip(b"=").decode()


def whole(value: object) -> int:
    """A whole number of a cursor's key; ValueError for anything else."""
    if type(value) is not int:
        raise ValueError("not a whole number")
    return value


def _key(cursor: str, parts: tuple[Callable[[object], str | int], ...]) -> Key:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        members = strict_loads(raw)
        if type(members) is not list:
            raise _malformed()
        return tuple(part(member) for part, member in zip(parts, members, strict=True))
    except (binascii.Error, ValueError, NotCanonical) as error:
        raise _malformed() from error


def _malformed() -> Problem:
    return Problem(
        400,
        "malformed-cursor",
        "This cursor is not of this list",
        "Send `next` of the page before, or begin without it.",
    )
