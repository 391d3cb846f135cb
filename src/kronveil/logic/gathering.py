"""Which group an incident that opened belongs to: the same in other clusters, behind one service, one of many alike.

A person's split stands: what was parted is gathered no more.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from kronveil.logic import wording
from kronveil.logic.backends import Backends
from kronveil.logic.cases import Cases
from kronveil.logic.grouping import incident_key
from kronveil.logic.groups import Groups, is_service
from kronveil.logic.identity import place
from kronveil.logic.kinds import IMAGE_PULL_FAILED
from kronveil.logic.lifecycle import Case
from kronveil.model.resource import Resource

STORM_WINDOW = timedelta(minutes=2)
STORM_OWNERS = 10
SERVICE_WINDOW = timedelta(minutes=5)
SERVED_FAMILIES = ("image", "crash", "memory", "rollout")
ANYWHERE = "*"


class Gathering:
    """Remembers what opened: by what makes it the same trouble in any cluster, and lately by kind."""

    def __init__(self, cases: Cases, groups: Groups) -> None:
        self._cases = cases
        self._groups = groups
        self.backends = Backends()
        self._peers: dict[str, dict[str, Case]] = {}
        self._openings: dict[tuple[str, str], deque[tuple[datetime, Case]]] = {}
        for case in reversed(cases.newest_first()):
            if not case.is_group:
                self._file(case, case.opened_at)

    def turned(self, case: Case, event_id: str, now: datetime) -> None:
        """A case was opened or reopened: the group it was in goes on, or it may belong to one."""
        signature = self._file(case, now)
        parent = self._groups.parent_of(case)
        if parent is not None:
            self._groups.goes_on(case, now)
        elif not case.is_parted:
            self._find_group(case, signature, event_id, now)

    def _find_group(self, case: Case, signature: str | None, event_id: str, now: datetime) -> None:
        peers = self._peers_of(case, signature) if signature is not None else ()
        if peers:
            self._systemic(case, peers, event_id, now)
        if case.family in SERVED_FAMILIES and self._groups.parent_of(case) is None:
            self._behind_service(case, event_id, now)
        if self._groups.parent_of(case) is None:
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
        parents = {parent.id: parent for parent in map(self._groups.parent_of, tops.values()) if parent is not None}
        group = next((parent for parent in parents.values() if parent.is_group), None)
        free = [top for top in tops.values() if self._groups.parent_of(top) is None]
        if group is None:
            if not free:
                return
            group = self._groups.group(f"systemic/{signature_of(case)}", case, event_id, now)
        for child in (*free, case):
            self._groups.join(group, child, now, f"The same as in other clusters: {group.id}")

    def _with_its_service(self, case: Case) -> Case:
        parent = self._groups.parent_of(case)
        return parent if parent is not None and is_service(parent) else case

    def _behind_service(self, case: Case, event_id: str, now: datetime) -> None:
        """Put it with what opened lately at other workloads behind the same service, whatever that is."""
        for service, other in self.backends.beside(case.cluster_id, case.resource):
            keys = [incident_key(case.cluster_id, other, family) for family in SERVED_FAMILIES]
            for peer in filter(None, map(self._cases.of_key, keys)):
                if not (peer.is_resolved or peer.is_parted or now - peer.opened_at > SERVICE_WINDOW):
                    self._behind(service, case, peer, event_id, now)

    def _behind(self, service: Resource, case: Case, peer: Case, event_id: str, now: datetime) -> None:
        key = f"service/{case.cluster_id}/{place(service)}"
        mine, theirs = self._groups.parent_of(case), self._groups.parent_of(peer)
        if theirs is not None and not is_service(theirs):
            return
        # Who stands behind several services comes under one of them: two could not both end with it.
        if mine is not None and (theirs is not None or mine.key != key):
            return
        group = theirs or self._groups.group(key, peer, event_id, now, service)
        text = f"Behind the same service, {wording.called(service)}: {group.id}"
        for child in (peer, case):
            if child.parent_id != group.id:
                self._groups.join(group, child, now, text)

    def _storm(self, case: Case, where: str, event_id: str, now: datetime) -> bool:
        """Put it into the storm of its kind, there or anywhere; whether there is one."""
        key = f"storm/{where}/{case.kind}"
        known = self._cases.of_key(key)
        if known is not None and not known.is_resolved and now - self._groups.joined_at(known) <= STORM_WINDOW:
            self._groups.join(known, case, now, f"One of many alike: {known.id}")
            return True
        tops = self._alike(where, case.kind, now)
        if len(tops) < STORM_OWNERS:
            return False
        if where == ANYWHERE and len({one.cluster_id for one in tops}) < 2 and case.resource.kind != "Cluster":
            return False
        storm = self._groups.group(key, case, event_id, now)
        for top in tops:
            self._groups.join(storm, top, now, f"One of many alike: {storm.id}")
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
            parent = self._groups.parent_of(case)
            if case.is_resolved or case.is_parted:
                continue
            if parent is None:
                tops[case.id] = case
            elif parent.key.startswith(("systemic/", "service/")) and self._groups.parent_of(parent) is None:
                tops[parent.id] = parent
        return list(tops.values())

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


def signature_of(case: Case) -> str | None:
    """What makes two incidents of two clusters the same trouble; None for what is only of its own cluster.

    Nodes, volumes and clusters have the same names everywhere and nothing in common.
    """
    if case.is_group or case.resource.namespace is None or case.family in ("node", "volume", "reach"):
        return None
    signature = f"{case.kind}/{place(case.resource)}"
    # Two images that cannot be pulled are two troubles: the title names the image.
    return f"{signature}/{case.title}" if case.kind == IMAGE_PULL_FAILED else signature
