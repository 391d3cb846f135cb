"""`kronveil check [FILE]`: validate a configuration, say everything that is wrong with it at once."""

import json as json_text
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kronveil.config import Config, ConfigProblems, Problem, find_file, load
from kronveil.config.cautions import cautions
from kronveil.config.durations import format_duration
from kronveil.config.settings import effective
from kronveil.sdk.errors import ConfigError

WRONG_CONFIGURATION = 2


def check(
    file: Annotated[Path | None, typer.Argument(help="The file to check. Default: ./kronveil.yaml")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print problems or effective settings as JSON.")] = False,  # noqa: FBT002 - Typer's form of a flag
) -> None:
    """Validate a configuration; nothing is started.

    Exit code 0: valid; 2: not, with every problem as FILE:LINE:COLUMN KEY: what is wrong, what would be right.
    """
    try:
        config = load(find_file(file), os.environ)
    except ConfigProblems as error:
        if json:
            _print_json({"valid": False, "problems": [asdict(problem) for problem in error.problems]})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    warned = cautions(config)
    if json:
        _print_json(as_json(config, warned))
        return
    typer.echo(summary(config))
    for problem in warned:
        typer.echo(f"warning: {problem}", err=True)


def summary(config: Config) -> str:
    """Say what an agent with this configuration would do, in a few lines."""
    lines = [f"{config.file or 'The environment'} is valid.", *_watched(config), _listening(config)]
    lines += [f"  {name}: not in this version yet" for name in config.not_built]
    return "\n".join(lines)


def as_json(config: Config, warned: list[Problem]) -> dict[str, object]:
    """Give the same for programs; secrets are masked."""
    return {
        "valid": True,
        "file": str(config.file) if config.file else None,
        "problems": [],
        "warnings": [asdict(problem) for problem in warned],
        "not_in_this_version": list(config.not_built),
        "settings": [asdict(setting) for setting in effective(config)],
    }


def _watched(config: Config) -> list[str]:
    kubernetes = config.collectors.kubernetes
    if kubernetes is None or not kubernetes.clusters:
        return ["  kubernetes: no cluster is named, nothing will be watched. kronveil init names those you can reach."]
    count = len(kubernetes.clusters)
    lines = [f"  kubernetes: {count} cluster{'s' if count > 1 else ''}"]
    for cluster in kubernetes.clusters:
        spaces = ", ".join(cluster.namespaces) or "all namespaces"
        probe = format_duration(kubernetes.times_of(cluster).poll_interval)
        lines.append(
            f"    {cluster.name}: {spaces}, probed every {probe}, {'may write' if cluster.write else 'read only'}"
        )
    return lines


def _listening(config: Config) -> str:
    listen = config.listen
    ports = {"API": listen.api, "console": listen.dashboard, "health": listen.health}
    told = [f"{name} on {port or 'a free port'}" for name, port in ports.items() if port is not None]
    return f"  listens on {listen.host}: {', '.join(told) or 'nothing'}"


def _print_json(content: dict[str, object]) -> None:
    typer.echo(json_text.dumps(content, indent=2, ensure_ascii=False))
