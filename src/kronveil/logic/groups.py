"""Which incidents are under others; and the groups that stand for several that ``gathering`` finds to belong together.

A child keeps its id, title and status and closes alone. A group (systemic, service, storm) has no trouble of its own:
it is as bad as its worst child and is over when all of them are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kronveil.logic import wording
from kronveil.logic.cases import Cases
from kronveil.logic.grouping import incident_key
from kronveil.logic.identity import incident_id, place
from kronveil.logic.lifecycle import Case
from kronveil.logic.rules import Rules
from kronveil.model.incident import ClusterRef, IncidentStatus, Moment
from kronveil.model.resource import Resource

TOLD_AT_ONCE = 20
MOST_OVER = 1000
"""How many children a group names at least, though they are long over: one that lasts for weeks names no more."""


class _Group:
    """What a group must know of its children without looking at all of them."""

    __slots__ = ("clusters", "is_wider", "joined_at", "open", "title", "where")

    def __init__(self, joined_at: datetime, title: str) -> None:
        self.joined_at = joined_at
        self.title = title
        self.open: set[str] = set()
        self.clusters: dict[str, ClusterRef] = {}
        # Whether ``clusters`` changed since the group was told to be in them.
        self.is_wider = True
        self.where = ""

    def reach(self, clusters: Mapping[str, ClusterRef]) -> None:
        """Its children are in these clusters, too."""
        for name, cluster in clusters.items():
            if self.clusters.get(name) != cluster:
                self.clusters[name] = cluster
                self.is_wider = True


class Groups:
    """Puts incidents under others, and closes and reopens groups as their children close and come back."""

    def __init__(self, cases: Cases, rules: Rules) -> None:
        self._cases = cases
        self.rules = rules
        self._groups: dict[str, _Group] = {}
        # Changed since ``changed`` was asked last.
        self.news: dict[str, Case] = {}
        for case in reversed(cases.newest_first()):
            if case.is_group:
                self._restore(case)

    def _restore(self, case: Case) -> None:
        group = self._groups[case.id] = _Group(case.updated_at, case.title)
        # Of a cluster that is watched no longer, the group has let go.
        kept = {cluster.name for cluster in case.clusters}
        for child in map(self._cases.get, case.children):
            if child is not None:
                clusters = self._clusters_of(child)
                group.reach({name: one for name, one in clusters.items() if name in kept} if kept else clusters)
                group.title = child.title if case.key.startswith("systemic/") else case.title
                if not child.is_resolved:
                    group.open.add(child.id)

    def changed(self) -> list[Case]:
        """Those that were changed since this was asked last."""
        changed, self.news = self.news, {}
        return list(changed.values())

    def has_trouble(self, cluster: str, owner: Resource, family: str) -> bool:
        """Whether an owner has, or lately had, an incident of a family."""
        return self._cases.of_key(incident_key(cluster, owner, family)) is not None

    def parent_of(self, case: Case) -> Case | None:
        """The incident it is under, while that is held."""
        return self._cases.get(case.parent_id) if case.parent_id is not None else None

    def below(self, case: Case) -> list[Case]:
        """All that are under it, also those under them, while they are held."""
        found: dict[str, Case] = {}
        waiting = [case]
        while waiting:
            for child_id in waiting.pop().children:
                child = self._cases.get(child_id)
                if child is not None and child.id not in found:
                    found[child.id] = child
                    waiting.append(child)
        return list(found.values())

    def goes_on(self, case: Case, now: datetime) -> None:
        """A child is open again: so is the group it is in."""
        parent = self.parent_of(case)
        group = self._groups.get(parent.id) if parent is not None else None
        if parent is None or group is None:
            return
        group.open.add(case.id)
        if parent.is_resolved:
            parent.reopen(Moment(now, "reopened", f"{case.id} was reopened: {case.title}"))
            self._cases.settle(parent)
            self.news[parent.id] = parent
            self.goes_on(parent, now)

    def joined_at(self, group: Case) -> datetime:
        """When the newest child of a group came under it."""
        return self._groups[group.id].joined_at

    def group(self, key: str, like: Case, event_id: str, now: datetime, about: Resource | None = None) -> Case:
        """The group of this key: one that is there, one to reopen, or a new one (of one service, when ``about`` is)."""
        known = self._cases.of_key(key)
        if known is not None and not known.is_resolved:
            return known
        if known is not None and known.resolved_at and now - known.resolved_at <= self.rules.reopen_within:
            known.reopen(Moment(now, "reopened", "It is back", event_id=event_id))
            self._cases.settle(known)
            return known
        group = Case(
            id=incident_id(key, event_id),
            key=key,
            kind=like.kind,
            family=like.family,
            title=like.title,
            severity=like.severity,
            cluster=ClusterRef("", like.cluster.name) if about is None else like.cluster,
            resource=about or Resource(like.resource.kind, like.resource.name, like.resource.namespace),
            opened_at=now,
        )
        self._groups[group.id] = _Group(now, like.title)
        self._cases.add(group)
        words = "The same in several places" if about is None else "Several workloads behind one service are in trouble"
        group.tell(Moment(now, "opened", words, event_id=event_id))
        return group

    def join(self, parent: Case, child: Case, now: datetime, text: str, actor: str = "kronveil") -> None:
        """Put a case under another."""
        child.parent_id = parent.id
        child.tell(Moment(now, "grouped", text, actor))
        parent.children[child.id] = None
        parent.tell(Moment(now, "joined", f"{child.id}: {child.title}", actor))
        self.news[child.id] = child
        group = self._groups.get(parent.id)
        if group is not None:
            group.joined_at = now
            if not child.is_resolved:
                group.open.add(child.id)
            group.reach(self._clusters_of(child))
            parent.event_count += child.event_count
            parent.worsen(child.severity)
            self._retitle(parent, group)
        # A storm of thousands is told by and by, not with each of them.
        if len(parent.children) <= TOLD_AT_ONCE:
            self.news[parent.id] = parent
        else:
            self._cases.owe(parent)

    def _retitle(self, parent: Case, group: _Group) -> None:
        is_systemic = parent.key.startswith("systemic/")
        if group.is_wider:
            group.is_wider = False
            clusters = sorted(group.clusters)
            group.where = wording.some_of(clusters)
            parent.cluster = parent.cluster if is_service(parent) else ClusterRef("", group.where)
            parent.clusters = tuple([group.clusters[name] for name in clusters])
            if is_systemic:
                parent.title = wording.systemic_title(group.title, clusters)
        if is_service(parent):
            parent.title = wording.service_title(parent.resource, len(self._owners_of(parent)))
        elif not is_systemic:
            parent.title = wording.storm_title(parent.kind, parent.resource, len(parent.children), group.where)

    def lose(self, parent: Case, cluster: str, now: datetime) -> bool:
        """A group goes on without a cluster; whether it does, and was in it."""
        group = self._groups.get(parent.id)
        if group is None or parent.is_resolved or group.clusters.pop(cluster, None) is None:
            return False
        group.is_wider = True
        self._retitle(parent, group)
        parent.tell(Moment(now, "left", f"{cluster} is no longer watched: what it suffered of this was closed"))
        return True

    def _owners_of(self, parent: Case) -> set[str]:
        children = (self._cases.get(child) for child in parent.children)
        return {place(child.resource) for child in children if child is not None}

    def _clusters_of(self, child: Case) -> Mapping[str, ClusterRef]:
        group = self._groups.get(child.id)
        return group.clusters if group is not None else {child.cluster.name: child.cluster}

    def part(self, parent: Case, child: Case, moment: Moment) -> None:
        """Take a case out from under another."""
        child.parent_id = None
        parent.children.pop(child.id, None)
        for case in (child, parent):
            case.tell(moment)
            self.news[case.id] = case
        group = self._groups.get(parent.id)
        if group is not None:
            self._retitle(parent, group)
            self._one_less(parent, group, child, moment.at)

    # What happens to children.

    def counted(self, case: Case, event_id: str | None, now: datetime) -> None:
        """A child was counted, or got worse: so is the group it is in."""
        parent = self.parent_of(case)
        while parent is not None and parent.is_group:
            parent.count(event_id, now)
            if parent.worsen(case.severity):
                self.news[parent.id] = parent
            self._cases.owe(parent)
            parent = self.parent_of(parent)

    def resolved(self, case: Case, now: datetime) -> None:
        """A child was resolved: a group of which it was the last open one is over, too."""
        parent = self.parent_of(case)
        group = self._groups.get(parent.id) if parent is not None else None
        if parent is not None and group is not None:
            self._one_less(parent, group, case, now)

    def _one_less(self, parent: Case, group: _Group, child: Case, now: datetime) -> None:
        group.open.discard(child.id)
        if group.open or parent.is_resolved:
            return
        if child.status is IncidentStatus.CLOSED:
            parent.resolve(Moment(now, "closed", "All incidents under it are over; the last was closed unobserved"))
        else:
            parent.resolve(Moment(now, "resolved", "All incidents under it are over"))
        self._cases.resolved(parent, [])
        self.news[parent.id] = parent
        self.resolved(parent, now)

    def forget(self, over: Sequence[Case]) -> None:
        """Let go of incidents that are not held any more."""
        for case in over:
            self._groups.pop(case.id, None)
            parent = self.parent_of(case)
            if parent is not None and len(parent.children) > MOST_OVER:
                parent.children.pop(case.id, None)


def is_service(case: Case) -> bool:
    """Whether it is the group of a service."""
    return case.key.startswith("service/")
