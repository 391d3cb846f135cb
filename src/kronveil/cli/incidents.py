"""`kronveil incidents [ID]`: what needs somebody, one incident whole, and what a person may do to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kronveil.cli.client import WRONG_USAGE, Answer, AsJson, Url, end, fetch, print_json, send
from kronveil.cli.tables import age, clean, left_out, since, subject, table

NEEDS_SOMEBODY = ("open", "acknowledged", "mitigated")


def incidents(  # noqa: PLR0913 - each is an option of the command line
    incident_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One incident, whole.")] = None,
    *,
    status: Annotated[
        list[str] | None, typer.Option(help="Only with this status; repeat for several. Default: what needs somebody.")
    ] = None,
    severity: Annotated[list[str] | None, typer.Option(help="Only of this severity; repeat for several.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only of this cluster.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Resolved and closed ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    acknowledge: Annotated[bool, typer.Option("--acknowledge", help="Say that you look after it.")] = False,
    resolve: Annotated[bool, typer.Option("--resolve", help="Say that it is over; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why it is over.")] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List incidents, show one, or say what you do about one.

    Examples: kronveil incidents --severity critical --cluster us-east-prod; kronveil incidents ID --acknowledge;
    kronveil incidents ID --resolve --reason "rolled back by hand"
    """
    if incident_id is None:
        if acknowledge or resolve or reason is not None:
            end(WRONG_USAGE, "Which incident? Write: kronveil incidents ID --acknowledge")
        filters = {"status": status or ([] if everything else list(NEEDS_SOMEBODY)), "severity": severity or []}
        _show_list(url, filters | ({"cluster": cluster} if cluster else {}) | {"limit": limit}, as_json=json)
        return
    path = f"incidents/{quote(incident_id, safe='')}"
    if not (acknowledge or resolve):
        if reason is not None:
            end(WRONG_USAGE, "--reason goes with --resolve.")
        _show_one(fetch(url, path), as_json=json)
        return
    if acknowledge and resolve:
        end(WRONG_USAGE, "Give --acknowledge or --resolve, not both.")
    if resolve and not (reason or "").strip():
        end(WRONG_USAGE, 'Say why it is over: --resolve --reason "rolled back by hand"')
    verb, body = ("resolve", {"reason": reason}) if resolve else ("acknowledge", {})
    answer = send(url, f"{path}/{verb}", body)
    if json:
        print_json(answer.body)
    else:
        typer.echo(f"{clean(answer.body['id'])} is {answer.body['status']}: {clean(answer.body['title'])}")


def _show_list(url: str | None, params: Mapping[str, Any], *, as_json: bool) -> None:
    answer = fetch(url, "incidents", params)
    if as_json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    if items:
        rows = [_row(each, answer.at) for each in items]
        table(("ID", "SEVERITY", "STATUS", "AGE", "EVENTS", "CLUSTER", "TITLE"), rows, right=("AGE", "EVENTS"))
        typer.echo()
    told = f"{len(items)} incidents" if len(items) != 1 else "1 incident"
    if not items:
        told = "No incidents match"
    more = "; there are more, see --limit" if answer.body["next_cursor"] is not None else ""
    unseen = f" Not watched now: {left_out(answer.body['missing'])}." if answer.body["missing"] else ""
    typer.echo(f"{told}{more}.{unseen}")


def _row(incident: Mapping[str, Any], now: datetime) -> tuple[object, ...]:
    return (
        incident["id"],
        incident["severity"],
        incident["status"],
        age(since(incident["opened_at"], now)),
        f"{incident['event_count']:,}",
        ", ".join(each["name"] for each in incident["clusters"]),
        incident["title"],
    )


def _show_one(answer: Answer, *, as_json: bool) -> None:
    incident = answer.body
    if as_json:
        print_json(incident)
        return
    ended = f", resolved {incident['resolved_at']}" if incident["resolved_at"] else ""
    by = f" by {clean(incident['acknowledged_by'])}" if incident["acknowledged_by"] else ""
    typer.echo(clean(incident["title"]))
    typer.echo(f"{incident['severity']}, {incident['status']}{by}, {clean(incident['kind'])}")
    typer.echo(
        f"{clean(subject(incident['resource']))}, {', '.join(clean(each['name']) for each in incident['clusters'])}"
    )
    typer.echo(f"opened {incident['opened_at']} ({age(since(incident['opened_at'], answer.at))} ago){ended}\n")
    table(("AT", "WHAT", "WHO", "MESSAGE"), [_moment(each) for each in incident["timeline"]])
    typer.echo()
    rows = [
        (each["at"], each["severity"], each["kind"], subject(each["resource"]), each["message"])
        for each in incident["evidence"]
    ]
    table(("EVIDENCE", "SEVERITY", "KIND", "OF", "MESSAGE"), rows)
    shown, known = len(rows), incident["event_count"]
    typer.echo(f"\n{shown} of {known:,} events shown." if known > shown else f"\nAll {known} events shown.")


def _moment(moment: Mapping[str, Any]) -> tuple[object, ...]:
    return moment["at"], moment["what"], moment["actor"], moment["message"]
