"""Incidents of clusters that are watched no longer: nobody will see them recover, so they are closed, and say so.

The agent tells about twice a second who is watched; looking at all incidents is done for a while after that changes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from kronveil.logic.cases import Cases
from kronveil.logic.groups import Groups
from kronveil.logic.lifecycle import Case
from kronveil.logic.people import People
from kronveil.logic.waiting import Waiting
from kronveil.model.incident import Moment
from kronveil.model.resource import Origin, Resource

IDENTITY_WITHIN = timedelta(seconds=60)
"""A cluster that was given another name is known by its uid, once it has answered under the new one."""
# What a removed cluster had sent before may still be judged after it was removed.
LOOK_FOR = timedelta(seconds=90)
LOOK_EVERY = timedelta(seconds=5)
# A member's own incident (it cannot be reached, its collector is stuck) is about the name, not the cluster behind it.
_ABOUT_MEMBERS = frozenset({"Cluster", "Collector"})


class Departures:
    """Remembers who is watched: the uid, "" while it is not known, by the name."""

    def __init__(self, cases: Cases, groups: Groups, people: People, waiting: Waiting) -> None:
        self._cases = cases
        self._groups = groups
        self._people = people
        self._waiting = waiting
        self._members: dict[str, str] = {}
        self._uids: frozenset[str] = frozenset()
        self._named_at: datetime | None = None
        self._until: datetime | None = None
        self._looked_at: datetime | None = None

    def look(self, members: Mapping[str, str], removed: Mapping[str, str], now: datetime) -> list[Case]:
        """Close what is of none of ``members``; ``removed`` may say of a name what became of it."""
        if self._named_at is None or members != self._members:
            self._take(members, now)
        elif not self._is_due(now):
            return []
        self._looked_at = now
        self._waiting.leave(lambda report: self._is_gone(report.observation.resource, *_of(report.origin), now))
        gone = [case for case in self._cases.unfinished() if not case.is_group and self._is_gone_case(case, now)]
        for case in gone:
            self._people.end(case, Moment(now, "closed", self._why(case, removed)))
        return [*gone, *self._left(gone, now)]

    def _take(self, members: Mapping[str, str], now: datetime) -> None:
        if self._named_at is None or members.keys() != self._members.keys():
            self._named_at = now
        self._members = dict(members)
        self._uids = frozenset(members.values()) - {""}
        self._until = now + LOOK_FOR

    def _is_due(self, now: datetime) -> bool:
        if self._until is None or now > self._until:
            self._until = None
            return False
        return self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY

    def _is_gone_case(self, case: Case, now: datetime) -> bool:
        return self._is_gone(case.resource, case.cluster.uid, case.cluster.name, now)

    def _is_gone(self, about: Resource, uid: str, name: str, now: datetime) -> bool:
        if about.kind in _ABOUT_MEMBERS:
            return about.name not in self._members
        if uid and uid in self._uids:
            return False
        known = self._members.get(name)
        if known is None:
            may_be_renamed = bool(uid) and "" in self._members.values()
            named_at = self._named_at or now
            return not (may_be_renamed and abs(now - named_at) < IDENTITY_WITHIN)
        return bool(known and uid)  # both known, and another: the name now means another cluster

    def _why(self, case: Case, removed: Mapping[str, str]) -> str:
        name = case.cluster.name
        if name in self._members and case.resource.kind not in _ABOUT_MEMBERS:
            return f"{name} is another cluster now, this one is no longer watched: not observed to recover"
        how = f" ({removed[name]})" if name in removed else ""
        return f"Cluster {name} is no longer watched{how}: not observed to recover"

    def _left(self, gone: Iterable[Case], now: datetime) -> list[Case]:
        """The groups that go on without them, in the clusters that are left."""
        changed: dict[str, Case] = {}
        for case in gone:
            parent = self._groups.parent_of(case)
            while parent is not None and parent.id not in changed:
                if self._groups.lose(parent, case.cluster.name, now):
                    changed[parent.id] = parent
                parent = self._groups.parent_of(parent)
        return list(changed.values())


def _of(origin: Origin) -> tuple[str, str]:
    return origin.cluster_uid, origin.cluster_name
