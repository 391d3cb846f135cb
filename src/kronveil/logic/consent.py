"""Who agrees to a plan: signatures bound to its hash, as many as it needs, until it expires. After it: interpreter."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kronveil.logic.journal import NotNow, told
from kronveil.model.execution import Approval, Execution, ExecutionStatus, Plan

LOCAL = "local"
"""Whoever calls without a token where none is needed: nobody can be told from anybody else."""
_OWN = "who asked for the run signed it: without tokens nobody can be told from anybody else"


def why_not(run: Execution, by: str, now: datetime) -> str:
    """Why ``by`` may not sign the plan now, whatever their role; empty when they may."""
    if run.status is not ExecutionStatus.AWAITING_APPROVAL or run.plan is None:
        return f"the run is {run.status}, and does not wait for approval"
    if now >= run.plan.expires_at:
        return "the plan expired; rehearse again"
    if by != LOCAL and by == run.requested_by:
        return "who asked for a run may not approve it"
    if by != LOCAL and by == run.edited_by:
        return "who changed what a run is told may not approve it"
    if any(by == given.by for given in run.approvals):
        other = "" if by != LOCAL else ", and callers without a token cannot be told apart"
        return f"{by} signed this plan already; it needs {run.plan.approvals_needed} different people{other}"
    return ""


def approved(run: Execution, approval: Approval, *, now: datetime) -> Execution:
    """Signed; with the last signature that it needs it begins. Raises NotNow when this signature is not for this plan,
    not this person's to give, or comes too late."""
    plan = _waiting(run)
    if approval.plan_hash != plan.hash:
        raise NotNow(f"this plan is {plan.hash[:8]}, and what was approved is {approval.plan_hash[:8]}: look again")
    if now >= plan.expires_at:
        raise NotNow("the plan expired before this approval came; rehearse again")
    if why := why_not(run, approval.by, now):
        raise NotNow(why)
    if approval.by == LOCAL and LOCAL in (run.requested_by, run.edited_by):
        approval = replace(approval, note=_OWN)
    run = replace(run, approvals=(*run.approvals, approval))
    words = f"{approval.reason} ({approval.note})" if approval.note else approval.reason
    run = told(run, now, "approved", words, approval.by)
    missing = plan.approvals_needed - len(run.approvals)
    if missing > 0:
        return told(run, now, "waits", f"{len(run.approvals)} of {plan.approvals_needed} signatures")
    return replace(run, status=ExecutionStatus.RUNNING, started_at=now)


def revoked(run: Execution, by: str, reason: str, *, now: datetime) -> Execution:
    """Somebody takes a signature back. Raises NotNow when there is none of theirs, or the run has begun."""
    _waiting(run)
    if all(given.by != by for given in run.approvals):
        raise NotNow(f"there is no signature of {by} under this plan")
    run = replace(run, approvals=tuple(given for given in run.approvals if given.by != by))
    return told(run, now, "revoked", reason, by)


def edited(run: Execution, by: str, parameters: Mapping[str, str], reason: str, *, now: datetime) -> Execution:
    """Somebody wants it otherwise: it is planned anew, and no signature that was given counts any more."""
    _waiting(run)
    void = f"; void: the signatures of {', '.join(given.by for given in run.approvals)}" if run.approvals else ""
    run = replace(run, status=ExecutionStatus.PLANNING, plan=None, approvals=(), parameters=parameters, edited_by=by)
    return told(run, now, "edited", f"{reason}{void}", by)


def rejected(run: Execution, by: str, reason: str, *, now: datetime) -> Execution:
    """Somebody said no. Raises NotNow when it does not wait for that."""
    _waiting(run)
    run = replace(run, status=ExecutionStatus.REJECTED, ended_at=now, problem=reason)
    return told(run, now, "rejected", reason, by)


def _waiting(run: Execution) -> Plan:
    if run.status is not ExecutionStatus.AWAITING_APPROVAL or run.plan is None:
        raise NotNow(f"the run is {run.status}, and does not wait for approval")
    return run.plan
