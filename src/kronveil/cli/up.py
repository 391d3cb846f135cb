"""``kronveil up``: run the agent."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.running import refuse, run_or_explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kronveil.api.serve import Listener
    from kronveil.config import Config


WHAT_LISTENS = {"api": "API and console", "dashboard": "console", "prometheus": "metrics", "health": "health"}


def up(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; without it, ./kronveil.yaml.")
    ] = None,
) -> None:
    """Run the agent until it is interrupted.

    Example: kronveil up -c kronveil.yaml
    """
    loaded = load_or_explain(config)
    from kronveil.app import run  # noqa: PLC0415 - a wrong configuration should be told at once

    run_or_explain(partial(run, loaded, announce=_announce), loaded)


def load_or_explain(file: Path | None) -> "Config":
    """The configuration, or all its problems on standard error and exit code 2."""
    from kronveil.config import find_file, load  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    try:
        return load(find_file(file), os.environ)
    except ConfigError as problems:
        refuse(str(problems))


def _announce(listeners: "Sequence[Listener]") -> None:
    for listener in listeners:
        typer.echo(f"{WHAT_LISTENS[listener.name]}: {listener.url}")
