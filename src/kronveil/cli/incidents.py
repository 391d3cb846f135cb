"""`kronveil incidents [ID]`: what needs somebody, and one incident whole."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from kronveil.cli import incident_page
from kronveil.cli.client import AsJson, Url, fetch, path_to, print_json
from kronveil.cli.ending import WRONG_USAGE, end
from kronveil.cli.incident_acts import acknowledge, add_acts, resolve
from kronveil.cli.nouns import Noun
from kronveil.cli.tables import age, left_out, since, table

NEEDS_SOMEBODY = ("open", "acknowledged", "mitigated")
MOST = 500

incidents = typer.Typer(cls=Noun, subcommand_metavar="[ID | VERB ID...]")


@incidents.callback(invoke_without_command=True)
def list_them(  # noqa: PLR0913 - each is an option of the command line
    context: typer.Context,
    *,
    status: Annotated[
        list[str] | None, typer.Option(help="Only with this status; repeat for several. Default: what needs somebody.")
    ] = None,
    severity: Annotated[list[str] | None, typer.Option(help="Only of this severity; repeat for several.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only of this cluster.")] = None,
    words: Annotated[
        str | None, typer.Option("-q", "--words", help="Only with these words in title, id, kind, cluster or name.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Resolved and closed ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List incidents, show one, or say what you do about one.

    Examples: kronveil incidents --severity critical --cluster us-east-prod; kronveil incidents ID;
    kronveil incidents acknowledge ID
    """
    if context.invoked_subcommand is not None:
        return
    filters = {"status": status or ([] if everything else list(NEEDS_SOMEBODY)), "severity": severity or []}
    is_bare = not (status or severity or cluster or words or everything)
    narrowed = {name: value for name, value in (("cluster", cluster), ("q", words)) if value}
    answer = fetch(url, "incidents", filters | narrowed | {"limit": limit})
    if json:
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


@incidents.command()
def show(  # noqa: PLR0913 - each is an option of the command line
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="The incident.")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every line of its story and all its evidence.")] = False,
    is_acknowledged: Annotated[bool, typer.Option("--acknowledge", hidden=True)] = False,
    is_resolved: Annotated[bool, typer.Option("--resolve", hidden=True)] = False,
    reason: Annotated[str | None, typer.Option(hidden=True)] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Show one incident: what it is part of, what changed before it, its story and its evidence.

    `kronveil incidents ID` is short for it.

    Example: kronveil incidents show inc_4be04c8f8155 --all
    """
    if is_acknowledged and is_resolved:
        end(WRONG_USAGE, "Give --acknowledge or --resolve, not both.")
    if reason is not None and not is_resolved:
        end(WRONG_USAGE, "--reason goes with --resolve.")
    if is_acknowledged:
        acknowledge([incident_id], url=url, json=json)
    elif is_resolved:
        resolve([incident_id], reason=reason or "", url=url, json=json)
    else:
        _show(url, incident_id, as_json=json, is_whole=everything)


add_acts(incidents)


def _show(url: str | None, incident_id: str, *, as_json: bool, is_whole: bool) -> None:
    answer = fetch(url, path_to("incidents", incident_id))
    if as_json:
        print_json(answer.body)
        return
    wanted = {answer.body["parent_id"], *answer.body["children"]} - {None}
    page: list[dict[str, Any]] = fetch(url, "incidents", {"limit": MOST}).body["items"] if wanted else []
    incident_page.show(answer, {each["id"]: each for each in page if each["id"] in wanted}, is_whole=is_whole)


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


def _row(incident: Mapping[str, Any], now: Any, *, is_part: bool) -> tuple[object, ...]:
    status = f"{incident['status']} (silenced)" if incident["silenced"] else incident["status"]
    return (
        f"{'  ' if is_part else ''}{incident['id']}",
        incident["severity"],
        status,
        age(since(incident["opened_at"], now)),
        f"{incident['event_count']:,}",
        ", ".join(each["name"] for each in incident["clusters"]),
        incident["title"],
    )
