"""`kronveil events [-f]`: what happened, and with -f what happens, through lost connections and restarts."""

from typing import Annotated, Any

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json
from kronveil.cli.ending import INTERRUPTED
from kronveil.cli.tables import left_out, subject, table
from kronveil.cli.times import time_of

HEADINGS = ("AT", "SEVERITY", "CLUSTER", "KIND", "OF", "MESSAGE")


def events(  # noqa: PLR0913 - each is an option of the command line
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what happens from now.")] = False,
    cluster: Annotated[str | None, typer.Option(help="Only of this cluster.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as pod.oom_killed.")] = None,
    severity: Annotated[str | None, typer.Option(help="critical, high, medium, low or info.")] = None,
    since: Annotated[str | None, typer.Option(help="15m, 2h, 1d, or a time like 2026-11-25T02:00:00Z.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most, the newest ones.")] = 50,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List events, oldest first, or follow them. With --json and -f each event is one line.

    Examples: kronveil events --since 15m --severity critical; kronveil events -f --cluster us-east-prod
    """
    filters = {"cluster": cluster, "kind": kind, "severity": severity}
    narrowed = {name: value for name, value in filters.items() if value is not None}
    asked: dict[str, Any] = narrowed | {"limit": limit}
    if since is not None:
        asked["since"] = time_of("--since", since)
    if follow:
        _follow(url, narrowed, asked, as_json=json)
        return
    body = fetch(url, "events", asked).body
    if json:
        print_json(body)
        return
    items = body["items"][::-1]
    if items:
        table(HEADINGS, [row(each) for each in items])
        typer.echo()
    told = f"{len(items)} events" if len(items) != 1 else "1 event"
    more = "; there are older ones, see --limit" if body["next_cursor"] is not None else ""
    unseen = f" Not watched now: {left_out(body['missing'])}." if body["missing"] else ""
    typer.echo(f"{told if items else 'No events match'}{more}.{unseen}")


def row(event: dict[str, Any]) -> tuple[object, ...]:
    """An event as a line."""
    what = event["kind"] if event["merged_into"] is None else f"{event['kind']} (again)"
    return (
        event["at"],
        event["severity"],
        event["cluster_name"],
        what,
        subject(event["resource"]),
        event["message"],
    )


def _follow(url: str | None, narrowed: dict[str, str], asked: dict[str, Any], *, as_json: bool) -> None:
    import anyio  # noqa: PLC0415 - keeps `kronveil --help` quick

    from kronveil.cli.following import Following  # noqa: PLC0415

    following = Following(url, narrowed, asked, as_json=as_json)
    try:
        anyio.run(following.run)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
