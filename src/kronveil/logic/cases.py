"""The incidents held in memory, and each way to find one without looking at the others."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from kronveil.logic.conditions import Held
from kronveil.logic.identity import subject_of
from kronveil.logic.kinds import EVICTED, JOB_FAILED, NODE_FLAPPING, NODE_NOT_READY, QUOTA_EXCEEDED
from kronveil.logic.lifecycle import Case
from kronveil.logic.platform import PRESSURES
from kronveil.model.event import Severity
from kronveil.model.incident import Condition, Incident

# Symptoms of an object that has no more to say, which end when others of the owner do well: ``part`` is its place.
KIN_KINDS = frozenset({EVICTED, JOB_FAILED, QUOTA_EXCEEDED})
CHILDREN_AN_INTERVAL = 500
"""A group names all its children each time it is told: one of thousands is told less often."""
MOST_INTERVALS = 30
SET_BACK = timedelta(seconds=2)
"""What is further in the future than this was told by our clock before it was set back: it counts from now."""


class Cases:
    """Open incidents, and those resolved so lately that they may be reopened."""

    def __init__(self, restored: Sequence[Incident]) -> None:
        self._by_id: dict[str, Case] = {}
        self._by_key: dict[str, Case] = {}
        self._conditions: dict[tuple[str, str], dict[tuple[str, str], Held]] = {}
        self._nodes: dict[tuple[str, str], Case] = {}
        self._pressed: dict[tuple[str, str], Case] = {}
        self._flapping: dict[int, Held] = {}
        self._kin: dict[tuple[str, str], dict[int, Held]] = {}
        self._healing: dict[str, Case] = {}
        self._resolved: dict[str, Case] = {}
        self._untold: dict[str, Case] = {}
        for incident in sorted(restored, key=lambda one: (one.opened_at, one.id)):
            self._restore(Case.restore(incident))
        # An object may have had the same trouble in two incidents: the one it has now is found, as before the start.
        conditions = [held for case in self._by_id.values() for held in case.conditions.values()]
        for held in sorted(conditions, key=lambda one: (one.is_active, one.seen_at)):
            self._index(held)

    def _restore(self, case: Case) -> None:
        self.add(case)
        self.settle(case)

    # To find one.

    def get(self, incident_id: str) -> Case | None:
        """By its id."""
        return self._by_id.get(incident_id)

    def of_key(self, key: str) -> Case | None:
        """The newest with this key, open or lately resolved."""
        return self._by_key.get(key)

    def of_node(self, cluster: str, node: str) -> Case | None:
        """The open incident of a node that is not ready."""
        return self._nodes.get((cluster, node))

    def of_pressed_node(self, cluster: str, node: str) -> Case | None:
        """The open incident of a node that is short of something."""
        return self._pressed.get((cluster, node))

    def is_unheard(self, cluster_name: str) -> bool:
        """Whether the cluster cannot be reached now, so that silence means nothing."""
        of_cluster = self._conditions.get(("", f"Cluster//{cluster_name}"), {})
        return any(held.is_active for held in of_cluster.values())

    @property
    def has_kin(self) -> bool:
        """Whether anything waits for others of its owner to do well."""
        return bool(self._kin)

    def kin_of(self, cluster: str, owner: str) -> list[Held]:
        """What is over when others of this owner (its place) do well."""
        return list(self._kin.get((cluster, owner), {}).values())

    def flapping_nodes(self) -> list[Held]:
        """The nodes that come and go now."""
        return list(self._flapping.values())

    def conditions_of(self, subject: tuple[str, str]) -> dict[tuple[str, str], Held] | None:
        """What is or lately was wrong with one object (cluster, object), by kind and container."""
        return self._conditions.get(subject)

    def active_conditions(self, cluster: str, kind: str, before: datetime) -> list[Held]:
        """Those of a cluster's objects of a kind that were last seen before, and that a list would tell of. Looks at
        all: for complete lists only."""
        return [
            held
            for (of_cluster, _), of_subject in self._conditions.items()
            if of_cluster == cluster
            for held in of_subject.values()
            if held.is_active and held.subject.kind == kind and held.seen_at < before and held.kind != NODE_FLAPPING
        ]

    def newest_first(self) -> list[Case]:
        """All that are held, by opening."""
        return sorted(self._by_id.values(), key=lambda case: (case.opened_at, case.id), reverse=True)

    def unfinished(self) -> list[Case]:
        """All that are not over."""
        return [case for case in self._by_id.values() if not case.is_resolved]

    # To keep the ways up to date.

    def add(self, case: Case) -> None:
        """Hold a new one."""
        self._by_id[case.id] = case
        self._by_key[case.key] = case

    def suffer(self, case: Case, condition: Condition, severity: Severity) -> Held:
        """A symptom of the case is there."""
        held = case.suffer(condition, severity)
        self._index(held)
        self.settle(case)
        return held

    def recover(self, held: Held, now: datetime) -> None:
        """A symptom is over."""
        for forgotten in held.case.recover(held, now):
            self._drop(forgotten)
        self.settle(held.case)
        self._mind(held)

    def settle(self, case: Case) -> None:
        """File the case by where it stands: broken, healing, or resolved."""
        self._healing.pop(case.id, None)
        self._resolved.pop(case.id, None)
        if case.is_resolved:
            self._resolved[case.id] = case
        elif case.active == 0 and not case.is_group:
            self._healing[case.id] = case

    def resolved(self, case: Case, cleared: Sequence[Held]) -> None:
        """The case was resolved, with these conditions cleared by it."""
        self.settle(case)
        for held in cleared:
            self._mind(held)

    def resumed(self, case: Case, conditions: Sequence[Held]) -> None:
        """The case is not over after all, with these conditions there again."""
        self.settle(case)
        for held in conditions:
            self._index(held)

    def _index(self, held: Held) -> None:
        subject = subject_of(held.case.cluster_id, held.subject)
        self._conditions.setdefault(subject, {})[held.kind, held.part] = held
        self._mind(held)

    def _mind(self, held: Held) -> None:
        """Keep the ways by node and by owner up to date."""
        if held.kind == NODE_NOT_READY:
            self._file(self._nodes, held)
        elif held.kind in PRESSURES:
            self._file(self._pressed, held)
        elif held.kind == NODE_FLAPPING:
            self._flapping.pop(id(held), None)
            if held.is_active:
                self._flapping[id(held)] = held
        elif held.kind in KIN_KINDS and held.part:
            owner = (held.case.cluster_id, held.part)
            if held.is_active:
                self._kin.setdefault(owner, {})[id(held)] = held
            elif owner in self._kin:
                self._kin[owner].pop(id(held), None)
                if not self._kin[owner]:
                    del self._kin[owner]

    def _file(self, nodes: dict[tuple[str, str], Case], held: Held) -> None:
        node = (held.case.cluster_id, held.subject.name)
        if held.is_active:
            nodes[node] = held.case
        elif nodes.get(node) is held.case and not self._suffers(nodes is self._nodes, held):
            del nodes[node]

    def _suffers(self, is_readiness: bool, held: Held) -> bool:  # noqa: FBT001 - private
        """Whether the node has another trouble of the same sort."""
        return not is_readiness and any(
            other.kind in PRESSURES and other.is_active and other.subject.name == held.subject.name
            for other in held.case.conditions.values()
        )

    def _drop(self, held: Held) -> None:
        subject = subject_of(held.case.cluster_id, held.subject)
        of_subject = self._conditions.get(subject, {})
        if of_subject.get((held.kind, held.part)) is held:
            del of_subject[held.kind, held.part]
            if not of_subject:
                del self._conditions[subject]

    # What time does.

    def to_resolve(self, hold: timedelta, now: datetime) -> list[Case]:
        """Those that have been without a symptom for the hold; the caller may want some to be held for longer."""
        for case in self._healing.values():
            if case.healed_at is not None and case.healed_at - now > SET_BACK:
                case.healed_at = now
        return [case for case in self._healing.values() if case.healed_at and now - case.healed_at >= hold]

    def forget(self, window: timedelta, now: datetime) -> list[Case]:
        """Let go of those resolved too long ago to be reopened, and name them."""
        over = [case for case in self._resolved.values() if case.resolved_at and now - case.resolved_at > window]
        for case in over:
            del self._resolved[case.id]
            del self._by_id[case.id]
            self._untold.pop(case.id, None)
            if self._by_key.get(case.key) is case:
                del self._by_key[case.key]
            for held in case.conditions.values():
                self._drop(held)
        return over

    def owe(self, case: Case) -> None:
        """Something small changed (a count): to be told with the next visible change, or by and by."""
        self._untold[case.id] = case

    def tell(self, case: Case) -> Incident:
        """The incident as it is now; nothing is owed any more."""
        self._untold.pop(case.id, None)
        return case.tell_all()

    def owed(self, interval: timedelta, now: datetime) -> Iterator[Case]:
        """Those with something untold whose last snapshot is at least an interval old, or several of a large group."""
        untold = self._untold.values()
        yield from [case for case in untold if abs(now - case.told.updated_at) >= interval * _patience(case)]


def _patience(case: Case) -> int:
    return min(1 + len(case.children) // CHILDREN_AN_INTERVAL, MOST_INTERVALS)
