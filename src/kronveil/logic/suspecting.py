"""Keeps the suspects of incidents up to date: when one opens, and when a change arrives soon after."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from kronveil.logic.changes import GITOPS_KINDS, Ledger, change_of
from kronveil.logic.groups import Groups
from kronveil.logic.lifecycle import Case
from kronveil.logic.suspects import rank
from kronveil.model.change import Change, Suspect
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin

ARRIVES_WITHIN = timedelta(minutes=5)
SHOWS_WITHIN = timedelta(minutes=10)
"""After so long a change that was going to do harm has mostly done it."""
FRESH_EACH = 100


class Suspecting:
    """The ledger, and the incidents opened so lately that a change still on its way may be their cause."""

    def __init__(self, groups: Groups, restored: Iterable[Change] = ()) -> None:
        self._groups = groups
        self._ledger = Ledger(restored)
        self._fresh: dict[tuple[str, str], deque[tuple[datetime, Case]]] = {}

    def opened(self, case: Case, now: datetime) -> None:
        """Name the suspects of an incident that was opened or reopened; its parent's, too."""
        where = (case.cluster_id, case.resource.namespace or "")
        fresh = self._fresh.get(where)
        if fresh is None:
            fresh = self._fresh[where] = deque(maxlen=FRESH_EACH)
        fresh.append((now, case))
        self._suspect(case, now)
        parent = self._groups.parent_of(case)
        if parent is not None and parent.key.startswith("systemic/"):
            self._suspect(parent, now)

    def changed(self, observation: Observation, origin: Origin, now: datetime) -> tuple[Change, list[Case]] | None:
        """Remember a change; the incidents it is now suspected for. None when nothing was changed."""
        change = change_of(observation, origin, now)
        if change is None:
            return None
        if not self._ledger.remember(change):
            return change, []
        touched: dict[str, Case] = {}
        for case in self._fresh_near(change, now):
            for one in (case, self._groups.parent_of(case)):
                if one is not None and (one is case or one.key.startswith("systemic/")) and self._suspect(one, now):
                    touched[one.id] = one
        return change, list(touched.values())

    def _fresh_near(self, change: Change, now: datetime) -> list[Case]:
        cluster = change.origin.cluster_uid or f"name:{change.origin.cluster_name}"
        owner = change.owner or change.resource
        is_wide = owner.kind == "Node" or owner.kind in GITOPS_KINDS
        if is_wide:
            lists = [fresh for (of, _), fresh in self._fresh.items() if of == cluster]
        else:
            lists = [self._fresh.get((cluster, owner.namespace or ""), deque())]
        return [case for fresh in lists for at, case in fresh if now - at <= ARRIVES_WITHIN and not case.is_resolved]

    def _suspect(self, case: Case, now: datetime) -> bool:
        """Rank anew; whether that changed anything."""
        members = [case]
        if case.is_group:
            members = [child for child in self._groups.below(case) if not child.is_group]
        changes = [one for member in members for one in self._ledger.about(member.cluster_id, member.resource, now)]
        suspects: tuple[Suspect, ...] = ()
        if changes:
            clusters = {member.cluster_id for member in members}
            # A group began with the first of its members.
            began = min(member.opened_at for member in members)
            harmless = partial(self._harmless, members, clusters, now)
            suspects = rank(replace(case.snapshot(), opened_at=began), changes, now, clusters, harmless)
        is_new = suspects != case.suspects
        case.suspects = suspects
        return is_new

    def _harmless(self, members: Sequence[Case], clusters: Collection[str], now: datetime, change: Change) -> int:
        """In how many other clusters the same change was made, long enough ago, and the same is well."""
        places = {(member.resource, member.family) for member in members}
        made_in = self._ledger.alike(change, clusters, now - SHOWS_WITHIN)
        return sum(not any(self._groups.has_trouble(cluster, *one) for one in places) for cluster in made_in)

    def forget(self, now: datetime) -> None:
        """Let go of incidents that opened too long ago, and of changes made too long ago."""
        self._ledger.forget(now)
        for where, fresh in list(self._fresh.items()):
            while fresh and now - fresh[0][0] > ARRIVES_WITHIN:
                fresh.popleft()
            if not fresh:
                del self._fresh[where]
