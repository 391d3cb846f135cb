"""How the agent's log looks and what is written to it; set at the start, and again when the configuration changes."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def set_up(level: str, style: str) -> None:
    """Log lines on standard error: coloured for a terminal, JSON for everything else, unless told otherwise."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    before_last: structlog.typing.Processor = structlog.processors.format_exc_info if as_json else _as_is
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            before_last,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def _as_is(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return event
