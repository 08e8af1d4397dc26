"""The JSON Schemas of every fact's `data`: `python -m deploy.schemas` writes them, `--check` says which would change.

They are committed in `shared/schemas/`, one file a type, so that a changed fact shows in review; an event names its
schema in `dataschema`. A file of a type that the code no longer has is left over: types are retired, never removed.
"""

import json
import sys
from pathlib import Path
from typing import Any

from shared.facts import FACTS, schema_name

FOLDER = Path(__file__).parents[1] / "shared" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document(type_name: str) -> str:
    """The schema of a type of event, as its model says it now."""
    schema = {"$schema": DIALECT, "$id": schema_name(type_name), **without_null(FACTS[type_name].model_json_schema())}
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def without_null(schema: Any) -> Any:
    """The schema of what is written: an absent member is left out of an event, never null."""
    if isinstance(schema, list):
        return [without_null(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: without_null(one) for name, one in schema.items() if (name, one) != ("default", None)}
    ways = [one for one in kept.pop("anyOf", []) if one != {"type": "null"}]
    return kept | (ways[0] if len(ways) == 1 else {"anyOf": ways} if ways else {})


def path(type_name: str) -> Path:
    """Where a type's schema is kept."""
    return FOLDER / f"{type_name.removeprefix('org.cadena.')}.json"


def drifted() -> list[str]:
    """The files that are missing, differ from the code, or belong to no type."""
    stale = [one for one in FACTS if not path(one).is_file() or path(one).read_text("utf-8") != document(one)]
    lost = set(FOLDER.glob("*.json")) - {path(one) for one in FACTS}
    return sorted([path(one).name for one in stale] + [one.name for one in lost])


def main() -> int:
    """Write the schemas, or with `--check` exit 1 if one is out of date."""
    stale = drifted()
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"out of date: {', '.join(stale)}; run `make docs` and look at the difference")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for type_name in FACTS:
        if path(type_name).name in stale:
            path(type_name).write_text(document(type_name), "utf-8")
            print(f"written: shared/schemas/{path(type_name).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
