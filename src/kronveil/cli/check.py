"""`kronveil check [FILE]`: validate a configuration, say everything that is wrong with it at once."""

import json as json_text
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

WRONG_CONFIGURATION = 2


def check(
    file: Annotated[Path | None, typer.Argument(help="The file to check. Default: ./kronveil.yaml")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the problems or the settings as JSON.")] = False,
) -> None:
    """Validate a configuration, and the runbooks and policies it names; nothing is started.

    Exit code 0: valid. 2: not, with every problem as FILE:LINE:COLUMN KEY: what is wrong, what would be right.

    Example: kronveil check kronveil.yaml
    """
    from kronveil.config import ConfigProblems, find_file, load  # noqa: PLC0415 - keeps `kronveil --help` quick
    from kronveil.config.cautions import cautions  # noqa: PLC0415
    from kronveil.config.policy_section import calendar_of  # noqa: PLC0415
    from kronveil.config.runbook_actions import known_actions  # noqa: PLC0415
    from kronveil.config.runbook_files import load_runbooks  # noqa: PLC0415
    from kronveil.config.summary import as_json, in_words  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    try:
        config = load(find_file(file), os.environ)
        load_runbooks(config.runbooks.directory, known_actions())
        calendar_of(config.policy)
        if config.policy.directory is not None:
            _check_rules(config.policy.directory)
    except ConfigError as error:
        problems = error.problems if isinstance(error, ConfigProblems) else ()
        if json:
            _print_json({"valid": False, "error": str(error), "problems": [asdict(problem) for problem in problems]})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    if json:
        _print_json(as_json(config))
        return
    typer.echo(in_words(config))
    for problem in cautions(config):
        typer.echo(f"warning: {problem}", err=True)


def _check_rules(directory: Path) -> None:
    """Raise ConfigError for rules that are none."""
    import anyio  # noqa: PLC0415 - only who has rules needs them

    from kronveil.policies.rego import open_rego  # noqa: PLC0415
    from kronveil.policies.texts import chosen  # noqa: PLC0415

    async def read() -> None:
        async with open_rego(chosen(directory)):
            pass

    anyio.run(read)


def _print_json(content: dict[str, object]) -> None:
    typer.echo(json_text.dumps(content, indent=2, ensure_ascii=False))
