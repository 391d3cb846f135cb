"""Runs the agent for a command: logging, and errors as a person should read them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, NoReturn, cast

import typer

from kronveil.sdk.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from kronveil.config import Config

EXIT_FAILED = 1
EXIT_USAGE = 2


def run_or_explain(start: Callable[[], Awaitable[None]], config: "Config") -> None:
    """Run until it ends; what the operator can mend is said in words and ends with 2, what failed with 1."""
    import anyio  # noqa: PLC0415 - only commands that run something need it

    from kronveil import logs  # noqa: PLC0415

    logs.set_up(config.agent.log_level, config.agent.log_format)
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
