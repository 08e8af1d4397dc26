"""The words of a notice in each language: codes of the facts as a lawyer would read them. PURE."""

from collections.abc import Mapping
from datetime import date

from shared.facts.notices import Language
from shared.facts.proposals import Method, Reason
from shared.facts.samples import SampleKind

KINDS: Mapping[Language, Mapping[SampleKind, str]] = {
    "es": {
        "blood": "sangre", "saliva": "saliva", "semen": "semen", "hair": "cabello o vello", "bone": "hueso",
        "tooth": "diente", "tissue": "tejido", "nail": "uña", "swab": "hisopo", "extract": "extracto",
        "textile": "textil", "mixed": "muestra mixta", "other": "otro tipo de muestra",
    },
    "en": {
        "blood": "blood", "saliva": "saliva", "semen": "semen", "hair": "hair", "bone": "bone", "tooth": "tooth",
        "tissue": "tissue", "nail": "nail", "swab": "swab", "extract": "extract", "textile": "textile",
        "mixed": "mixed sample", "other": "another kind of sample",
    },
}  # fmt: skip

REASONS: Mapping[Language, Mapping[Reason, str]] = {
    "es": {
        "retention_over": "el plazo de conservación termina antes de esa fecha",
        "consumed_remainder": "remanente de una muestra consumida en el análisis",
        "contaminated": "la muestra está contaminada",
        "duplicate": "registro o muestra duplicada",
        "court_direction": "indicación de un tribunal",
        "other": "otro motivo, que la autoridad debe explicar a quien lo pida",
    },
    "en": {
        "retention_over": "the retention period ends before that day",
        "consumed_remainder": "remainder of a sample used up in analysis",
        "contaminated": "the sample is contaminated",
        "duplicate": "duplicate record or sample",
        "court_direction": "direction of a court",
        "other": "another reason, which the authority must explain to whoever asks",
    },
}

METHODS: Mapping[Language, Mapping[Method, str]] = {
    "es": {
        "incineration": "incineración", "autoclave": "autoclave", "chemical": "tratamiento químico",
        "shredding": "trituración", "other": "otro método",
    },
    "en": {
        "incineration": "incineration", "autoclave": "autoclave", "chemical": "chemical treatment",
        "shredding": "shredding", "other": "another method",
    },
}  # fmt: skip

_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day(value: date, language: Language) -> str:
    """A date in words, since 03/04 is two different days to two readers."""
    if language == "es":
        return f"{value.day} de {_MONTHS[value.month - 1]} de {value.year}"
    return f"{value.day} {_MONTHS_EN[value.month - 1]} {value.year}"
