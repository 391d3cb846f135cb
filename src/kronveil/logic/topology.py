"""What a node, a volume or a quota explains though it came first: its incident takes the others under it."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from kronveil.logic.cases import Cases
from kronveil.logic.conditions import Held
from kronveil.logic.groups import Groups
from kronveil.logic.kinds import NODE_NOT_READY, QUOTA_EXCEEDED, UNSCHEDULABLE, VOLUME_PENDING
from kronveil.logic.lifecycle import Case
from kronveil.logic.naming import Report
from kronveil.model.facts import PodFacts

PULLED_IN = timedelta(seconds=60)
MOST_ON_NODE = 500


class Topology:
    """Where the pods in trouble are, and what they wait for, as far as it was seen since the start."""

    def __init__(self, cases: Cases, groups: Groups) -> None:
        self._cases = cases
        self._groups = groups
        self._on_node: dict[tuple[str, str], deque[tuple[datetime, Case]]] = {}
        self._of_claim: dict[tuple[str, str | None, str], dict[str, Case]] = {}

    def seen(self, report: Report, held: Held) -> None:
        """A condition is still there: note where its pod is."""
        facts = report.observation.facts
        if isinstance(facts, PodFacts):
            held.node = facts.node
            if held.kind == UNSCHEDULABLE:
                self._note_claims(report, held.case, facts)

    def suffered(self, report: Report, held: Held) -> None:
        """A condition has begun: it may explain others that came before it, or be explained by one that comes."""
        facts = report.observation.facts
        if isinstance(facts, PodFacts):
            self.seen(report, held)
            if facts.node and held.case.family != "node":
                node = (report.cluster, facts.node)
                lately = self._on_node.get(node)
                if lately is None:
                    lately = self._on_node[node] = deque(maxlen=MOST_ON_NODE)
                lately.append((report.now, held.case))
        elif held.kind == NODE_NOT_READY:
            self._pull_pods(report, held)
        elif held.kind == VOLUME_PENDING:
            about = report.observation.resource
            waiting = self._of_claim.get((report.cluster, about.namespace, about.name), {})
            self._pull(held.case, waiting.values(), report, lambda one: one.kind == UNSCHEDULABLE)
        elif held.kind == QUOTA_EXCEEDED and held.part:
            rollout = self._cases.of_key(f"{report.cluster}/{held.part}/rollout")
            if rollout is not None:
                self._pull(held.case, [rollout], report, lambda _: True)

    def _note_claims(self, report: Report, case: Case, facts: PodFacts) -> None:
        for claim in facts.claims:
            where = (report.cluster, report.observation.resource.namespace, claim)
            self._of_claim.setdefault(where, {})[case.id] = case

    def _pull_pods(self, report: Report, held: Held) -> None:
        node = held.subject.name
        lately = [case for at, case in self._on_node.get((report.cluster, node), ()) if report.now - at <= PULLED_IN]
        self._pull(held.case, lately, report, lambda one: one.node == node)

    def _pull(self, parent: Case, cases: Iterable[Case], report: Report, explained: Callable[[Held], bool]) -> None:
        """Put those under the parent that it explains wholly."""
        for case in list(cases):
            is_free = case is not parent and not case.is_resolved and self._groups.parent_of(case) is None
            if is_free and all(explained(one) for one in case.conditions.values() if one.is_active):
                self._groups.join(parent, case, report.now, f"Follows from {parent.id}: {parent.title}")

    def forget(self, now: datetime, forgotten: Sequence[Case]) -> None:
        """Let go of what came too long ago to be explained, and of incidents that are not held any more."""
        for node, lately in list(self._on_node.items()):
            if now - lately[-1][0] > PULLED_IN:
                del self._on_node[node]
        if not (forgotten and self._of_claim):
            return
        held = self._cases.get
        self._of_claim = {
            claim: waiting
            for claim, cases in self._of_claim.items()
            if (waiting := {one: case for one, case in cases.items() if held(one) is not None})
        }
