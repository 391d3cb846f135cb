"""Calls people to a run that needs one: something may have been done, could not be set back, did harm or does not help.

After it: the notifiers. What came of the call is a line on the incident.
"""

from collections.abc import Mapping
from datetime import datetime

import structlog

from kronveil.model.execution import Execution, Verdict
from kronveil.model.incident import Incident
from kronveil.sdk.errors import PluginError
from kronveil.sdk.notifiers import Notice, Notifier

NOBODY = "nobody to tell: no notifier is configured"
log = structlog.get_logger()


async def call(run: Execution, incident: Incident | None, notifiers: Mapping[str, Notifier], now: datetime) -> str:
    """Tell everybody who is configured, once for this run however often it is called; who was told, in words."""
    notice = _notice(run, incident, now)
    told, not_told = list[str](), list[str]()
    for name, notifier in notifiers.items():
        try:
            told.append(f"{name} ({await notifier.tell(notice)})")
        except PluginError as error:
            not_told.append(f"{name}: {error}")
            log.warning("execution.nobody_called", execution=run.id, notifier=name, error=str(error))
    if not notifiers:
        return NOBODY
    words = f"told {', '.join(told)}" if told else "nobody was told"
    return f"{words}; not told: {'; '.join(not_told)}" if not_told else words


def _notice(run: Execution, incident: Incident | None, now: datetime) -> Notice:
    about = incident.resource if incident is not None else None
    return Notice(
        key=f"{run.id}-person",
        title=f"{run.runbook_name} needs a person",
        text=f"{run.needs_person} (run {run.id}, {run.verdict or run.status})",
        severity="critical" if run.verdict is Verdict.HARMFUL else "high",
        at=now,
        incident_id=run.incident_id,
        cluster=incident.cluster.name if incident is not None else "",
        resource="/".join(filter(None, (about.kind, about.namespace, about.name))) if about is not None else "",
    )
