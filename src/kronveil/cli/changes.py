"""`kronveil changes`: what was changed, by whom, and which incidents suspect it."""

from typing import Annotated, Any

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json
from kronveil.cli.tables import UNKNOWN, left_out, subject, table
from kronveil.cli.times import seconds_of, time_of


def changes(  # noqa: PLR0913 - each is an option of the command line
    *,
    around: Annotated[str | None, typer.Option(help="Near this time: 15m, 2h (ago), or 2026-11-25T02:00:00Z.")] = None,
    window: Annotated[str | None, typer.Option(help="How near, to both sides: 90s, 10m. Default: 1h.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only in this cluster.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind: image, config, resources, replicas, ...")] = None,
    target: Annotated[str | None, typer.Option(help="Only of this object: NAME or NAMESPACE/NAME.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most, the newest ones.")] = 50,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List what was changed, oldest first.

    Examples: kronveil changes --around 2026-11-25T01:49:00Z --window 10m; kronveil changes --target shop/payments
    """
    given = {"cluster": cluster, "kind": kind, "target": target}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None} | {"limit": limit}
    if around is not None:
        asked["around"] = time_of("--around", around)
    if window is not None:
        asked["window_s"] = seconds_of("--window", window)
    body = fetch(url, "changes", asked).body
    if json:
        print_json(body)
        return
    items = body["items"][::-1]
    if items:
        table(("AT", "CLUSTER", "KIND", "OF", "WHO", "WHAT", "SUSPECTED BY"), [_row(each) for each in items])
        typer.echo()
    told = f"{len(items)} changes" if len(items) != 1 else "1 change"
    more = "; there are older ones, see --limit" if body["next_cursor"] is not None else ""
    unseen = f" Not watched now: {left_out(body['missing'])}." if body["missing"] else ""
    unread = f" Not read: {', '.join(each['source'] for each in body['sources_missing'])}."
    typer.echo(f"{told if items else 'No changes match'}{more}.{unseen}{unread if body['sources_missing'] else ''}")


def _row(change: dict[str, Any]) -> tuple[object, ...]:
    return (
        change["at"],
        change["cluster_name"],
        change["kind"],
        subject(change["target"]),
        change["actor"] or UNKNOWN,
        change["summary"],
        ", ".join(change["incidents"]),
    )
