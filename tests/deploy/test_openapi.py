"""The committed OpenAPI documents: what the code says, whole enough to build a client from."""

import json
from typing import Any

import pytest

from deploy import openapi

METHODS = {"get", "post", "put", "patch", "delete"}

KEYS_WITHIN = {"/v1/samples:batch", "/v1/samples:validate"}
"""Calls that carry commands, each with a key of its own (docs/adr/0011)."""


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


@pytest.fixture(scope="module", params=openapi.SERVICES)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(openapi.path(request.param).read_text("utf-8"))
    return parsed


@pytest.mark.parametrize("service", openapi.SERVICES)
def test_the_committed_document_is_what_the_code_says(service: str) -> None:
    assert openapi.path(service).read_text("utf-8") == openapi.document(service), "run `make openapi`, and look at it"


def test_every_operation_has_a_name_of_its_own_and_a_summary(document: dict[str, Any]) -> None:
    found = operations(document)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names)
    assert not [path for path, _, operation in found if not operation.get("summary")]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(member) for member in value.values()))
        return set().union(*(references(member) for member in value)) if isinstance(value, list) else set()

    schemas = document.get("components", {}).get("schemas", {})
    lost = [one for one in references(document) if one.removeprefix("#/components/schemas/") not in schemas]
    assert not lost


def test_every_recording_operation_says_what_it_demands_and_how_it_says_no(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method != "post" or not operation.get("security"):
            continue
        headers = {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (path not in KEYS_WITHIN), path
        assert {"400", "401", "404", "413", "415", "422", "503"} <= operation["responses"].keys(), path
        assert ("If-Match" in headers) == ("428" in operation["responses"]), path
        body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert "example" in document["components"]["schemas"][body], f"{body} has no example"


def test_problems_are_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (method, path, status)
