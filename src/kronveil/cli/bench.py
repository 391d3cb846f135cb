"""`kronveil bench [STAGE...]`: what the agent costs, as ratios to a bare loop measured in the same minutes."""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    stages: Annotated[
        list[str] | None,
        typer.Argument(help="Which of the stages in docs/reference/bench.md, by name. Default: all of them."),
    ] = None,
    *,
    json: Annotated[Path | None, typer.Option("--json", help="Also write every record to this file.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small numbers, under a minute, for CI.")] = False,
    scale: Annotated[int, typer.Option("--scale", min=1, help="How many times as long a history, for query.")] = 1,
) -> None:
    """Measure what the agent costs. Ratios count, not rates: those differ on every machine.

    Exit code 0: all counts balance and every floor holds. 1: not. A measurement taken under load says that it is not
    valid and fails nothing.

    Example: kronveil bench decode path --json bench.json
    """
    from kronveil import logs  # noqa: PLC0415
    from kronveil.bench import run  # noqa: PLC0415 - keeps `kronveil --help` quick

    logs.set_up("error", "auto")
    raise typer.Exit(run(stages or [], json, quick=quick, scale=scale))
