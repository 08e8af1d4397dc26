"""Tables of the documents that the code alone may state: `python -m deploy.tables` writes them, `--check` compares.

A table stands in its page between `<!-- <name>: generated -->` and `<!-- <name>: end -->`; the rest is people's text.
"""

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy import law
from deploy.kafka.rights import DESCRIBE_CONFIGS, READ, RIGHTS, SOURCES, WRITE, topic_of
from services.custody.authorise import TABLE, Relation
from services.custody.rules.account import ROLE_KINDS

ROOT = Path(__file__).parents[1]


def verbs() -> str:
    """Custody's one table, by verb: which role may, connected how."""
    rows = ["| verb | who may, by which relation |", "|---|---|"]
    for verb in sorted({verb for _, verb in TABLE}):
        allowed = [
            f"{role} ({', '.join(sorted(relation.name.lower() for relation in held))})"
            for (role, named), held in TABLE.items()
            if named == verb
        ]
        rows.append(f"| `{verb}` | {'; '.join(allowed)} |")
    return "\n".join(rows)


def relations() -> str:
    """What each relation means."""
    rows = [f"| {relation.name.lower()} | {relation.value} |" for relation in Relation]
    return "\n".join(["| relation | meaning |", "|---|---|", *rows])


def kinds() -> str:
    """In which kinds of organisation a role is exercised."""
    rows = [f"| {role} | {', '.join(sorted(kinds))} |" for role, kinds in ROLE_KINDS.items()]
    return "\n".join(["| role | in an organisation of kind |", "|---|---|", *rows])


def broker() -> str:
    """What each process may do with each topic."""
    said = {READ: "read", WRITE: "write", DESCRIBE_CONFIGS: "see its configuration"}
    names = " | ".join(f"`{topic_of(source, '')}`" for source in SOURCES)
    rows = [f"| user | {names} |", "|---|" + "---|" * len(SOURCES)]
    for user, topics in RIGHTS.items():
        rights = [topics.get(source, frozenset()) for source in SOURCES]
        cells = [", ".join(words for right, words in said.items() if right in held) for held in rights]
        rows.append(f"| `{user}` | {' | '.join(cells)} |")
    return "\n".join(rows)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "verbs": ("docs/custody.md", verbs),
    "kinds": ("docs/custody.md", kinds),
    "relations": ("docs/custody.md", relations),
    "broker": ("docs/operations.md", broker),
    "packs": ("docs/law/packs.md", partial(law.overview, "en")),
    "rules": ("docs/law/packs.md", partial(law.rules, "en")),
    "codes": ("docs/law/packs.md", partial(law.codes, "en")),
    "calendars": ("docs/law/packs.md", partial(law.days, "en")),
    "paquetes": ("docs/law/paquetes.md", partial(law.overview, "es")),
    "reglas": ("docs/law/paquetes.md", partial(law.rules, "es")),
    "códigos": ("docs/law/paquetes.md", partial(law.codes, "es")),
    "calendarios": ("docs/law/paquetes.md", partial(law.days, "es")),
}
"""Name of a table → its page and what it says."""


def renewed(name: str, page: str) -> str:
    """The page with the table as the code says it now; ValueError for a page without its place."""
    around = re.compile(rf"(<!-- {name}: generated -->\n)(.*?)(<!-- {name}: end -->)", re.DOTALL)
    if len(around.findall(page)) != 1:
        raise ValueError(f"the page has not one place for the table {name}")
    return around.sub(lambda found: f"{found[1]}\n{TABLES[name][1]()}\n\n{found[3]}", page)


def drifted() -> list[str]:
    """The tables that are not what the code says."""
    return [name for name, (page, _) in TABLES.items() if renewed(name, text := (ROOT / page).read_text()) != text]


def main() -> int:
    """Write the tables, or with `--check` exit 1 if one is out of date."""
    stale = drifted()
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"out of date: {', '.join(stale)}; run `make docs` and look at the difference")
        return 1 if stale else 0
    for name in stale:
        page = ROOT / TABLES[name][0]
        page.write_text(renewed(name, page.read_text()))
        print(f"written: the table {name} in {TABLES[name][0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
