"""One run at a terminal, whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typer

from kronveil.cli.tables import age, clean, since, subject


def show_run(body: Mapping[str, Any], now: datetime) -> None:
    """Its plan, who approved it, its steps, its verdict."""
    typer.echo(f"{clean(body['runbook_name'])}  {body['status']}  {body['verdict'] or ''}".rstrip())
    typer.echo(f"{clean(body['id'])} for {clean(body['incident_id'])}, asked for by {clean(body['requested_by'])}")
    for words in (body["problem"], body["verdict_reason"]):
        if words:
            typer.echo(clean(words))
    if body["needs_person"]:
        typer.secho(f"A person is needed: {clean(body['needs_person'])}", fg="red")
    if (asked := body["question"]) is not None:
        typer.echo(f"It asks: {clean(asked['text'])}")
        typer.echo(f"  kronveil answer {clean(body['id'])} continue|stop --reason ...   (until {asked['until']})")
    plan = body["plan"]
    if plan is not None:
        _show_plan(plan, {step["index"]: step for step in body["steps"]}, now, is_open=body["status"])
    _show_approvals(body["approvals"], is_waiting=body["status"] == "awaiting_approval")
    typer.echo("\nWhat happened")
    for each in body["timeline"]:
        typer.echo(f"  {each['at']}  {clean(each['actor'])}: {clean(each['what'])}  {clean(each['message'])}")


def _show_approvals(approvals: Mapping[str, Any], *, is_waiting: bool) -> None:
    for each in approvals["given"]:
        note = f" ({clean(each['note'])})" if each["note"] else ""
        typer.echo(f"\nApproved by {clean(each['by'])} at {each['at']}: {clean(each['reason'])}{note}")
    if is_waiting:
        why = f"; you may not sign: {clean(approvals['why_not'])}" if approvals["why_not"] else ""
        typer.echo(f"\n{len(approvals['given'])} of {approvals['needed']} signatures{why}")


def _show_plan(plan: Mapping[str, Any], done: Mapping[int, Any], now: datetime, *, is_open: str) -> None:
    left = -(since(plan["expires_at"], now) or 0)
    until = f", expires in {age(left)}" if is_open == "awaiting_approval" and left > 0 else ""
    typer.echo(f"\nPlan {plan['hash'][:16]}{until}")
    for index, step in enumerate(plan["steps"]):
        record = done.get(index)
        state = f"  [{record['status']}]  {clean(record['message'])}" if record else ""
        typer.echo(f"\n  {index + 1}. {clean(step['name'])} ({step['action']}, {step['effect']}){state}")
        typer.echo(f"     {clean(step['summary'])}")
        if step["together"] is not None:
            typer.echo(f"     at once with the other steps of group {step['together']}")
        if step["target"] is not None:
            typer.echo(f"     at {step['target']['cluster']}: {subject(step['target']['resource'])}")
        for diff in step["diff"]:
            typer.secho(f"     - {clean(diff['path'])}: {clean(diff['before'])}", fg="red")
            typer.secho(f"     + {clean(diff['path'])}: {clean(diff['after'])}", fg="green")
        for words in step["blast_radius"]:
            typer.echo(f"     reaches: {clean(words)}")
        for check in step["checks"]:
            typer.echo(f"     {check['result']}: {clean(check['name'])}, {clean(check['detail'])}")
    typer.echo(f"\n  Undo: {clean(plan['undo'])}")
    typer.echo(f"  Void when {'; '.join(clean(words) for words in plan['voids_if'])}")
