"""Nodes: readiness, pressures, whether they take pods, and what somebody changed on them."""

from kronveil.collectors.kubernetes.translate.changes import Entry, summary
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, condition, shorten
from kronveil.collectors.kubernetes.translate.telling import Found, facts_of, tell
from kronveil.collectors.kubernetes.wire_workloads import Node
from kronveil.model.facts import NodeFacts
from kronveil.model.observation import Observation

REGION_LABELS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
CONSEQUENCES = "node.kubernetes.io/"


def translate_node(
    node: Node, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """The record to keep, and what to report."""
    facts = _facts(node)
    found = Found(
        kind="node.changed",
        facts=facts,
        message=_message(facts),
        is_fine=facts.ready is True and not facts.pressures,
        times=_times(node, facts, before),
        also=(_region(node),),
        attributes={"k8s.node.name": node.metadata.name} | ({"reason": facts.reason} if facts.reason else {}),
        spec=summary(_entries(node)),
        managed=node.metadata.managed_fields,
    )
    return tell("Node", node.metadata, found, before, shelves, moment)


def region_of(kept: Kept) -> str | None:
    """The region a kept node is in, if its labels say."""
    region = kept.watched[1]
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


def _entries(node: Node) -> list[Entry]:
    entries: list[Entry] = [
        ("node", f"metadata.labels[{name}]", value) for name, value in sorted((node.metadata.labels or {}).items())
    ]
    if node.spec is not None:
        if node.spec.unschedulable:
            entries.append(("node", "spec.unschedulable", "true"))
        # Taints of Kubernetes' own follow from what the node reports; nobody chose them.
        entries += [
            ("node", f"spec.taints[{taint.key}:{taint.effect}]", "set")
            for taint in node.spec.taints or ()
            if not taint.key.startswith(CONSEQUENCES)
        ]
    info = node.status.node_info if node.status else None
    if info is not None and info.kubelet_version:
        entries.append(("node", "status.nodeInfo.kubeletVersion", info.kubelet_version))
    return entries


def _times(node: Node, facts: NodeFacts, before: Kept | None) -> list[str | None]:
    conditions = node.status.conditions if node.status else None
    known = facts_of(before)
    was = known if isinstance(known, NodeFacts) else None
    times: list[str | None] = []
    ready = condition(conditions, "Ready")
    if ready is not None and (was is None or was.ready != facts.ready):
        times.append(ready.last_transition_time)
    if was is None or was.pressures != facts.pressures:
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
    labels = node.metadata.labels or {}
    return next((labels[name] for name in REGION_LABELS if labels.get(name)), None)
