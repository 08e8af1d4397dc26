"""The OpenAPI documents of the three APIs: `python -m deploy.openapi` writes them, `--check` says which would change.

They are committed, so that a change of an API shows in review as a change of its document.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI

FOLDER = Path(__file__).parents[1] / "docs" / "openapi"
SERVICES = ("custody", "audit", "notify")


def document(service: str) -> str:
    """The document of a service as its code says it now; each app module has `routes`, which needs no settings."""
    routes: Callable[[], FastAPI] = import_module(f"services.{service}.app").routes
    return json.dumps(routes().openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def path(service: str) -> Path:
    """Where a service's document is kept."""
    return FOLDER / f"{service}.json"


def drifted() -> list[str]:
    """The services whose document is not what the code says."""
    return [one for one in SERVICES if not path(one).is_file() or path(one).read_text("utf-8") != document(one)]


def main() -> int:
    """Write the documents, or with `--check` exit 1 if one is out of date."""
    stale = drifted()
    if "--check" in sys.argv[1:]:
        if stale:
            print(f"out of date: {', '.join(stale)}; run `make openapi` and look at the difference")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for service in stale:
        path(service).write_text(document(service), "utf-8")
        print(f"written: docs/openapi/{service}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
