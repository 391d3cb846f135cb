"""`kronveil run`, `approve`, `reject`, `revoke`, `edit`, `answer` and `cancel`: what people decide about runs."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json, send
from kronveil.cli.ending import WRONG_USAGE, end
from kronveil.cli.run_words import show_run
from kronveil.cli.tables import clean

Execution = Annotated[str, typer.Argument(metavar="ID", help="An execution, as `kronveil executions` lists it.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the record.")]
Inputs = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An input of the runbook; may be repeated.")
]


def run(  # noqa: PLR0913 - each is an option of the command line
    runbook: Annotated[str, typer.Argument(metavar="RUNBOOK", help="Its id, as `kronveil runbooks` lists it.")],
    *,
    incident: Annotated[str, typer.Option(help="The incident that it is for.")],
    live: Annotated[bool, typer.Option("--live", help="Ask for approval and then act; else only rehearse.")] = False,
    set_: Inputs = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Plan a runbook for an incident. It is a rehearsal, which changes nothing, unless --live is given.

    Examples: kronveil run pod-oom --incident inc_4f1c; kronveil run pod-oom --incident inc_4f1c --live --set by=20%
    """
    body = {"incident_id": incident, "mode": "live" if live else "rehearse", "parameters": _inputs(set_)}
    answer = send(url, f"runbooks/{quote(runbook, safe='')}/executions", body)
    if json:
        print_json(answer.body)
    else:
        typer.echo(f"{clean(answer.body['id'])} is {answer.body['status']}: kronveil executions {answer.body['id']}")


def approve(  # noqa: PLR0913 - each is an option of the command line
    execution_id: Execution,
    *,
    reason: Reason,
    plan: Annotated[
        str | None, typer.Option(help="The plan's hash that you looked at, or its first characters.", metavar="HASH")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Show a plan and sign it. What is signed is this very plan: a target that changed since refuses.

    Example: kronveil approve exe_4f1c --reason "the limit is too tight"
    """
    path = f"executions/{quote(execution_id, safe='')}"
    found = fetch(url, path)
    made = found.body["plan"]
    if made is None:
        end(WRONG_USAGE, f"{clean(execution_id)} is {found.body['status']}; it has no plan to approve.")
    if plan is not None and (len(plan) < 8 or not made["hash"].startswith(plan)):
        end(WRONG_USAGE, f"The plan is {made['hash'][:16]} now, not {clean(plan)}: look again, at least 8 characters.")
    if not json:
        show_run(found.body, found.at)
    if not yes:
        typer.confirm(f"\nApprove plan {made['hash'][:16]}, and no other?", abort=True)
    answer = send(url, f"{path}/approve", {"plan_hash": made["hash"], "reason": reason})
    _told(answer.body, as_json=json)


def reject(execution_id: Execution, *, reason: Reason, url: Url = None, json: AsJson = False) -> None:
    """Say no to a plan."""
    answer = send(url, f"executions/{quote(execution_id, safe='')}/reject", {"reason": reason})
    _told(answer.body, as_json=json)


def revoke(execution_id: Execution, *, reason: Reason, url: Url = None, json: AsJson = False) -> None:
    """Take your signature back, while the run has not begun."""
    answer = send(url, f"executions/{quote(execution_id, safe='')}/revoke", {"reason": reason})
    _told(answer.body, as_json=json)


def edit(
    execution_id: Execution, *, reason: Reason, set_: Inputs = None, url: Url = None, json: AsJson = False
) -> None:
    """Have a run that waits for approval planned anew with other inputs. What was signed is void.

    Example: kronveil edit exe_4f1c --set by=20% --reason "half is too much"
    """
    body = {"parameters": _inputs(set_), "reason": reason}
    _told(send(url, f"executions/{quote(execution_id, safe='')}/edit", body).body, as_json=json)


def answer(
    execution_id: Execution,
    said: Annotated[str, typer.Argument(metavar="continue|stop", help="Whether it goes on.")],
    *,
    reason: Reason,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Answer what a run asks: it goes on, or stops before its next step."""
    if said not in {"continue", "stop"}:
        end(WRONG_USAGE, f"The answer is continue or stop, not {clean(said)}.")
    path = f"executions/{quote(execution_id, safe='')}"
    asked = fetch(url, path).body["question"]
    if asked is None:
        end(WRONG_USAGE, f"{clean(execution_id)} asks nothing now.")
    if not json:
        typer.echo(clean(asked["text"]))
    sent = send(url, f"{path}/answer", {"step": asked["step"], "answer": said, "reason": reason})
    _told(sent.body, as_json=json)


def cancel(
    execution_id: Execution,
    *,
    after_step: Annotated[bool, typer.Option("--after-step", help="Let the step it is at come to its end.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Stop a run, now or after the step it is at. What is then done and what is not is told."""
    path = f"executions/{quote(execution_id, safe='')}"
    answer = send(url, f"{path}/stop", {"after_step": True}) if after_step else send(url, f"{path}/cancel", {})
    _told(answer.body, as_json=json)


def _told(body: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        typer.echo(f"{clean(body['id'])} is {body['status']}: kronveil executions {body['id']}")


def _inputs(given: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            end(WRONG_USAGE, f"--set takes NAME=VALUE, not {clean(each)}.")
        found[name] = value
    return found
