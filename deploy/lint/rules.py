"""The house rules, each a walk over one file's syntax tree.

- A transaction is begun and ended only where it is owned: an answer must never leave before its commit.
- The clock and the environment are read only at their edges: rules and recording take time and settings as arguments.
- aiokafka and FastAPI are imported only where the architecture says.
- A file stays under 400 lines.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

MAX_LINES = 400
OWN_TRANSACTIONS = (
    "shared/restoration.py",
    "services/custody/record.py", "services/custody/loops/", "services/custody/rebuild.py",
    "services/audit/append.py", "services/audit/cut.py", "services/audit/sign.py", "services/audit/fence.py",
    "services/audit/store.py",
    "services/notify/record.py", "services/notify/loops/",
    "shared/relay.py", "shared/relay_store.py", "shared/database.py", "shared/sealed_log.py",
    "shared/reader_position.py",
)  # fmt: skip
READ_THE_CLOCK = ("shared/telemetry.py",)
READ_THE_ENVIRONMENT = ("shared/settings.py",)
FASTAPI_EDGES = (
    "app.py",
    "/api/",
    "/pages/",
    "shared/auth.py",
    "shared/problems.py",
    "shared/health.py",
    "shared/edge.py",
    "shared/direct.py",
    "shared/paging.py",
    "shared/operations.py",
    "shared/traffic.py",
)


def breaches(path: Path, source: str) -> Iterator[str]:
    """Every breach in one file, as `file:line: sentence`."""
    lines = source.count("\n")
    if lines > MAX_LINES:
        yield f"{path}:1: {lines} lines; a file ends at {MAX_LINES}"
    if not path.parts or path.parts[0] not in ("services", "shared"):
        return
    for node in ast.walk(ast.parse(source, str(path))):
        for sentence in _judge(node, path.as_posix()):
            yield f"{path}:{getattr(node, 'lineno', 1)}: {sentence}"


def _judge(node: ast.AST, path: str) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from _judge_call(node.func, path)
    elif isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and _named(node.value, "os"):
        if path not in READ_THE_ENVIRONMENT:
            yield "the environment is read in shared/settings.py only"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from _judge_import(node, path)


def _judge_call(called: ast.Attribute, path: str) -> Iterator[str]:
    if called.attr in ("commit", "begin", "transaction") and not path.startswith(OWN_TRANSACTIONS):
        yield f".{called.attr}() outside the modules that own a transaction"
    if (
        called.attr in ("now", "utcnow", "today")
        and _named(called.value, "datetime", "date")
        and path not in READ_THE_CLOCK
    ):
        yield "time is an argument, or the database's clock"


def _judge_import(node: ast.Import | ast.ImportFrom, path: str) -> Iterator[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    tops = {name.split(".")[0] for name in names}
    if "aiokafka" in tops and not path.startswith("shared/kafka/"):
        yield "aiokafka is imported in shared/kafka/ only"
    if "confluent_kafka" in tops:
        yield "confluent_kafka administers brokers: deploy/ and tests only"
    if "ensure_topics" in {alias.name for alias in node.names} and path.startswith("services/"):
        yield "topics are made by set-up, not by a process"
    if tops & {"fastapi", "starlette"} and not any(edge in path for edge in FASTAPI_EDGES):
        yield "FastAPI stays at the edge: app, api, pages, and its parts in shared"


def _named(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names
