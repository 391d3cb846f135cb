"""The whole judgement on one page: an observation comes in, is named, is weighed against what is open; effects go out.

The agent calls ``consider`` for each observation and ``tick`` about once a second, and carries the effects out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kronveil.logic.cases import Cases
from kronveil.logic.dedup import Latest, Window
from kronveil.logic.departing import Departures
from kronveil.logic.explain import Stage, Traces, explain
from kronveil.logic.flapping import MANY_RETURNS, returns_of
from kronveil.logic.identity import cluster_of, event_id
from kronveil.logic.judging import Judging
from kronveil.logic.kills import Kills
from kronveil.logic.lifecycle import Case
from kronveil.logic.naming import Name, Report, due_report, event_of, named, report_of
from kronveil.logic.people import People
from kronveil.logic.rules import KindRule, Rules
from kronveil.logic.suppression import Suppression
from kronveil.logic.suspecting import Suspecting
from kronveil.logic.symptoms import symptoms_of
from kronveil.logic.weighed import Weighed
from kronveil.model.change import Change
from kronveil.model.effects import Effect, MergeEvent, RecordChange, RecordEvent, RecordIncident
from kronveil.model.facts import ListedFacts, NodeFacts, SourceFacts, WarningFacts
from kronveil.model.incident import Incident, Moment
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin
from kronveil.model.silence import Silence

__all__ = ["KindRule", "Rules", "Triage"]

LISTED_KINDS = {
    "pods": "Pod",
    "nodes": "Node",
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "resourcequotas": "ResourceQuota",
    "poddisruptionbudgets": "PodDisruptionBudget",
    "certificates": "Certificate",
    "applications": "Application",
    "kustomizations": "Kustomization",
    "helmreleases": "HelmRelease",
}
TELL_EVERY = timedelta(seconds=1)
NOTHING: frozenset[tuple[str, str]] = frozenset()


class Triage:
    """Judges one observation at a time. Holds the open incidents; owns no task, no clock and no store.

    ``restored`` are the incidents not over, and those resolved within ``rules.memory``; ``heard`` tells when each
    cluster uid was last heard before this start; ``changes`` are those of the last day, oldest first;
    ``silences`` those that have not ended.
    """

    def __init__(
        self,
        rules: Rules,
        restored: Sequence[Incident] = (),
        heard: Mapping[str, datetime] | None = None,
        *,
        changes: Sequence[Change] = (),
        silences: Sequence[Silence] = (),
    ) -> None:
        self.rules = rules
        self._cases = Cases(restored)
        self._window = Window(rules.dedup_window)
        self._latest = Latest(rules.dedup_window)
        self._judging = Judging(rules, self._cases, Kills(rules.one_shot_lookback, heard or {}, restored))
        self._people = People(self._cases, self._judging.groups)
        self._suspecting = Suspecting(self._judging.groups, changes)
        self._suppression = Suppression(self._cases, self._judging.groups, silences)
        self._departures = Departures(self._cases, self._judging.groups, self._people, self._judging.waiting)
        self._traces = Traces()

    def consider(self, observation: Observation, origin: Origin, now: datetime) -> list[Effect]:
        """Everything that follows from one observation; ``now`` is when it was received."""
        cluster = cluster_of(origin)
        facts = observation.facts
        if isinstance(facts, ListedFacts):
            kind = LISTED_KINDS.get(facts.kind, facts.kind)
            return self._told(self._judging.not_listed(cluster, kind, facts.started_at, now))
        report = report_of(observation, origin, cluster, now)
        if isinstance(facts, SourceFacts) and not facts.troubles and not self._judging.is_concerned(report.subject):
            return []
        found = symptoms = symptoms_of(facts)
        if found:
            found = self.rules.applied(found)
            symptoms = self._judging.present(report, found) if found else found
        name = named(report, symptoms)
        if isinstance(facts, WarningFacts) and facts.is_old and self._was_told(report):
            return self._effects(report, name, (report.number, False), Weighed(report.event_id))
        repeat = self._window.note(name.fingerprint, report.number, report.at_ms, report.now_s)
        weighed = Weighed(report.event_id if repeat is None or repeat[1] else event_id(repeat[0]))
        if isinstance(facts, WarningFacts):
            self._judging.warned(report, facts, name, weighed, is_repeat=repeat is not None)
        elif self._latest.is_late(report.subject, report.order, report.now_s):
            weighed.is_late = True
        else:
            # Repeats come here too: a recovery that repeats another within the window must never be lost.
            judging = self._judging
            waits = found is not symptoms or report.subject in judging.waiting.by_subject
            not_yet = judging.expect(report, found) if waits else NOTHING
            for symptom in symptoms:
                judging.suffered(report, symptom, weighed)
            judging.recoveries(report, weighed, not_yet)
            if weighed.changed and isinstance(facts, NodeFacts):
                judging.turned(report, weighed)
            judging.remember(report, symptoms)
        effects = self._effects(report, name, repeat, weighed)
        return effects + self._changed(observation, origin, now) if observation.changes else effects

    def _was_told(self, report: Report) -> bool:
        """Whether an old warning is known: counted then, and not told again."""
        kills = self._judging.kills
        return kills.was_heard_at(report.cluster, report.since) or self._traces.get(report.event_id) is not None

    def _changed(self, observation: Observation, origin: Origin, now: datetime) -> list[Effect]:
        found = self._suspecting.changed(observation, origin, now)
        return [RecordChange(found[0]), *self._told(found[1])] if found is not None else []

    def adopt(self, rules: Rules) -> None:
        """Judge by these rules from now on. The dedup window and the memory stay those of the start."""
        self.rules = rules
        self._judging.adopt(rules)

    def tick(self, now: datetime) -> list[Effect]:
        """What time alone does: raise what has lasted long enough, resolve what stayed well for the hold, tell counts,
        forget what is long over."""
        effects = self._raise_due(now)
        effects += self._told(self._judging.calmed(now))
        effects += self._told(self._suppression.at_edge(now))
        for case in self._cases.to_resolve(self.rules.resolve_after, now):
            effects += self._resolve(case, now)
        effects += self._told(self._cases.owed(TELL_EVERY, now))
        forgotten = self._cases.forget(self.rules.reopen_within, now)
        if forgotten:
            self._judging.groups.forget(forgotten)
            self._judging.gathering.forget(forgotten)
        self._judging.placing.topology.forget(now, forgotten)
        self._judging.placing.warnings.forget(now)
        self._people.forget(now)
        self._suspecting.forget(now)
        self._window.forget(int(now.timestamp()))
        return effects

    def watch(self, members: Mapping[str, str], removed: Mapping[str, str], now: datetime) -> list[Effect]:
        """These clusters are watched now (the uid, "" while unknown, by name): close what is of no other.

        ``removed`` may say of a name how it was removed, and by whom.
        """
        return self._acted(self._departures.look(members, removed, now))

    def _raise_due(self, now: datetime) -> list[Effect]:
        effects: list[Effect] = []
        for expected in self._judging.waiting.due(now):
            report = due_report(expected.report, expected.symptom, expected.since, expected.due or now, now)
            weighed = Weighed(report.event_id)
            symptom = replace(expected.symptom, since=expected.symptom.since or expected.since)
            self._judging.suffered(report, symptom, weighed)
            effects += self._effects(report, named(report, (symptom,)), None, weighed)
        return effects

    def _resolve(self, case: Case, now: datetime) -> list[Effect]:
        """Resolve what has been well for long enough; what came and went must have been so for longer."""
        hold, why = self.rules.resolve_after, ""
        returns = returns_of(case)
        if returns > MANY_RETURNS:
            hold, why = self.rules.flapping_hold, f"; it had come and gone {returns} times in a quarter of an hour"
        if case.healed_at is None or now - case.healed_at < hold:
            return []
        text = f"No symptom was seen for {hold.total_seconds():g} s after the recovery{why}"
        self._people.end(case, Moment(now, "resolved", text))
        return self._acted([case])

    def _told(self, cases: Iterable[Case]) -> list[Effect]:
        return [RecordIncident(self._cases.tell(case)) for case in cases]

    # What people do. Each raises Refusal when it may not be done, and returns nothing when it is done already.

    def acknowledge(self, incident_id: str, actor: str, now: datetime) -> list[Effect]:
        """A person has seen it, and with it all that is under it."""
        return self._acted(self._people.acknowledge(incident_id, actor, now))

    def mitigate(self, incident_id: str, words: str, actor: str, now: datetime) -> list[Effect]:
        """Something was done, and since then no symptom is seen. Nothing when that is not so."""
        return self._acted(self._people.mitigate(incident_id, words, actor, now))

    def resolve(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Effect]:
        """A person says it is over. A symptom that is still seen after the hold opens it again."""
        return self._acted(self._people.resolve(incident_id, actor, reason, now))

    def reopen(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Effect]:
        """A person says it is not over: it stays open until a person resolves it, or a symptom comes and goes."""
        return self._acted(self._people.reopen(incident_id, actor, reason, now))

    def assign(self, incident_id: str, assignee: str, actor: str, now: datetime) -> list[Effect]:
        """Somebody's to work on; nobody's when ``assignee`` is empty."""
        return self._acted(self._people.assign(incident_id, assignee, actor, now))

    def note(self, incident_id: str, text: str, actor: str, now: datetime) -> list[Effect]:
        """A person's words in its story."""
        return self._acted(self._people.note(incident_id, text, actor, now))

    def pin(self, incident_id: str, event_id: str, actor: str, now: datetime) -> list[Effect]:
        """A stored event that a person takes for evidence. That there is one is the caller's to know."""
        return self._acted(self._people.pin(incident_id, event_id, actor, now))

    def merge(self, incident_ids: Sequence[str], actor: str, now: datetime) -> list[Effect]:
        """Put all but the first under the first."""
        return self._acted(self._people.merge(incident_ids, actor, now))

    def split(self, incident_id: str, actor: str, now: datetime) -> list[Effect]:
        """Take it out from under another."""
        return self._acted(self._people.split(incident_id, actor, now))

    def undo(self, incident_id: str, actor: str, now: datetime) -> list[Effect]:
        """Take back the actor's own last act on it, within 10 s."""
        return self._acted(self._people.undo(incident_id, actor, now))

    def _acted(self, cases: Sequence[Case]) -> list[Effect]:
        changed = {case.id: case for case in (*cases, *self._judging.groups.changed())}
        return self._told(changed.values())

    def set_silences(self, silences: Sequence[Silence], now: datetime) -> list[Effect]:
        """These, and no others, are the silences from now on: all that have not ended, begun or not."""
        return self._told(self._suppression.replace(silences, now))

    def explain(self, event_id: str) -> tuple[Stage, ...] | None:
        """What became of an event, stage by stage; None when it is not among the newest 10,000 since the start."""
        trace = self._traces.get(event_id)
        return explain(trace, self.incident) if trace is not None else None

    def incident(self, incident_id: str) -> Incident | None:
        """One that is open or was resolved within the reopening window, as last recorded; else None."""
        case = self._cases.get(incident_id)
        return case.told if case is not None else None

    def held(self) -> Sequence[Incident]:
        """All of those, newest opened first."""
        return [case.told for case in self._cases.newest_first()]

    def _effects(self, report: Report, name: Name, repeat: tuple[int, bool] | None, weighed: Weighed) -> list[Effect]:
        event = event_of(report, name, event_id(repeat[0]) if repeat is not None and not weighed.is_turn else None)
        into = event.merged_into
        is_kept = repeat is None or into is None or repeat[1]
        effects: list[Effect] = [RecordEvent(event) if into is None else MergeEvent(event, into, is_kept)]
        stored = report.event_id if is_kept else None
        is_plain = is_kept and not weighed.touched and not weighed.is_late
        way = None if is_plain else (event, is_kept, weighed.is_late, tuple(weighed.touched), weighed.why)
        self._traces.note(event, way)
        return effects + self._followed(report, stored, weighed) if weighed.touched else effects

    def _followed(self, report: Report, stored: str | None, weighed: Weighed) -> list[Effect]:
        """What else follows for the incidents that the event belongs to: groups, counts, suspects, silences."""
        groups, now = self._judging.groups, report.now
        turned = weighed.turned
        for case in turned.values() if turned else ():
            self._judging.gathering.turned(case, report.event_id, now)
        for case in weighed.touched.values():
            case.count(stored, now)
            self._cases.owe(case)
            if case.parent_id is not None:
                groups.counted(case, stored, now)
        for case in turned.values() if turned else ():
            self._suspecting.opened(case, now)
            self._suppression.opened(case, now)
        changed = weighed.changed
        if groups.news:
            changed = changed | {case.id: case for case in groups.changed()}
        return self._told(changed.values()) if changed else []
