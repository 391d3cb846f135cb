"""What a person says or does about incidents: `kronveil incidents acknowledge ID`, and the other verbs."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from kronveil.cli.client import AsJson, Url, path_to, print_json, send
from kronveil.cli.ending import UNREACHABLE, WRONG_USAGE, end
from kronveil.cli.tables import clean

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="One incident or several.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The incident.")]
Version = Annotated[
    int | None,
    typer.Option("--if-version", min=1, help="Only while it is at this version, which `kronveil incidents ID` shows."),
]
Incident = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """A verb with its body, and the words for what it has come to."""

    verb: str
    body: Mapping[str, Any]
    told: Callable[[Incident], str] = lambda incident: f"is {incident['status']}"


def acknowledge(ids: Ids, *, if_version: Version = None, url: Url = None, json: AsJson = False) -> None:
    """Say that you have seen it and look after it. It stays open until its recovery is observed.

    Example: kronveil incidents acknowledge inc_4be04c8f8155
    """
    _carry_out(Act("acknowledge", {}), ids, if_version, url, as_json=json)


def resolve(
    ids: Ids,
    *,
    reason: Annotated[str, typer.Option(help="Why it is over; stands in its story.")],
    if_version: Version = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Say that it is over, though the agent has not observed that.

    Example: kronveil incidents resolve inc_4be04c8f8155 --reason "rolled back by hand"
    """
    if not reason.strip():
        end(WRONG_USAGE, 'Say why it is over: --reason "rolled back by hand"')
    _carry_out(Act("resolve", {"reason": reason}), ids, if_version, url, as_json=json)


def reopen(
    ids: Ids,
    *,
    reason: Annotated[str, typer.Option(help="Why it is not over; stands in its story.")],
    if_version: Version = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Say that it is not over. It stays open until a person resolves it, or it comes and goes again.

    Example: kronveil incidents reopen inc_4be04c8f8155 --reason "customers still see it"
    """
    if not reason.strip():
        end(WRONG_USAGE, 'Say why it is not over: --reason "customers still see it"')
    _carry_out(Act("reopen", {"reason": reason}), ids, if_version, url, as_json=json)


def assign(  # noqa: PLR0913 - each is an option of the command line
    ids: Ids,
    *,
    to: Annotated[str | None, typer.Option(help="The person whose it is to work on.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody's any more.")] = False,
    if_version: Version = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Give it to somebody to work on, or to nobody.

    Examples: kronveil incidents assign inc_4be04c8f8155 --to ada; kronveil incidents assign inc_4be04c8f8155 --nobody
    """
    if nobody == bool((to or "").strip()):
        end(WRONG_USAGE, "Say whose it is: --to PERSON, or --nobody.")
    act = Act("assign", {"to": to}, lambda incident: f"is assigned to {clean(incident['owner'] or 'nobody')}")
    _carry_out(act, ids, if_version, url, as_json=json)


def note(
    incident_id: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Your words; - reads them from standard input.")],
    *,
    if_version: Version = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Add words to its story.

    Example: kronveil incidents note inc_4be04c8f8155 "seen before, on the 3rd"
    """
    words = sys.stdin.read() if text == "-" else text
    if not words.strip():
        end(WRONG_USAGE, "There are no words to add.")
    act = Act("note", {"text": words}, lambda _: "has your note")
    _carry_out(act, [incident_id], if_version, url, as_json=json)


def pin(
    incident_id: Id,
    event_id: Annotated[str, typer.Argument(metavar="EVENT", help="The id of a stored event.")],
    *,
    if_version: Version = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Take an event for evidence of it, for good.

    Example: kronveil incidents pin inc_4be04c8f8155 evt_0f3a
    """
    act = Act("pin", {"event_id": event_id}, lambda _: f"keeps {clean(event_id)} as evidence")
    _carry_out(act, [incident_id], if_version, url, as_json=json)


def merge(
    incident_id: Id,
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="Those to put under it.")],
    *,
    if_version: Version = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Put others under this one. They keep their ids, titles and stories, and close on their own.

    Example: kronveil incidents merge inc_4be04c8f8155 inc_9927a98b2ec2 inc_675b7af47265
    """
    act = Act("merge", {"ids": others}, lambda incident: f"has {_counted(len(incident['children']), 'part')}")
    _carry_out(act, [incident_id], if_version, url, as_json=json)


def split(ids: Ids, *, if_version: Version = None, url: Url = None, json: AsJson = False) -> None:
    """Take it out from under the incident that it was put under.

    Example: kronveil incidents split inc_9927a98b2ec2
    """
    _carry_out(Act("split", {}, lambda _: "is on its own"), ids, if_version, url, as_json=json)


def undo(ids: Ids, *, if_version: Version = None, url: Url = None, json: AsJson = False) -> None:
    """Take back your own last act on it, within 10 seconds.

    Example: kronveil incidents undo inc_4be04c8f8155
    """
    act = Act("undo", {}, lambda incident: f"is as before your last act, {incident['status']}")
    _carry_out(act, ids, if_version, url, as_json=json)


def add_acts(noun: typer.Typer) -> None:
    """Every verb, in the order a person comes to need them."""
    for verb in (acknowledge, assign, note, resolve, reopen, merge, split, pin, undo):
        noun.command()(verb)


def _carry_out(act: Act, ids: Sequence[str], if_version: int | None, url: str | None, *, as_json: bool) -> None:
    """On each incident in turn; one that refuses keeps nobody from the rest, and its code is the command's."""
    if if_version is not None and len(ids) > 1:
        end(WRONG_USAGE, "--if-version is about one incident; give one ID.")
    code = 0
    for incident_id in ids:
        try:
            body = send(
                url, path_to("incidents", incident_id, act.verb), act.body, if_version=if_version, about=incident_id
            ).body
        except typer.Exit as refusal:
            if refusal.exit_code == UNREACHABLE:
                raise
            code = code or refusal.exit_code
            continue
        if as_json:
            print_json(body)
        else:
            typer.echo(f"{clean(body['id'])} {act.told(body)}: {clean(body['title'])}")
    if code:
        raise typer.Exit(code)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
