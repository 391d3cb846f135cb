"""Runs the agent for a command: logging, and errors as a person should read them."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, cast

import typer

from kronveil.sdk.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from kronveil.config import Config

EXIT_FAILED = 1
EXIT_USAGE = 2


def set_up_logging(level: str, style: str) -> None:
    """Log lines on standard error: coloured for a terminal, JSON for everything else, unless told otherwise."""
    import logging  # noqa: PLC0415 - only commands that run something log

    import structlog  # noqa: PLC0415

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


def _as_is(_logger: object, _name: str, event: "MutableMapping[str, Any]") -> "MutableMapping[str, Any]":
    return event


def run_or_explain(start: Callable[[], Awaitable[None]], config: "Config") -> None:
    """Run until it ends; what the operator can mend is said in words and ends with 2, what failed with 1."""
    import anyio  # noqa: PLC0415

    set_up_logging(config.agent.log_level, config.agent.log_format)
    code = 0
    try:
        anyio.run(partial(_awaited, start))
    except* ConfigError as errors:
        code = _explain(errors, EXIT_USAGE)
    except* PluginError as errors:
        code = _explain(errors, EXIT_FAILED)
    if code:
        raise typer.Exit(code)


async def _awaited(start: Callable[[], Awaitable[None]]) -> None:
    await start()


def _explain(errors: BaseExceptionGroup[BaseException], code: int) -> int:
    for error in _leaves(errors):
        typer.echo(str(error), err=True)
    return code


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return [leaf for each in group.exceptions for leaf in _leaves(each)]
    return [error]


def refuse(message: str) -> NoReturn:
    """End with 2 and say why."""
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_USAGE)
