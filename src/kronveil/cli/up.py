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

DEFAULT_FILE = Path("kronveil.yaml")


def up(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; without it, ./kronveil.yaml.")
    ] = None,
) -> None:
    """Run the agent until it is interrupted.

    Example: kronveil up -c kronveil.yaml
    """
    if config is None and not DEFAULT_FILE.exists():
        refuse(
            "There is no configuration: no -c FILE was given and there is no ./kronveil.yaml.\n"
            "  kronveil init   writes one from the contexts of your kubeconfig\n"
            "  kronveil demo   shows everything on a simulated fleet, without any configuration"
        )
    loaded = load_or_explain(config or DEFAULT_FILE)
    from kronveil.app import run  # noqa: PLC0415 - a wrong configuration should be told at once

    run_or_explain(partial(run, loaded, announce=_announce), loaded)


def load_or_explain(file: Path) -> "Config":
    """The configuration, or all its problems on standard error and exit code 2."""
    from kronveil.config import load  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    try:
        return load(file, os.environ)
    except ConfigError as problems:
        refuse(str(problems))


def _announce(listeners: "Sequence[Listener]") -> None:
    for listener in listeners:
        what = "API and console" if listener.name == "api" else "console"
        typer.echo(f"{what}: {listener.url}")
