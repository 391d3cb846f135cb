"""Which incidents are under others; and the groups that stand for the same in several clusters, or at many owners.

A child keeps its id, title and status and closes alone. A group (systemic, storm) has no trouble of its own: it is as
bad as its worst child and is over when all of them are.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kronveil.logic import wording
from kronveil.logic.backends import Backends
from kronveil.logic.cases import Cases
from kronveil.logic.grouping import incident_key
from kronveil.logic.identity import incident_id, place
from kronveil.logic.kinds import IMAGE_PULL_FAILED
from kronveil.logic.lifecycle import Case
from kronveil.logic.rules import Rules
from kronveil.model.incident import ClusterRef, IncidentStatus, Moment
from kronveil.model.resource import Resource

STORM_WINDOW = timedelta(minutes=2)
STORM_OWNERS = 10
SERVICE_WINDOW = timedelta(minutes=5)
SERVED_FAMILIES = ("image", "crash", "memory", "rollout")
TOLD_AT_ONCE = 20
MOST_OVER = 1000
"""How many children a group names at least, though they are long over: one that lasts for weeks names no more."""
ANYWHERE = "*"


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
    """Puts incidents under others as they open, and closes groups as their children close."""

    def __init__(self, cases: Cases, rules: Rules) -> None:
        self._cases = cases
        self.rules = rules
        self._groups: dict[str, _Group] = {}
        self._peers: dict[str, dict[str, Case]] = {}
        self._openings: dict[tuple[str, str], deque[tuple[datetime, Case]]] = {}
        self.backends = Backends()
        # Changed since ``changed`` was asked last.
        self.news: dict[str, Case] = {}
        for case in reversed(cases.newest_first()):
            self._restore(case)

    def _restore(self, case: Case) -> None:
        if not case.is_group:
            self._file(case, case.opened_at)
            return
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

    # Groups: the same in several clusters, the same at many owners.

    def turned(self, case: Case, event_id: str, now: datetime) -> None:
        """A case was opened or reopened: the group it was in goes on, or it may belong to one."""
        signature = self._file(case, now)
        parent = self.parent_of(case)
        if parent is not None:
            self.goes_on(case, now)
        elif not case.is_parted:
            self._find_group(case, signature, event_id, now)

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

    def _find_group(self, case: Case, signature: str | None, event_id: str, now: datetime) -> None:
        peers = self._peers_of(case, signature) if signature is not None else ()
        if peers:
            self._systemic(case, peers, event_id, now)
        if case.family in SERVED_FAMILIES and self.parent_of(case) is None:
            self._behind_service(case, event_id, now)
        if case.parent_id is None or self.parent_of(case) is None:
            for where in (case.cluster_id, ANYWHERE):
                if self._storm(case, where, event_id, now):
                    return

    def _peers_of(self, case: Case, signature: str) -> list[Case]:
        alike = self._peers.get(signature)
        if alike is None or len(alike) == 1:
            return []  # itself
        return [
            peer
            for peer in alike.values()
            if peer.cluster_id != case.cluster_id and not peer.is_resolved and not peer.is_parted
        ]

    def _systemic(self, case: Case, peers: list[Case], event_id: str, now: datetime) -> None:
        tops = {top.id: top for top in map(self._with_its_service, peers)}
        parents = {parent.id: parent for parent in map(self.parent_of, tops.values()) if parent is not None}
        group = next((parent for parent in parents.values() if parent.is_group), None)
        free = [top for top in tops.values() if self.parent_of(top) is None]
        if group is None:
            if not free:
                return
            group = self._group(f"systemic/{signature_of(case)}", case, event_id, now)
        for child in (*free, case):
            self.join(group, child, now, f"The same as in other clusters: {group.id}")

    def _with_its_service(self, case: Case) -> Case:
        parent = self.parent_of(case)
        return parent if parent is not None and _is_service(parent) else case

    def _behind_service(self, case: Case, event_id: str, now: datetime) -> None:
        """Put it with what opened lately at other workloads behind the same service, whatever that is."""
        for service, other in self.backends.beside(case.cluster_id, case.resource):
            keys = [incident_key(case.cluster_id, other, family) for family in SERVED_FAMILIES]
            for peer in filter(None, map(self._cases.of_key, keys)):
                if peer.is_resolved or peer.is_parted or now - peer.opened_at > SERVICE_WINDOW:
                    continue
                parent = self.parent_of(peer)
                if parent is not None and not _is_service(parent):
                    continue
                group = parent or self._group(
                    f"service/{case.cluster_id}/{place(service)}", peer, event_id, now, service
                )
                for child in (peer, case):
                    if child.parent_id != group.id:
                        self.join(group, child, now, f"Behind the same service, {wording.called(service)}: {group.id}")

    def _storm(self, case: Case, where: str, event_id: str, now: datetime) -> bool:
        """Put it into the storm of its kind, there or anywhere; whether there is one."""
        key = f"storm/{where}/{case.kind}"
        known = self._cases.of_key(key)
        if known is not None and not known.is_resolved and now - self._groups[known.id].joined_at <= STORM_WINDOW:
            self.join(known, case, now, f"One of many alike: {known.id}")
            return True
        tops = self._alike(where, case.kind, now)
        if len(tops) < STORM_OWNERS:
            return False
        if where == ANYWHERE and len({one.cluster_id for one in tops}) < 2 and case.resource.kind != "Cluster":
            return False
        storm = self._group(key, case, event_id, now)
        for top in tops:
            self.join(storm, top, now, f"One of many alike: {storm.id}")
        return True

    def _alike(self, where: str, kind: str, now: datetime) -> list[Case]:
        """What opened lately with this kind and is in no storm yet, one for each owner."""
        openings = self._openings[where, kind]
        while openings and now - openings[0][0] > STORM_WINDOW:
            openings.popleft()
        if len(openings) < STORM_OWNERS:
            return []
        tops: dict[str, Case] = {}
        for _, case in openings:
            parent = self.parent_of(case)
            if case.is_resolved or case.is_parted:
                continue
            if parent is None:
                tops[case.id] = case
            elif parent.key.startswith(("systemic/", "service/")) and self.parent_of(parent) is None:
                tops[parent.id] = parent
        return list(tops.values())

    def _group(self, key: str, like: Case, event_id: str, now: datetime, about: Resource | None = None) -> Case:
        """The group of this key: one that is there, one to reopen, or a new one."""
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
            parent.cluster = parent.cluster if _is_service(parent) else ClusterRef("", group.where)
            parent.clusters = tuple([group.clusters[name] for name in clusters])
            if is_systemic:
                parent.title = wording.systemic_title(group.title, clusters)
        if _is_service(parent):
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

    # What is remembered, and for how long.

    def _file(self, case: Case, now: datetime) -> str | None:
        """Remember it for those that come; returns its signature."""
        signature = signature_of(case)
        if signature is not None:
            self._peers.setdefault(signature, {})[case.id] = case
        for where in (case.cluster_id, ANYWHERE):
            openings = self._openings.get((where, case.kind))
            if openings is None:
                openings = self._openings[where, case.kind] = deque(maxlen=4 * STORM_OWNERS)
            openings.append((now, case))
        return signature

    def forget(self, over: Sequence[Case]) -> None:
        """Let go of incidents that are not held any more."""
        for case in over:
            self._groups.pop(case.id, None)
            parent = self.parent_of(case)
            if parent is not None and len(parent.children) > MOST_OVER:
                parent.children.pop(case.id, None)
            signature = signature_of(case)
            peers = self._peers.get(signature) if signature is not None else None
            if signature is not None and peers is not None:
                peers.pop(case.id, None)
                if not peers:
                    del self._peers[signature]
        held = self._cases.get
        self._openings = {
            where: kept
            for where, lately in self._openings.items()
            if (kept := deque([one for one in lately if held(one[1].id) is not None], maxlen=4 * STORM_OWNERS))
        }


def _is_service(case: Case) -> bool:
    return case.key.startswith("service/")


def signature_of(case: Case) -> str | None:
    """What makes two incidents of two clusters the same trouble; None for what is only of its own cluster.

    Nodes, volumes and clusters have the same names everywhere and nothing in common.
    """
    if case.is_group or case.resource.namespace is None or case.family in ("node", "volume", "reach"):
        return None
    signature = f"{case.kind}/{place(case.resource)}"
    # Two images that cannot be pulled are two troubles: the title names the image.
    return f"{signature}/{case.title}" if case.kind == IMAGE_PULL_FAILED else signature
