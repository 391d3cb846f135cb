"""Pods and workloads as lines to read, made from the kept records when somebody asks. No I/O, no clock."""

from collections.abc import Iterator
from typing import Any

from kronveil.collectors.kubernetes.translate.kept import Kept, Shelves, shorten
from kronveil.collectors.kubernetes.translate.pods import (
    NORMAL_WAITS,
    OOM_KILLED,
    RUNNING,
    TERMINATED,
    WAITING,
    is_plainly_healthy,
)
from kronveil.model.facts import WorkloadFacts
from kronveil.model.inventory import PodLine, Trouble, WorkloadLine

WORKLOAD_KINDS = ("deployments", "statefulsets", "daemonsets")
_COMPLETED = "Completed"


def pod_lines(shelves: Shelves) -> Iterator[PodLine]:
    """Every pod that is kept."""
    # A copy: the shelf changes while somebody reads in steps.
    for kept in list(shelves.of("pods").values()):
        yield _pod(kept)


def workload_lines(shelves: Shelves) -> Iterator[WorkloadLine]:
    """Every workload that is kept."""
    for kind in WORKLOAD_KINDS:
        for kept in list(shelves.of(kind).values()):
            facts = kept.watched[0]
            if isinstance(facts, WorkloadFacts):
                yield _workload(kept, facts)


def _pod(kept: Kept) -> PodLine:
    watched: Any = kept.watched
    phase, node, _, _, _, ready, containers, inits, _ = watched
    if is_plainly_healthy(watched):
        trouble, reason, message = Trouble.NONE, "", ""
    else:
        trouble, reason, message = _trouble(watched)
    return PodLine(
        kept.resource,
        kept.owner,
        trouble,
        phase or "Unknown",
        node or "",
        bool(ready),
        sum([container[6] for container in (*containers, *inits)]),
        reason,
        message,
    )


def _trouble(watched: Any) -> tuple[Trouble, str, str]:  # noqa: PLR0911 - a reason a line
    """How bad, the word for it, and more words: of its worst container, else of the pod as a whole."""
    phase, _, is_terminating, scheduled, why, ready, containers, inits, reason = watched
    worst = max((_container(each) for each in (*containers, *inits)), default=(Trouble.NONE, "", ""))
    if worst[0] is Trouble.BROKEN:
        return worst
    if phase == "Failed":
        return Trouble.FAILED, reason or worst[1] or "Failed", worst[2]
    if scheduled is False:
        return Trouble.FAILED, "Unschedulable", shorten(why)
    if is_terminating:
        return Trouble.SETTLING, "Terminating", ""
    if worst[0] > Trouble.NONE:
        return worst
    if ready is False and phase == "Running":
        return Trouble.NOT_READY, reason or "NotReady", ""
    return Trouble.SETTLING, reason or "", ""


def _container(container: Any) -> tuple[Trouble, str, str]:
    name, _, state, reason, message, ready, _, last = container
    words = f"{name}: {shorten(message)}" if message else name
    if state == WAITING and (reason or "") not in NORMAL_WAITS:
        return Trouble.BROKEN, reason, words
    if state == TERMINATED and reason != _COMPLETED:
        return Trouble.BROKEN, reason or "Error", words
    if last is not None and last[0] == OOM_KILLED:
        # It runs again, or it is about to: what was is worth knowing, but it is not what is.
        return Trouble.NOT_READY, OOM_KILLED, f"{name} was killed before, and runs again" if ready else words
    if state == RUNNING:
        return (Trouble.NONE if ready else Trouble.NOT_READY), "" if ready else "NotReady", "" if ready else words
    return (Trouble.NONE if state == TERMINATED else Trouble.SETTLING), reason or "", ""


def _workload(kept: Kept, facts: WorkloadFacts) -> WorkloadLine:
    if facts.available == 0 < facts.desired:
        trouble = Trouble.BROKEN
    elif facts.progressing is False:
        trouble = Trouble.FAILED
    elif facts.available < facts.desired:
        trouble = Trouble.NOT_READY
    else:
        trouble = Trouble.SETTLING if facts.updated < facts.desired else Trouble.NONE
    return WorkloadLine(
        kept.resource, trouble, facts.desired, facts.available, facts.updated, facts.reason, facts.message
    )
