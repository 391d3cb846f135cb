"""`kronveil notify`: who is told, and whether that works."""

from typing import Annotated

import typer

from kronveil.cli.client import AsJson, Url, fetch, path_to, print_json, send
from kronveil.cli.ending import FAILED, end
from kronveil.cli.tables import clean, table

notify = typer.Typer(no_args_is_help=True, help="Who is told, and whether that works.")


@notify.command("list")
def list_them(*, url: Url = None, json: AsJson = False) -> None:
    """List the ways to tell people that are configured.

    Example: kronveil notify list
    """
    answer = fetch(url, "notifiers").body
    if json:
        print_json(answer)
    elif not answer["items"]:
        typer.echo("Nobody is told: no notifier is configured (notifiers: {webhook: {url: ...}}).")
    else:
        table(("NAME", "WHAT"), [(each["name"], each["summary"]) for each in answer["items"]])


@notify.command("test")
def try_them(
    name: Annotated[str | None, typer.Argument(help="Only this one. Default: all that are configured.")] = None,
    *,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Send a test notice; exit 1 when somebody was not reached.

    Example: kronveil notify test webhook
    """
    names = [name] if name else [each["name"] for each in fetch(url, "notifiers").body["items"]]
    if not names:
        end(FAILED, "Nobody is told: no notifier is configured (notifiers: {webhook: {url: ...}}).")
    results = [send(url, path_to("notifiers", each, "test"), {}).body for each in names]
    if json:
        print_json({"items": results})
    else:
        for each in results:
            typer.echo(f"{each['name']}: {'told ' if each['told'] else 'NOT told: '}{clean(each['message'])}")
    if not all(each["told"] for each in results):
        raise typer.Exit(FAILED)
