"""The committed JSON Schemas and generated tables: what the code says, and a change of either is noticed."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy import schemas, tables
from shared.facts import FACTS, schema_name


def test_the_committed_schemas_and_tables_are_what_the_code_says() -> None:
    assert schemas.drifted() == [], "run `make docs`, and look at the difference"
    assert tables.drifted() == [], "run `make docs`, and look at the difference"


@pytest.mark.parametrize("type_name", FACTS)
def test_a_schema_has_the_name_that_events_give_and_is_closed(type_name: str) -> None:
    schema: dict[str, Any] = json.loads(schemas.path(type_name).read_text("utf-8"))
    assert schema["$id"] == schema_name(type_name)
    for part in (schema, *schema.get("$defs", {}).values()):
        if part["type"] == "object":
            assert part["additionalProperties"] is False
    assert "null" not in {part.get("type") for part in parts(schema)}


def test_a_changed_missing_or_foreign_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "FOLDER", tmp_path / "schemas")
    assert len(schemas.drifted()) == len(FACTS)
    assert schemas.main() == 0
    assert schemas.drifted() == []
    changed, gone = sorted(schemas.FOLDER.glob("*.json"))[:2]
    changed.write_text(changed.read_text().replace("object", "array", 1))
    gone.unlink()
    (schemas.FOLDER / "custody.sample.eaten.v1.json").write_text("{}")
    assert schemas.drifted() == sorted([changed.name, gone.name, "custody.sample.eaten.v1.json"])


def test_a_table_is_replaced_between_its_marks_and_nowhere_else() -> None:
    page = "before\n<!-- kinds: generated -->\nold\n<!-- kinds: end -->\nafter\n"
    renewed = tables.renewed("kinds", page)
    assert renewed == f"before\n<!-- kinds: generated -->\n\n{tables.kinds()}\n\n<!-- kinds: end -->\nafter\n"
    assert tables.renewed("kinds", renewed) == renewed
    with pytest.raises(ValueError, match="not one place"):
        tables.renewed("kinds", "a page without the table")


def parts(schema: Any) -> list[dict[str, Any]]:
    """Every object of a schema."""
    if isinstance(schema, list):
        return [part for one in schema for part in parts(one)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(part for one in schema.values() for part in parts(one))]
