"""The pages of the packs: each rule in words, its formula, its source, and whether it is verified."""

from collections.abc import Iterator

from services.custody.policy.rules import Entry, Language, NoticeRule, Pack
from services.custody.policy.saying import WORDS, force, formula, heading, standing
from services.custody.policy.shipped import calendars, packs

RETENTION: dict[Language, str] = {"es": "conservación", "en": "retention"}
NOTICE: dict[Language, str] = {"es": "aviso", "en": "notice"}
OVERVIEW: dict[Language, str] = {
    "es": "| paquete | de dónde | reglas | verificadas |",
    "en": "| pack | of where | rules | verified |",
}
CALENDARS: dict[Language, str] = {
    "es": "| calendario | zona | fuente | abarca |",
    "en": "| calendar | zone | source | covers |",
}
ALWAYS: dict[Language, str] = {"es": "siempre", "en": "always"}
CODES: dict[Language, str] = {
    "es": "| circunstancia | códigos que piden las reglas |",
    "en": "| circumstance | codes that rules ask for |",
}


def overview(language: Language) -> str:
    """All packs, and how many of their rules are verified."""
    rows = [OVERVIEW[language], "|---|---|---|---|"]
    for pack in packs().values():
        entries = [*_entries(pack)]
        verified = sum(entry.verified for entry in entries)
        rows.append(f"| [`{pack.id}`](#{pack.id}) | {pack.title[language]} | {len(entries)} | {verified} |")
    return "\n".join(rows)


def rules(language: Language) -> str:
    """Every rule of every pack."""
    return "\n\n".join(part for pack in packs().values() for part in _pack(pack, language))


def codes(language: Language) -> str:
    """The values of circumstances that the packs ask for: what a case or an item must be stated to be."""
    asked: dict[str, set[str]] = {}
    for pack in packs().values():
        whens = [case.when for rule in pack.retention for case in rule.cases]
        whens += [when for rule in pack.notice for when in rule.forbidden]
        for when in whens:
            for name, values in when.items():
                asked.setdefault(name, set()).update(values)
    listed = {name: ", ".join(f"`{code}`" for code in sorted(values)) for name, values in sorted(asked.items())}
    rows = [f"| {name} | {values} |" for name, values in listed.items()]
    return "\n".join([CODES[language], "|---|---|", *rows])


def days(language: Language) -> str:
    """The calendars that are shipped."""
    rows = [CALENDARS[language], "|---|---|---|---|"]
    for one in calendars().values():
        covers = f"{one.covers_from} – {one.covers_to}" if one.covers_from else ALWAYS[language]
        rows.append(f"| `{one.id}` {one.version} | {one.zone} | {one.source} | {covers} |")
    return "\n".join(rows)


def _pack(pack: Pack, language: Language) -> Iterator[str]:
    yield f'### <a id="{pack.id}"></a>{heading(pack, language)}'
    for entry in _entries(pack):
        yield _entry(entry, language)


def _entries(pack: Pack) -> Iterator[Entry]:
    yield from pack.retention
    yield from pack.notice


def _entry(entry: Entry, language: Language) -> str:
    words = WORDS[language]
    kind = NOTICE if isinstance(entry, NoticeRule) else RETENTION
    lines = [
        f"**{entry.id}**, {words['version']} {entry.version} ({kind[language]}). {entry.says[language]}",
        *(f"- {words['formula']}: `{line}`" for line in formula(entry)),
        f"- {words['source']}: {entry.source.text}. {words['mark']} {entry.source.mark}, {standing(entry, language)}.",
        f"- {words['force']}: {force(entry, language)}.",
        *([f"- {words['shortens']}: {entry.shortens}."] if entry.shortens else []),
        *([f"- {words['reviewed']}: {entry.source.reviewed_by}."] if entry.source.reviewed_by else []),
    ]
    return "\n".join([lines[0], "", *lines[1:]])
