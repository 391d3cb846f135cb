"""One-shot symptoms: which kill of a container is news, so that none ever counts twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kronveil.logic.identity import cluster_identity, subject_of
from kronveil.logic.kinds import Symptom
from kronveil.model.incident import Incident

SURELY_TOLD_AFTER = timedelta(minutes=10)
REMEMBERED_PODS = 20_000
"""A pod that went while its cluster was not watched is never said to be gone: those killed longest ago are forgotten,
and would be told anew only if they were there still, and killed within the lookback."""


@dataclass(frozen=True, slots=True)
class Kill:
    """The newest kill told of one container, and the event that told it (empty when restored)."""

    mark: str
    event_id: str = ""


class Kills:
    """Remembers the newest kill of each container for as long as its pod is there; bounded."""

    def __init__(self, lookback: timedelta, heard: Mapping[str, datetime], restored: Sequence[Incident]) -> None:
        self._lookback = lookback
        self._heard = dict(heard)
        self._of: dict[tuple[str, str], dict[str, Kill]] = {}
        for incident in restored:
            self._restore(incident)

    def _restore(self, incident: Incident) -> None:
        cluster = cluster_identity(incident.cluster.uid, incident.cluster.name)
        for condition in incident.conditions:
            if condition.mark:
                self.remember(subject_of(cluster, condition.subject), condition.part, Kill(condition.mark))

    def hear(self, cluster: str, now: datetime) -> None:
        """A cluster never heard before this start counts as heard from its first word on."""
        if cluster not in self._heard:
            self._heard[cluster] = now

    def remember(self, subject: tuple[str, str], part: str, kill: Kill) -> None:
        """This kill was told."""
        of_pod = self._of.get(subject, {})
        known = of_pod.get(part)
        if known is not None and kill.mark <= known.mark:
            return
        of_pod[part] = kill
        # The one killed last comes last.
        self._of.pop(subject, None)
        self._of[subject] = of_pod
        if len(self._of) > REMEMBERED_PODS:
            del self._of[next(iter(self._of))]

    def forget(self, subject: tuple[str, str]) -> None:
        """The pod is gone."""
        self._of.pop(subject, None)

    def is_known(self, subject: tuple[str, str], symptom: Symptom) -> bool:
        """Whether this kill, or a later one of the same container, was told before."""
        kill = self._of.get(subject, {}).get(symptom.part)
        return kill is not None and symptom.mark <= kill.mark

    def is_told_by(self, subject: tuple[str, str], symptom: Symptom, event_id: str) -> bool:
        """Whether it was this very report that told the kill: the same report again is named as before."""
        kill = self._of.get(subject, {}).get(symptom.part)
        return kill is not None and kill.mark == symptom.mark and kill.event_id == event_id

    def is_recent(self, cluster: str, symptom: Symptom, now: datetime) -> bool:
        """Whether it happened since the cluster was last heard before this start, or within the lookback."""
        if symptom.ended_at is None or now - symptom.ended_at <= self._lookback:
            return True
        heard = self._heard.get(cluster)
        return heard is not None and symptom.ended_at > heard

    def was_heard_at(self, cluster: str, when: datetime) -> bool:
        """Whether somebody was there to hear what happened then: not for sure within minutes before the last word,
        since the clocks of two machines differ and a kill may have cut what was on its way. What was before the
        first word of all is nobody's news."""
        heard = self._heard.get(cluster)
        return heard is None or when <= heard - SURELY_TOLD_AFTER
