"""A planned delivery → the text of the mail, in the party's language. PURE.

The first line holds the date and what is to happen; everything a lawyer needs follows as plain text (domain practice:
Mont. Code 46-21-111 fixes description, intent and address; silence and offline proof are ours).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.notify import words
from shared.facts.notices import Capacity, Language
from shared.facts.proposals import ProposalMade, ProposedItem

# Plain text, in which there is nothing to escape; values are held to one line below.
TEXTS = Environment(
    loader=PackageLoader("services.notify", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701
)

_SUBJECTS: Mapping[Language, str] = {
    "es": "Aviso de Cadena que requiere su atención (ref. {reference})",
    "en": "Notice from Cadena that needs your attention (ref. {reference})",
}
_DEMO: Mapping[Language, str] = {
    "es": "DEMO: es una demostración, ninguna muestra ni ningún asunto es real.",
    "en": "DEMO: this is a demonstration, no sample and no case is real.",
}
_VERIFY_SUBJECTS: Mapping[Language, str] = {
    "es": "Confirme esta dirección para recibir avisos de Cadena",
    "en": "Confirm this address to receive notices from Cadena",
}


@dataclass(frozen=True, slots=True)
class CaseNames:
    """What the directory knows of a case: its folio and the name of the authority that keeps it."""

    folio: str
    authority: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The names a notice needs: organisation → name, case → names, and the courts of the installation."""

    organisations: Mapping[str, str]
    cases: Mapping[str, CaseNames]
    courts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where the proposal stands: the log's origin and vkey, its index and the size of the head it is proven against."""

    origin: str
    vkey: str
    index: int
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's subject and text."""

    subject: str
    text: str


def notice(
    notice_id: str, proposal: str, recorded_at: datetime, fact: ProposalMade, capacity: Capacity, language: Language,
    directory: Directory, leaf: Leaf,
) -> Letter:  # fmt: skip
    """The letter that tells one party of one proposal; its subject tells no fact of the case."""
    text = TEXTS.get_template(f"notice.{language}.txt").render(
        items=[_item(item, language, directory) for item in fact.items],
        planned_on=words.day(fact.planned_on, language), recorded_on=words.day(recorded_at.date(), language),
        capacity=capacity, reason=words.REASONS[language][fact.reason], method=words.METHODS[language][fact.method],
        rule_id=fact.rule.id, rule_version=fact.rule.version, proposal=proposal, notice=notice_id,
        offices=_offices(fact, directory),
        origin=leaf.origin, vkey=leaf.vkey, index=leaf.index, size=leaf.size,
    )  # fmt: skip
    return Letter(_SUBJECTS[language].format(reference=notice_id[-8:]), text)


def verification(origin: str, link: str, expires_at: datetime, language: Language) -> Letter:
    """The letter with the link by which who reads at an address confirms it; it says nothing of any case."""
    text = TEXTS.get_template(f"verify.{language}.txt").render(
        origin=origin, link=link, expires_on=words.day(expires_at.date(), language)
    )
    return Letter(_VERIFY_SUBJECTS[language], text)


def as_demo(letter: Letter, language: Language) -> Letter:
    """The same letter, saying first of all that it is of a demonstration."""
    return Letter(f"DEMO. {letter.subject}", f"{_DEMO[language]}\n\n{letter.text}")


def _item(item: ProposedItem, language: Language, directory: Directory) -> dict[str, str]:
    case = _case(item.case, directory)
    holder = directory.organisations.get(item.held_by, item.held_by)
    return {
        "id": item.sample, "label": item.label, "kind": words.KINDS[language][item.kind], "folio": case.folio,
        "authority": one_line(case.authority), "holder": one_line(holder),
        "retention_until": words.day(item.retention_until, language),
    }  # fmt: skip


def _offices(fact: ProposalMade, directory: Directory) -> list[str]:
    authorities = [_case(item.case, directory).authority for item in fact.items]
    return [one_line(name) for name in dict.fromkeys([*authorities, *directory.courts])]


def _case(case: str, directory: Directory) -> CaseNames:
    # A notice with an identifier where a name is missing is better than a notice that was never sent.
    return directory.cases.get(case) or CaseNames(case, case)


def one_line(name: str) -> str:
    """A name without line breaks."""
    # A name may hold a line break; in a notice it could pose as a line of its own ("this notice is void").
    return " ".join(name.split())
