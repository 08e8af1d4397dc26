"""The picture of one fact's path, drawn from what a run recorded. SVG written as text; no script, no font to fetch.

The values are kept in the picture too, so that it can be drawn anew from itself: `values(draw(path)) == path`.
"""

import json
import re
from dataclasses import asdict, dataclass
from html import escape, unescape

WIDTH, HEIGHT = 1180, 520
INK, SOFT, LINE, PAPER = "#1d2733", "#5a6876", "#8795a3", "#ffffff"
FILLS = {"person": "#fdf3d8", "service": "#dcebfa", "bus": "#ece7f6", "proof": "#dff3e4"}


@dataclass(frozen=True)
class Path:
    """What one proposal left behind at each station; the values are shown as they are."""

    event: str
    promise: str
    offset: int
    leaf: int
    head: int
    root: str
    message_id: str
    verdict: str


@dataclass(frozen=True)
class Box:
    """A station: place, size, kind, title and lines."""

    x: int
    y: int
    width: int
    kind: str
    title: str
    lines: tuple[str, ...]
    height: int = 104

    def svg(self) -> str:
        """The drawn box."""
        rows = [
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="9" '
            f'fill="{FILLS[self.kind]}" stroke="{LINE}"/>',
            f'<text x="{self.x + 14}" y="{self.y + 27}" class="t">{escape(self.title)}</text>',
        ]
        for number, line in enumerate(self.lines):
            rows.append(f'<text x="{self.x + 14}" y="{self.y + 50 + 19 * number}" class="s">{escape(line)}</text>')
        return "\n".join(rows)


def draw(path: Path) -> str:
    """The whole picture as an SVG document."""
    recorded = ("rules decide; one commit", f"event {_short(path.event)}", f"promise {_short(path.promise)}")
    sealed = ("append → sign → publish", f"leaf {path.leaf}, head of {path.head} leaves", f"root {path.root[:28]}…")
    checked = ("every entry, tile and signed head", "and each promise that a caller holds", path.verdict)
    boxes = [
        Box(
            24, 96, 196, "person", "Prosecutor's office", ("proposes destruction", "POST /v1/proposals", "key: a UUID")
        ),
        Box(266, 96, 228, "service", "custody", recorded),
        Box(540, 96, 200, "bus", "Kafka", ("cadena.custody.v1", f"offset {path.offset}", "the event's exact bytes")),
        Box(790, 96, 366, "service", "audit", sealed),
        Box(540, 280, 200, "bus", "Kafka", ("cadena.audit.v1", "sealed entries", "each reader checks roots")),
        Box(
            266, 280, 228, "service", "notify", ("sealed facts only", "plans, records, sends", _short(path.message_id))
        ),
        Box(
            24,
            280,
            196,
            "person",
            "Counsel of record",
            ("what, where, why, when", "proposal.json", "+ its .tlog-proof"),
        ),
        Box(790, 280, 366, "proof", "Auditor: cadena-verify", checked),
    ]
    arrows = [
        (220, 148, 266, 148), (494, 148, 540, 148), (740, 148, 790, 148), (973, 200, 973, 280),
        (840, 200, 740, 300), (540, 332, 494, 332), (266, 332, 220, 332),
    ]  # fmt: skip
    parts = [
        _head(),
        f"<metadata>{escape(json.dumps(asdict(path)))}</metadata>",
        *(box.svg() for box in boxes),
        *(_arrow(*ends) for ends in arrows),
        _loop(),
        _foot(),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def values(picture: str) -> Path:
    """What a picture was drawn from; ValueError for an SVG that `draw` did not make."""
    kept = re.search("<metadata>(.*)</metadata>", picture)
    if kept is None:
        raise ValueError("this picture does not say what it was drawn from")
    return Path(**json.loads(unescape(kept[1])))


def _head() -> str:
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title about"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {view}>
<title id="title">One fact, one path</title>
<desc id="about">A proposal of destruction goes from custody over Kafka to audit, which seals it in the log.
Only then does notify warn counsel, with a proof that verifies offline; an auditor checks the whole log.</desc>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0 0 10 5 0 10z" fill="{SOFT}"/></marker></defs>
<style>text{{font-family:system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:{INK}}}
.h{{font-size:22px;font-weight:600}}.t{{font-size:16px;font-weight:600}}.s{{font-size:13px;fill:{SOFT}}}</style>
<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>
<text x="24" y="46" class="h">One fact, one path: nobody is warned of, and nobody acts on, what is not sealed</text>
<text x="24" y="72" class="s">a proposal of destruction, from the call to counsel's mailbox</text>"""


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{SOFT}" stroke-width="2" marker-end="url(#tip)"/>'


def _loop() -> str:
    curve = 'd="M640 280 C 640 258, 380 290, 380 202" fill="none"'
    return (
        f'<path {curve} stroke="{SOFT}" stroke-width="2" marker-end="url(#tip)"/>'
        '<text x="470" y="226" class="s">own facts are sealed:</text>'
        '<text x="470" y="243" class="s">index and head come back</text>'
    )


def _foot() -> str:
    lines = (
        "The log is append-only and signed; hashes and heads are public, entries need an auditor's or a peer's token.",
        "Whoever deletes a fact before it is sealed breaks the promise that the caller holds. "
        "Whoever changes a sealed one breaks the tree.",
    )
    rows = (f'<text x="24" y="{444 + 24 * row}" class="s">{escape(line)}</text>' for row, line in enumerate(lines))
    return "\n".join(rows)


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:12]}…{text[-5:]}"
