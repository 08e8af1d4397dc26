"""A review → the text of the mail to who subscribed to the case, in that party's language. PURE."""

from collections.abc import Mapping

from services.notify import words
from services.notify.render import TEXTS, CaseNames, Directory, Leaf, Letter, one_line
from shared.facts.notices import Language
from shared.facts.retention import ReviewOpened

_SUBJECTS: Mapping[Language, str] = {
    "es": "Aviso de Cadena: termina un plazo de conservación (ref. {reference})",
    "en": "Notice from Cadena: a retention period ends (ref. {reference})",
}


def review(
    notice_id: str, review_id: str, fact: ReviewOpened, language: Language, directory: Directory, leaf: Leaf
) -> Letter:
    """The letter that tells a subscriber of one review; its subject tells no fact of the case."""
    case = directory.cases.get(fact.case) or CaseNames(fact.case, fact.case)
    items = [
        {
            "id": item.sample, "label": item.label, "until": words.day(item.until, language), "rule": item.rule,
            "version": item.version, "holder": one_line(directory.organisations.get(item.held_by, item.held_by)),
        }
        for item in sorted(fact.items, key=lambda item: (item.until, item.label))
    ]  # fmt: skip
    text = TEXTS.get_template(f"review.{language}.txt").render(
        items=items, over=fact.lead_months == 0, lead=fact.lead_months, folio=case.folio,
        authority=one_line(case.authority), first=words.day(min(item.until for item in fact.items), language),
        offices=[one_line(name) for name in dict.fromkeys([case.authority, *directory.courts])],
        review=review_id, notice=notice_id, origin=leaf.origin, vkey=leaf.vkey, index=leaf.index, size=leaf.size,
    )  # fmt: skip
    return Letter(_SUBJECTS[language].format(reference=notice_id[-8:]), text)
