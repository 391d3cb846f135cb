"""`kronveil silences`: what needs nobody for a while. What is silenced is marked and counted, never hidden."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from kronveil.cli.client import AsJson, Url, fetch, path_to, print_json, remove, send
from kronveil.cli.ending import WRONG_USAGE, end
from kronveil.cli.nouns import Noun
from kronveil.cli.tables import age, clean, since, table
from kronveil.cli.times import seconds_of, time_ahead

silences = typer.Typer(cls=Noun, subcommand_metavar="[VERB ...]")
MATCHERS: tuple[str, ...] = ("cluster", "namespace", "owner", "kind")

Cluster = Annotated[str, typer.Option(help="Of this cluster. Any pattern may end in *.")]
Namespace = Annotated[str, typer.Option(help="In this namespace.")]
Owner = Annotated[str, typer.Option(help="Of this top controller, such as a deployment: its name.")]
Kind = Annotated[str, typer.Option(help="Of this kind, such as pod.oom_killed.")]
Ended = Annotated[bool, typer.Option("--ended", help="Those that have ended, too.")]


@silences.callback(invoke_without_command=True)
def list_those_now(context: typer.Context, *, ended: Ended = False, url: Url = None, json: AsJson = False) -> None:
    """List silences, newest first; try, add and end one. What is silenced is marked and counted, never hidden.

    Example: kronveil silences --ended
    """
    if context.invoked_subcommand is None:
        list_them(ended=ended, url=url, json=json)


@silences.command("list")
def list_them(*, ended: Ended = False, url: Url = None, json: AsJson = False) -> None:
    """List silences, newest first, as `kronveil silences` does.

    Example: kronveil silences list --json
    """
    answer = fetch(url, "silences", {"ended": ended})
    if json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    if not items:
        typer.echo("Nothing is silenced." if not ended else "Nothing was silenced.")
        return
    rows = [
        (each["id"], each["state"], _left(each, answer.at), _matched(each), each["created_by"], each["reason"])
        for each in items
    ]
    table(("ID", "STATE", "TIME", "WHAT", "BY", "WHY"), rows)


@silences.command()
def add(  # noqa: PLR0913 - each is an option of the command line
    *,
    reason: Annotated[str, typer.Option(help="Why; everybody who looks at the silence sees it.")],
    cluster: Cluster = "",
    namespace: Namespace = "",
    owner: Owner = "",
    kind: Kind = "",
    lasts: Annotated[str | None, typer.Option("--for", help="How long: 90m, 2h, 1d.")] = None,
    until: Annotated[str | None, typer.Option(help="Or until when: 2026-11-25T04:00:00Z.")] = None,
    starts: Annotated[
        str | None, typer.Option(help="From when: 2026-11-25T02:00:00Z, or 30m from now. Default: now.")
    ] = None,
    maintenance: Annotated[bool, typer.Option("--maintenance", help="Planned work, not noise.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Silence what matches all that is given, for a while.

    Examples: kronveil silences add --cluster us-east-prod --for 2h --reason "node pool upgrade" --maintenance;
    kronveil silences add --namespace "test-*" --kind pod.crash_looping --for 1d --reason "load test"
    """
    patterns = _patterns(cluster, namespace, owner, kind)
    if not reason.strip():
        end(WRONG_USAGE, 'Say why: --reason "node pool upgrade"')
    begins = None if starts is None else time_ahead("--starts", starts)
    body = patterns | {"reason": reason, "maintenance": maintenance, "starts_at": begins}
    silence = send(url, "silences", body | {"ends_at": _end_of(begins, lasts, until)}).body
    if json:
        print_json(silence)
        return
    typer.echo(f"{silence['id']} is {silence['state']} until {silence['ends_at']}: {clean(_matched(silence))}")
    if silence["state"] == "active":
        _show_hushed(send(url, "silences/preview", patterns).body["items"], "It silences", "now")
    typer.echo(f"End it: kronveil silences end {silence['id']}")


@silences.command()
def preview(  # noqa: PLR0913 - each is an option of the command line
    *,
    cluster: Cluster = "",
    namespace: Namespace = "",
    owner: Owner = "",
    kind: Kind = "",
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Say which incidents, open or lately resolved, such a silence would match. Changes nothing.

    Example: kronveil silences preview --cluster us-east-prod
    """
    answer = send(url, "silences/preview", _patterns(cluster, namespace, owner, kind))
    if json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    if items:
        rows = [
            (each["id"], each["severity"], each["status"], each["clusters"][0]["name"], each["title"]) for each in items
        ]
        table(("ID", "SEVERITY", "STATUS", "CLUSTER", "TITLE"), rows)
        typer.echo()
    _show_hushed(items, "It would silence", "as of now")


@silences.command("end")
def end_them(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `kronveil silences` shows them.")],
    *,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """End silences now. They stay in the list of those that have ended.

    Example: kronveil silences end sil_4be04c8f8155
    """
    for silence_id in ids:
        remove(url, path_to("silences", silence_id))
        if not json:
            typer.echo(f"{clean(silence_id)} has ended.")
    if json:
        held = fetch(url, "silences", {"ended": True}).body
        print_json(held | {"items": [each for each in held["items"] if each["id"] in ids]})


def _patterns(cluster: str, namespace: str, owner: str, kind: str) -> dict[str, str]:
    patterns = dict(zip(MATCHERS, (cluster, namespace, owner, kind), strict=True))
    if not any(patterns.values()):
        end(WRONG_USAGE, "Say what: --cluster, --namespace, --owner or --kind; several narrow it down.")
    return patterns


def _end_of(begins: str | None, lasts: str | None, until: str | None) -> str:
    if (lasts is None) == (until is None):
        end(WRONG_USAGE, "Say how long: --for 2h, or --until 2026-11-25T04:00:00Z.")
    if until is not None:
        return time_ahead("--until", until)
    seconds = seconds_of("--for", lasts or "")
    start = datetime.now(UTC) if begins is None else datetime.fromisoformat(begins)
    try:
        return (start + timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        end(WRONG_USAGE, f"--for {lasts} is longer than time goes.")


def _left(silence: Mapping[str, Any], now: datetime) -> str:
    if silence["state"] == "pending":
        return f"in {_until(silence['starts_at'], now)}"
    if silence["state"] == "active":
        return f"{_until(silence['ends_at'], now)} left"
    return f"over since {age(since(silence['ends_at'], now))}"


def _until(stamp: str, now: datetime) -> str:
    return age(-(since(stamp, now) or 0.0))


def _matched(silence: Mapping[str, Any]) -> str:
    patterns = ", ".join(f"{name} {silence[name]}" for name in MATCHERS if silence[name])
    return f"{patterns} (maintenance)" if silence["maintenance"] else patterns


def _show_hushed(items: list[Mapping[str, Any]], what: str, when: str) -> None:
    number = sum(each["status"] not in ("resolved", "closed") for each in items)
    told = {0: "no incident", 1: "1 incident"}.get(number, f"{number} incidents")
    typer.echo(f"{what} {told} {when}.")
