"""One page as an answer: its HTML, and headers by which a browser runs nothing, sends nothing on and keeps nothing."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.notify.pages.texts import TEXTS
from shared.facts.notices import Language

_HERE = Path(__file__).parent
_PAGES = Environment(loader=FileSystemLoader(_HERE), undefined=StrictUndefined, autoescape=True)
_STYLE = (_HERE / "page.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def page(
    status: int,
    language: Language,
    title: str,
    paragraphs: Sequence[str],
    *,
    form: bool = False,
    promises: Sequence[str] = (),
    receipt: str = "",
    demo: bool = False,
) -> Response:
    """A page; with `form` it holds the button that spends the link it was opened by.

    With `promises` it shows each of them under `receipt`, the sentence that says what they promise; with `demo` it says
    first that nothing here is real.
    """
    html = _PAGES.get_template("page.html").render(
        language=language, title=title, paragraphs=paragraphs, form=form, promises=promises, receipt=receipt,
        demo=demo,
        texts=TEXTS[language],
        style=Markup(_STYLE),  # noqa: S704 - a file of ours, and it must be byte for byte what the header's hash is of
    )  # fmt: skip
    return Response(html, status, HEADERS, "text/html; charset=utf-8")
