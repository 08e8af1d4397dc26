"""Logs: one JSON object a line on standard output, with the command's id where there is one. No personal data."""

import logging
import sys
from types import TracebackType
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

TOLD_OF_AN_ERROR = ("exc_type", "is_cause", "is_group", "exceptions", "frames")
_trace = ExceptionDictTransformer(show_locals=False)


def configure(process: str, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's loggers through one JSON renderer. `process` stands in each line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(where),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                lambda _logger, _method, event: {"process": process, **event},
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
    # shared.kafka raises every failure and its callers log it; the client would say it several times a second
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # httpx logs URLs, which may hold link tokens; alembic logs each look at a version, so each probe of readyz
    for name in ("alembic", "httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _last_line


def _last_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What ends a process is logged like any other error; the interpreter's own traceback would tell any text.

    The sentence of an error of ours is told, since it is written for the operator.
    """
    ours = kind.__module__.partition(".")[0] in ("shared", "services")
    sentence = {"sentence": str(error)} if ours else {}
    structlog.get_logger().critical("the process ends", exc_info=(kind, error, trace), **sentence)


def where(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    """Type and place of an exception and of what led to it, and no word of it.

    Its text may hold what a caller sent (a database names the row, Pydantic the input), and so may the variables.
    """
    return [_without_words(each) for each in _trace(exc_info)]


def _without_words(trace: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in trace.items() if name in TOLD_OF_AN_ERROR}
    return kept | {"exceptions": [[_without_words(one) for one in group] for group in trace.get("exceptions", [])]}


def bind(**values: str) -> None:
    """Let every further line of this task carry these members; `command` is the one to bind."""
    structlog.contextvars.bind_contextvars(**values)
