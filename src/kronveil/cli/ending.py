"""How a command ends: a code, and words on standard error that say why."""

from typing import NoReturn

import typer

FAILED, WRONG_USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130


def end(code: int, message: str) -> NoReturn:
    """Say why on standard error and end with this code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
