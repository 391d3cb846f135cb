"""`kronveil incidents [ID]`: what needs somebody, one incident whole, and what a person may do to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kronveil.cli import incident_page
from kronveil.cli.client import WRONG_USAGE, AsJson, Url, end, fetch, print_json, send
from kronveil.cli.tables import age, clean, left_out, since, table

NEEDS_SOMEBODY = ("open", "acknowledged", "mitigated")
MOST = 500


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
        is_bare = not (status or severity or cluster or everything)
        asked = filters | ({"cluster": cluster} if cluster else {}) | {"limit": limit}
        _show_list(url, asked, as_json=json, is_bare=is_bare)
        return
    path = f"incidents/{quote(incident_id, safe='')}"
    if not (acknowledge or resolve):
        if reason is not None:
            end(WRONG_USAGE, "--reason goes with --resolve.")
        _show_one(url, path, as_json=json)
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


def _show_one(url: str | None, path: str, *, as_json: bool) -> None:
    answer = fetch(url, path)
    if as_json:
        print_json(answer.body)
        return
    wanted = {answer.body["parent_id"], *answer.body["children"]} - {None}
    page: list[dict[str, Any]] = fetch(url, "incidents", {"limit": MOST}).body["items"] if wanted else []
    incident_page.show(answer, {each["id"]: each for each in page if each["id"] in wanted})


def _show_list(url: str | None, params: Mapping[str, Any], *, as_json: bool, is_bare: bool) -> None:
    answer = fetch(url, "incidents", params)
    if as_json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    if items:
        rows = [_row(each, answer.at, is_part=is_part) for each, is_part in _as_tree(items)]
        table(("ID", "SEVERITY", "STATUS", "AGE", "EVENTS", "CLUSTER", "TITLE"), rows, right=("AGE", "EVENTS"))
        typer.echo()
    told = _counted(items)
    if not items:
        told = _all_is_over(url) if is_bare else "No incidents match"
    more = "; there are more, see --limit" if answer.body["next_cursor"] is not None else ""
    unseen = f" Not watched now: {left_out(answer.body['missing'])}." if answer.body["missing"] else ""
    typer.echo(f"{told}{more}.{unseen}")


def _as_tree(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Each with whether it is a part of the one above it; parts come right after what they are part of."""
    listed = {each["id"] for each in items}
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for each in items:
        if each["parent_id"] in listed:
            parts.setdefault(each["parent_id"], []).append(each)
    for each in items:
        if each["parent_id"] not in listed:
            yield each, False
            yield from ((part, True) for part in parts.get(each["id"], ()))


def _counted(items: Sequence[Mapping[str, Any]]) -> str:
    """A wider incident is one, however many parts of it are listed."""
    tops = [each for each, is_part in _as_tree(items) if not is_part]
    wide = [len(each["clusters"]) for each in tops if len(each["clusters"]) > 1]
    told = f"{len(tops)} incidents" if len(tops) != 1 else "1 incident"
    if not wide:
        return told
    where = f"in {wide[0]} clusters" if len(wide) == 1 else "in several clusters each"
    if len(tops) == 1:
        return f"{told}, {where}"
    return f"{told}, {'one' if len(wide) == 1 else len(wide)} of them {where}"


def _all_is_over(url: str | None) -> str:
    """What to say when nothing needs anybody: how many there were."""
    body = fetch(url, "incidents", {"status": ["resolved", "closed"], "limit": MOST}).body
    number = sum(not is_part for _, is_part in _as_tree(body["items"]))
    if not number:
        return "Nothing needs you"
    over = f"{'more than ' if body['next_cursor'] is not None else ''}{number} {'is' if number == 1 else 'are'} over"
    return f"Nothing needs you; {over}: kronveil incidents --all"


def _row(incident: Mapping[str, Any], now: datetime, *, is_part: bool) -> tuple[object, ...]:
    return (
        f"{'  ' if is_part else ''}{incident['id']}",
        incident["severity"],
        incident["status"],
        age(since(incident["opened_at"], now)),
        f"{incident['event_count']:,}",
        ", ".join(each["name"] for each in incident["clusters"]),
        incident["title"],
    )
