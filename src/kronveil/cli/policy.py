"""`kronveil policy`: try the rules that decide what may be done, without an agent."""

from pathlib import Path
from typing import Annotated

import typer

from kronveil.cli.client import AsJson, Url, path_to, print_json, send
from kronveil.cli.ending import FAILED, WRONG_USAGE, end

_LEVELS = ("observe", "suggest", "approve", "automatic")
policy = typer.Typer(help="The rules that decide what may be done.", no_args_is_help=True)


@policy.command("test")
def try_them(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Rules of your own. Default: the bundled ones.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Try rules by their cases (*.yaml beside them) and by their rules named test_*; exit 1 when one fails.

    Example: kronveil policy test; kronveil policy test ./policies
    """
    import anyio  # noqa: PLC0415 - keeps `kronveil --help` quick

    from kronveil.policies.testing import tried  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError, PluginError  # noqa: PLC0415

    try:
        found = anyio.run(tried, directory)
    except ConfigError as error:
        end(WRONG_USAGE, str(error))
    except PluginError as error:
        end(FAILED, str(error))
    bad = [each for each in found if each.problem]
    if json:
        print_json({"items": [{"where": each.where, "name": each.name, "problem": each.problem} for each in found]})
    else:
        for each in bad:
            typer.echo(f"{each.where}: {each.name}: {each.problem}")
        typer.echo(f"{len(found) - len(bad)} of {len(found)} hold." if found else "There is nothing to try.")
    if bad:
        raise typer.Exit(FAILED)


@policy.command()
def trust(
    runbook: Annotated[str, typer.Argument(metavar="RUNBOOK", help="Its id, as `kronveil runbooks` lists it.")],
    level: Annotated[str, typer.Argument(help=f"One of {', '.join(_LEVELS)}.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the audit.")],
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Trust a runbook less, or one level more where its record is good enough. Needs the role admin.

    Example: kronveil policy trust pod-oom automatic --reason "it helped eight times in a row"
    """
    if level not in _LEVELS:
        end(WRONG_USAGE, f"{level} is no level: there are {', '.join(_LEVELS)}.")
    answer = send(url, path_to("runbooks", runbook, "level"), {"level": level, "reason": reason})
    if json:
        print_json(answer.body)
    else:
        typer.echo(f"{answer.body['id']} is at level {answer.body['level']}: {answer.body['standing']['why']}")
