"""`kronveil runbooks` and `executions`: what could be done, and what was."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json, send
from kronveil.cli.ending import WRONG_USAGE, end
from kronveil.cli.run_words import show_run
from kronveil.cli.tables import UNKNOWN, age, clean, since, subject, table

_MARKS = {"effective": "+", "ineffective": "-", "harmful": "!", "unknown": "?"}


def runbooks(
    *,
    stop: Annotated[str | None, typer.Option(metavar="REASON", help="Stop all runs, and say why.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Let runs be proposed and act again.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List runbooks, and whether they have helped. Success means effective: the symptom went and stayed away.

    The kill switch: kronveil runbooks --stop "it makes things worse"; kronveil runbooks --resume
    """
    if stop is not None and resume:
        end(WRONG_USAGE, "Either --stop or --resume.")
    if stop is not None:
        send(url, "runbooks/stop", {"reason": stop})
    if resume:
        send(url, "runbooks/resume", {})
    answer = fetch(url, "runbooks")
    if json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    rows = [_runbook_row(each, answer.at) for each in items]
    table(("ID", "NAME", "LEVEL", "FOR", "STEPS", "SUCCESS", "LAST 3", "LAST RUN", "WAITING"), rows, right=("STEPS",))
    live = "Live runs are on." if answer.body["live"] else "Live runs are off (runbooks.live): all is only rehearsed."
    typer.echo(f"\n{len(items)} runbooks. {live}")
    if (stopped := answer.body["stopped"]) is not None:
        when, why = f"{age(since(stopped['at'], answer.at))} ago", clean(stopped["reason"]) or "no reason given"
        typer.echo(f"ALL RUNS ARE STOPPED by {clean(stopped['by'])}, {when}: {why}. Go on: kronveil runbooks --resume")


def executions(  # noqa: PLR0913 - each is an option of the command line
    execution_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One execution, whole.")] = None,
    *,
    incident: Annotated[str | None, typer.Option(help="Only for this incident.")] = None,
    runbook: Annotated[str | None, typer.Option(help="Only of this runbook.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List runs of runbooks, newest first, or show one: its plan, who approved it, its steps, its verdict."""
    if execution_id is not None:
        answer = fetch(url, f"executions/{quote(execution_id, safe='')}")
        if json:
            print_json(answer.body)
        else:
            show_run(answer.body, answer.at)
        return
    given = {"incident_id": incident, "runbook_id": runbook}
    answer = fetch(url, "executions", {k: v for k, v in given.items() if v is not None} | {"limit": limit})
    if json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    if items:
        rows = [_execution_row(each, answer.at) for each in items]
        table(("ID", "AGE", "RUNBOOK", "TARGET", "BY", "STATUS", "VERDICT"), rows, right=("AGE",))
        typer.echo()
    more = "; there are older ones, see --limit" if answer.body["next_cursor"] is not None else ""
    told = f"{len(items)} executions" if len(items) != 1 else "1 execution"
    typer.echo(f"{told if items else 'No runs yet'}{more}.")


def _runbook_row(each: Mapping[str, Any], now: datetime) -> tuple[object, ...]:
    rate = each["success_rate"]
    return (
        each["id"],
        each["name"],
        each["level"],
        ", ".join(each["incident_types"]),
        each["step_count"],
        "no runs yet" if rate is None else f"{rate:.0%} ({each['effective']} of {each['verdicts']})",
        " ".join(_MARKS.get(one["verdict"], ".") for one in each["recent"]) or "-",
        "never" if each["last_run"] is None else f"{age(since(each['last_run'], now))} ago",
        len(each["waiting"]) or "-",
    )


def _execution_row(each: Mapping[str, Any], now: datetime) -> tuple[object, ...]:
    by = "automatic" if each["automatic"] else each["requested_by"]
    return (
        each["id"],
        age(since(each["requested_at"], now)),
        each["runbook_name"],
        ", ".join(dict.fromkeys(_targets(each))) or UNKNOWN,
        by,
        each["status"],
        each["verdict"] or "-",
    )


def _targets(each: Mapping[str, Any]) -> Iterator[str]:
    steps: Sequence[Mapping[str, Any]] = each["plan"]["steps"] if each["plan"] else ()
    for step in steps:
        if step["target"] is not None:
            yield f"{step['target']['cluster']}: {subject(step['target']['resource'])}"
