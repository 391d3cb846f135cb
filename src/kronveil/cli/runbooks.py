"""`kronveil runbooks`, `executions`, `run`, `approve`, `reject` and `cancel`: what could be done, and what was."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json, send
from kronveil.cli.ending import WRONG_USAGE, end
from kronveil.cli.tables import UNKNOWN, age, clean, since, subject, table

_MARKS = {"effective": "+", "ineffective": "-", "harmful": "!", "unknown": "?"}
Execution = Annotated[str, typer.Argument(metavar="ID", help="An execution, as `kronveil executions` lists it.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the record.")]


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
    table(("ID", "NAME", "MODE", "FOR", "STEPS", "SUCCESS", "LAST 3", "LAST RUN", "WAITING"), rows, right=("STEPS",))
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
            _show(answer.body, answer.at)
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


def run(
    runbook: Annotated[str, typer.Argument(metavar="RUNBOOK", help="Its id, as `kronveil runbooks` lists it.")],
    *,
    incident: Annotated[str, typer.Option(help="The incident that it is for.")],
    live: Annotated[bool, typer.Option("--live", help="Ask for approval and then act; else only rehearse.")] = False,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Plan a runbook for an incident. It is a rehearsal, which changes nothing, unless --live is given.

    Examples: kronveil run pod-oom --incident inc_4f1c; kronveil run roll-back-release --incident inc_4f1c --live
    """
    body = {"incident_id": incident, "mode": "live" if live else "rehearse"}
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
        _show(found.body, found.at)
    if not yes:
        typer.confirm(f"\nApprove plan {made['hash'][:16]}, and no other?", abort=True)
    answer = send(url, f"{path}/approve", {"plan_hash": made["hash"], "reason": reason})
    _told(answer.body, as_json=json)


def reject(execution_id: Execution, *, reason: Reason, url: Url = None, json: AsJson = False) -> None:
    """Say no to a plan."""
    answer = send(url, f"executions/{quote(execution_id, safe='')}/reject", {"reason": reason})
    _told(answer.body, as_json=json)


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


def _runbook_row(each: Mapping[str, Any], now: datetime) -> tuple[object, ...]:
    rate = each["success_rate"]
    return (
        each["id"],
        each["name"],
        "auto" if each["auto_execute"] else "manual",
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
    for step in (each["plan"] or {"steps": []})["steps"]:
        if step["target"] is not None:
            yield f"{step['target']['cluster']}: {subject(step['target']['resource'])}"


def _show(body: Mapping[str, Any], now: datetime) -> None:
    typer.echo(f"{clean(body['runbook_name'])}  {body['status']}  {body['verdict'] or ''}".rstrip())
    typer.echo(f"{clean(body['id'])} for {clean(body['incident_id'])}, asked for by {clean(body['requested_by'])}")
    for words in (body["problem"], body["verdict_reason"]):
        if words:
            typer.echo(clean(words))
    plan = body["plan"]
    if plan is not None:
        _show_plan(plan, {step["index"]: step for step in body["steps"]}, now, is_open=body["status"])
    for each in body["approvals"]:
        typer.echo(f"\nApproved by {clean(each['by'])} at {each['at']}: {clean(each['reason'])}")
    typer.echo("\nWhat happened")
    for each in body["timeline"]:
        typer.echo(f"  {each['at']}  {clean(each['actor'])}: {clean(each['what'])}  {clean(each['message'])}")


def _show_plan(plan: Mapping[str, Any], done: Mapping[int, Any], now: datetime, *, is_open: str) -> None:
    left = -(since(plan["expires_at"], now) or 0)
    until = f", expires in {age(left)}" if is_open == "awaiting_approval" and left > 0 else ""
    typer.echo(f"\nPlan {plan['hash'][:16]}{until}")
    for index, step in enumerate(plan["steps"]):
        record = done.get(index)
        state = f"  [{record['status']}]  {clean(record['message'])}" if record else ""
        typer.echo(f"\n  {index + 1}. {clean(step['name'])} ({step['action']}, {step['effect']}){state}")
        typer.echo(f"     {clean(step['summary'])}")
        if step["target"] is not None:
            typer.echo(f"     at {step['target']['cluster']}: {subject(step['target']['resource'])}")
        for diff in step["diff"]:
            typer.secho(f"     - {clean(diff['path'])}: {clean(diff['before'])}", fg="red")
            typer.secho(f"     + {clean(diff['path'])}: {clean(diff['after'])}", fg="green")
        for words in step["blast_radius"]:
            typer.echo(f"     reaches: {clean(words)}")
        for check in step["checks"]:
            typer.echo(f"     {check['result']}: {clean(check['name'])}, {clean(check['detail'])}")
