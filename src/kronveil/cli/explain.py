"""`kronveil explain EVENT`: what became of an event, stage by stage, and why."""

from typing import Annotated

import typer

from kronveil.cli.client import AsJson, Url, fetch, path_to, print_json
from kronveil.cli.tables import clean, subject, table


def explain(
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="The id of an event, as everywhere it is shown.")],
    *,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Tell what became of an event: each stage it passed, what that did, and why.

    Example: kronveil explain ev-3f2a9c
    """
    body = fetch(url, path_to("events", event_id, "explain")).body
    if json:
        print_json(body)
        return
    event = body["event"]
    if event is not None:
        typer.echo(f"{clean(event['kind'])} of {clean(subject(event['resource']))}, {clean(event['cluster_name'])}")
        typer.echo(f"{event['at']}  {clean(event['message'])}\n")
    table(("STAGE", "RESULT", "WHY"), [(each["name"], each["result"], each["reason"]) for each in body["stages"]])
    if not body["remembered"]:
        typer.echo("\nIt is older than the agent remembers; this is what the store says.")
