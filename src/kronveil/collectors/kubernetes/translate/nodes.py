"""Nodes: readiness, pressures, and whether they take pods."""

from kronveil.collectors.kubernetes.translate.kept import (
    Kept,
    Moment,
    Shelves,
    Watched,
    condition,
    interned,
    latest,
    resource_of,
    shorten,
    version_of,
)
from kronveil.collectors.kubernetes.wire import Node
from kronveil.model.facts import NodeFacts
from kronveil.model.observation import Observation


def translate_node(
    node: Node, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    del shelves
    facts = _facts(node)
    watched: Watched = (facts.ready, facts.reason, facts.message, facts.pressures, facts.unschedulable, _region(node))
    version = version_of(node.metadata)
    if before is not None and before.watched == watched:
        before.version = version
        return before, None
    resource = before.resource if before else resource_of("Node", node.metadata)
    kept = Kept(resource, None, version, interned(watched))  # type: ignore[arg-type]
    is_fine = facts.ready is True and not facts.pressures
    if moment.is_first_list and is_fine:
        return kept, None
    return kept, Observation(
        kind="node.changed",
        at=latest(_times(node, facts, before), moment.now),
        resource=resource,
        key=f"{resource.uid}@{node.metadata.resource_version}",
        facts=facts,
        message=_message(facts),
        attributes={"k8s.node.name": resource.name} | ({"reason": facts.reason} if facts.reason else {}),
    )


def region_of(kept: Kept) -> str | None:
    """The region a kept node is in, if its labels say."""
    region = kept.watched[5]
    return region if isinstance(region, str) else None


def _facts(node: Node) -> NodeFacts:
    conditions = node.status.conditions if node.status else None
    ready = condition(conditions, "Ready")
    is_ready = {"True": True, "False": False}.get(ready.status) if ready else None
    return NodeFacts(
        ready=is_ready,
        # A ready kubelet's words say nothing and differ between versions.
        reason=(ready.reason or "") if ready and not is_ready else "",
        message=shorten(ready.message) if ready and not is_ready else "",
        pressures=tuple(one.type for one in conditions or () if one.type.endswith("Pressure") and one.status == "True"),
        unschedulable=bool(node.spec and node.spec.unschedulable),
    )


def _times(node: Node, facts: NodeFacts, before: Kept | None) -> list[str | None]:
    conditions = node.status.conditions if node.status else None
    times: list[str | None] = []
    ready = condition(conditions, "Ready")
    if ready is not None and (before is None or before.watched[0] != facts.ready):
        times.append(ready.last_transition_time)
    if before is None or before.watched[3] != facts.pressures:
        times += [one.last_transition_time for one in conditions or () if one.type in facts.pressures]
    return times


def _message(facts: NodeFacts) -> str:
    words = {True: "ready", False: "not ready", None: "unknown whether ready"}[facts.ready]
    if facts.reason or facts.message:
        words += ": " + ": ".join(part for part in (facts.reason, facts.message) if part)
    if facts.pressures:
        words += "; " + ", ".join(facts.pressures)
    return words + ("; cordoned" if facts.unschedulable else "")


def _region(node: Node) -> str | None:
    labels = node.metadata.labels
    return (labels.region or labels.old_region) if labels else None
