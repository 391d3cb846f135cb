"""The whole judgement on one page: an observation comes in, is named, is weighed against what is open; effects go out.

The agent calls ``consider`` for each observation and ``tick`` about once a second, and carries the effects out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kronveil.logic import wording
from kronveil.logic.cases import Cases
from kronveil.logic.conditions import Held
from kronveil.logic.dedup import Latest, Window
from kronveil.logic.grouping import Warned, Warnings, families_of_warning, incident_key
from kronveil.logic.identity import cluster_of, event_id, incident_id
from kronveil.logic.kills import Kill, Kills
from kronveil.logic.lifecycle import KRONVEIL, Case, changeable
from kronveil.logic.naming import Name, Report, event_of, named, report_of
from kronveil.logic.symptoms import OOM_KILLED, Symptom, is_over, symptoms_of
from kronveil.model.effects import Effect, MergeEvent, RecordEvent, RecordIncident
from kronveil.model.facts import GoneFacts, ListedFacts, PodFacts, ReachFacts, WarningFacts
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus, Moment
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin

LISTED_KINDS = {"pods": "Pod", "nodes": "Node", "deployments": "Deployment"}
NODE_FAMILY = "node"
TELL_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rules:
    """How long is how long. Defaults are those of docs/reference/symptoms.md."""

    resolve_after: timedelta = timedelta(seconds=60)
    reopen_within: timedelta = timedelta(minutes=15)
    dedup_window: timedelta = timedelta(seconds=30)
    one_shot_lookback: timedelta = timedelta(hours=1)

    @property
    def memory(self) -> timedelta:
        """How far back resolved incidents must be restored so that nothing is told twice."""
        return max(self.reopen_within, self.one_shot_lookback)


@dataclass(slots=True)
class Weighed:
    """What one observation did. ``touched`` counts it; ``changed`` is seen by people; ``is_turn`` opened or reopened.

    ``cite`` is the id of the stored event that stands for it.
    """

    cite: str
    touched: dict[str, Case] = field(default_factory=dict)
    changed: dict[str, Case] = field(default_factory=dict)
    is_turn: bool = False

    def touch(self, case: Case) -> None:
        """The event belongs to the case."""
        self.touched[case.id] = case

    def change(self, case: Case) -> None:
        """The event changed what a person sees of the case."""
        self.touched[case.id] = self.changed[case.id] = case


class Triage:
    """Judges one observation at a time. Holds the open incidents; owns no task, no clock and no store.

    ``restored`` are the incidents not over, and those resolved within ``rules.memory``; ``heard`` tells when each
    cluster uid was last heard before this start.
    """

    def __init__(
        self, rules: Rules, restored: Sequence[Incident] = (), heard: Mapping[str, datetime] | None = None
    ) -> None:
        self.rules = rules
        self._cases = Cases(restored)
        self._window = Window(rules.dedup_window)
        self._latest = Latest(rules.dedup_window)
        self._warnings = Warnings()
        self._kills = Kills(rules.one_shot_lookback, heard or {}, restored)

    def consider(self, observation: Observation, origin: Origin, now: datetime) -> list[Effect]:
        """Everything that follows from one observation; ``now`` is when it was received."""
        cluster = cluster_of(origin)
        if isinstance(observation.facts, ListedFacts):
            return self._not_listed(cluster, observation.facts, now)
        report = report_of(observation, origin, cluster, now)
        symptoms = self._news(report, symptoms_of(observation.facts))
        name = named(report, symptoms)
        repeat = self._window.note(name.fingerprint, report.number, report.at_ms, report.now_s)
        weighed = Weighed(report.event_id if repeat is None or repeat[1] else event_id(repeat[0]))
        if isinstance(observation.facts, WarningFacts):
            self._warned(report, observation.facts, name, weighed, is_repeat=repeat is not None)
        elif not self._latest.is_late(report.subject, report.order, report.now_s):
            # Repeats come here too: a recovery that repeats another within the window must never be lost.
            for symptom in symptoms:
                self._suffered(report, symptom, weighed)
            self._recoveries(report, weighed)
            self._remember(report, symptoms)
        return self._effects(report, name, repeat, weighed)

    def tick(self, now: datetime) -> list[Effect]:
        """What time alone does: resolve what stayed well for the hold, tell counts, forget what is long over."""
        hold = self.rules.resolve_after
        effects: list[Effect] = []
        for case in self._cases.to_resolve(hold, now):
            text = f"No symptom was seen for {hold.total_seconds():g} s after the recovery"
            self._cases.resolved(case, case.resolve(Moment(now, "resolved", text)))
            effects.append(RecordIncident(self._cases.tell(case)))
        effects += [RecordIncident(self._cases.tell(case)) for case in self._cases.owed(TELL_EVERY, now)]
        self._cases.forget(self.rules.reopen_within, now)
        self._warnings.forget(now)
        self._window.forget(int(now.timestamp()))
        return effects

    def acknowledge(self, incident_id: str, actor: str, now: datetime) -> list[Effect]:
        """A person has seen it. Nothing when it is acknowledged already; raises Refusal when it is over."""
        case = changeable(self._cases.get(incident_id), incident_id, "acknowledge")
        if case.status is IncidentStatus.ACKNOWLEDGED:
            return []
        case.acknowledge(actor, Moment(now, "acknowledged", f"Acknowledged by {actor}", actor))
        return [RecordIncident(self._cases.tell(case))]

    def resolve(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Effect]:
        """A person says it is over. A symptom that is still seen after the hold opens it again."""
        case = changeable(self._cases.get(incident_id), incident_id, "resolve")
        text = f"Resolved by {actor}: {reason}" if reason else f"Resolved by {actor}"
        self._cases.resolved(case, case.resolve(Moment(now, "resolved", text, actor)))
        return [RecordIncident(self._cases.tell(case))]

    def incident(self, incident_id: str) -> Incident | None:
        """One that is open or was resolved within the reopening window, as last recorded; else None."""
        case = self._cases.get(incident_id)
        return case.told if case is not None else None

    def held(self) -> Sequence[Incident]:
        """All of those, newest opened first."""
        return [case.told for case in self._cases.newest_first()]

    # Symptoms and recoveries.

    def _news(self, report: Report, symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
        """Without kills that are old, or were told by another report."""
        if not any(symptom.mark for symptom in symptoms):
            return symptoms
        return tuple(symptom for symptom in symptoms if not symptom.mark or self._is_news(report, symptom))

    def _is_news(self, report: Report, symptom: Symptom) -> bool:
        if self._kills.is_known(report.subject, symptom):
            return self._kills.is_told_by(report.subject, symptom, report.event_id)
        return self._kills.is_recent(report.cluster, symptom, report.now)

    def _recoveries(self, report: Report, weighed: Weighed) -> None:
        """Clear what these facts show to be over; what is not over was seen again."""
        facts = report.observation.facts
        of_subject = self._cases.conditions_of(report.subject)
        for held in list(of_subject.values()) if of_subject else ():
            over = is_over(held.kind, held.part, facts)
            if held.is_active and over:
                self._cases.recover(held, report.now)
                text = wording.recovery(held.subject, held.kind, held.part, facts)
                self._tell(report, held.case, "recovered", text, weighed)
            elif held.is_active:
                held.see(report.now)
            elif over and self._is_quiet(held, report.now):
                # What a person said is now seen as well: should it come back, that is news.
                held.clear(report.now)
                weighed.touch(held.case)
            elif not over and self._is_unready_again(held, report):
                self._suffer(report, held.case, Symptom(held.kind, held.case.family, held.part, mark=held.mark))
                text = f"{wording.called(held.subject)}: container {held.part} is not ready again after the kill"
                self._tell(report, held.case, "evidence", text, weighed)

    def _is_unready_again(self, held: Held, report: Report) -> bool:
        # A kill is over only when its container has run ready for the whole hold.
        facts = report.observation.facts
        is_watched = held.kind == OOM_KILLED and not held.case.is_resolved
        return is_watched and isinstance(facts, PodFacts) and not facts.terminating

    def _suffered(self, report: Report, symptom: Symptom, weighed: Weighed) -> None:
        """A symptom is there: confirm what is known, or find the incident it belongs to."""
        held = (self._cases.conditions_of(report.subject) or {}).get((symptom.kind, symptom.part))
        if held is not None and held.case.family not in (symptom.family, NODE_FAMILY):
            # The same crash loop now has another cause: it moves to the incident of that cause.
            if held.is_active:
                self._cases.recover(held, report.now)
                text = f"{wording.called(held.subject)}: {symptom.kind} is now one of {symptom.family}"
                self._tell(report, held.case, "recovered", text, weighed)
            held = None
        is_told = bool(symptom.mark) and self._kills.is_known(report.subject, symptom)
        if held is not None and (is_told or (held.is_active and held.mark == symptom.mark)):
            weighed.touch(held.case)
            return
        if is_told or (held is not None and held.mark == symptom.mark and self._is_quiet(held, report.now)):
            return
        case = self._place(report, symptom, held, weighed)
        self._suffer(report, case, symptom)

    def _is_quiet(self, held: Held, now: datetime) -> bool:
        """Whether a person has just resolved this: what is still in flight does not undo it, what lasts does."""
        case = held.case
        if case.resolved_at is None or held.cleared_at != case.resolved_at or case.resolver == KRONVEIL:
            return False
        return now - case.resolved_at < self.rules.resolve_after

    def _place(self, report: Report, symptom: Symptom, held: Held | None, weighed: Weighed) -> Case:
        """The incident of a symptom that was not there before: an open one, one to reopen, or a new one."""
        text = wording.onset(report.observation.resource, symptom)
        if held is not None and not held.case.is_resolved:
            self._tell(report, held.case, "evidence", text, weighed)
            return held.case
        key = incident_key(report.cluster, report.owner, symptom.family)
        # An owner or a cluster's uid that was learned late has changed the key, not the trouble.
        known = held.case if held is not None and held.case.family == symptom.family else None
        own = self._cases.of_key(key) or known
        joined = own if own is not None and not own.is_resolved else self._node_case(report)
        if joined is not None:
            self._tell(report, joined, "evidence", text, weighed)
            return joined
        weighed.is_turn = True
        if own is not None and own.resolved_at and report.now - own.resolved_at <= self.rules.reopen_within:
            own.reopen(Moment(report.now, "reopened", text, event_id=report.event_id))
            weighed.change(own)
            return own
        return self._open(report, symptom, key, weighed)

    def _node_case(self, report: Report) -> Case | None:
        facts = report.observation.facts
        return self._cases.of_node(report.cluster, facts.node) if isinstance(facts, PodFacts) and facts.node else None

    def _open(self, report: Report, symptom: Symptom, key: str, weighed: Weighed) -> Case:
        origin = report.origin
        case = Case(
            id=incident_id(key, report.event_id),
            key=key,
            kind=symptom.kind,
            family=symptom.family,
            title=wording.title(symptom, report.owner),
            severity=symptom.severity,
            cluster=ClusterRef(origin.cluster_uid, origin.cluster_name, origin.cluster_region),
            resource=report.owner,
            opened_at=report.now,
        )
        self._cases.add(case)
        text = wording.onset(report.observation.resource, symptom)
        case.tell(Moment(report.now, "opened", text, event_id=report.event_id))
        weighed.change(case)
        for warned in self._warnings.take(report.cluster, report.owner, symptom.family, report.now):
            case.count(warned.event_id, report.now)
            case.tell(Moment(report.now, "evidence", f"Before it: {warned.text}", event_id=warned.event_id))
        return case

    def _suffer(self, report: Report, case: Case, symptom: Symptom) -> None:
        since = symptom.ended_at or report.since
        condition = Condition(
            symptom.kind, report.observation.resource, symptom.part, since, report.now, mark=symptom.mark
        )
        self._cases.suffer(case, condition)

    def _warned(self, report: Report, facts: WarningFacts, name: Name, weighed: Weighed, *, is_repeat: bool) -> None:
        """A warning opens nothing; it is evidence for the open incident of its owner, or of one about to open."""
        families = families_of_warning(facts.reason, name.message)
        text = f"{facts.reason}: {name.message}"
        for family in families:
            case = self._cases.of_key(incident_key(report.cluster, report.owner, family))
            if case is None or case.is_resolved:
                continue
            if is_repeat or case.has_told(text):
                weighed.touch(case)
            else:
                self._tell(report, case, "evidence", text, weighed)
            return
        if families and not is_repeat:
            warned = Warned(report.now, report.event_id, families, text)
            self._warnings.remember(report.cluster, report.owner, warned)

    def _not_listed(self, cluster: str, facts: ListedFacts, now: datetime) -> list[Effect]:
        """What was wrong before a break and was not seen in the first complete list after it is over."""
        kind = LISTED_KINDS.get(facts.kind, facts.kind)
        changed: dict[str, Case] = {}
        for held in self._cases.active_conditions(cluster, kind, facts.started_at):
            self._cases.recover(held, now)
            where = wording.called(held.subject)
            text = f"{where}: not found any more when the cluster was listed again after a break"
            held.case.tell(Moment(now, "recovered", text))
            changed[held.case.id] = held.case
        return [RecordIncident(self._cases.tell(case)) for case in changed.values()]

    # What is remembered and told.

    def _tell(self, report: Report, case: Case, what: str, text: str, weighed: Weighed) -> None:
        case.tell(Moment(report.now, what, text, event_id=weighed.cite))
        weighed.change(case)

    def _remember(self, report: Report, symptoms: tuple[Symptom, ...]) -> None:
        facts = report.observation.facts
        if isinstance(facts, GoneFacts):
            self._kills.forget(report.subject)
        if not isinstance(facts, ReachFacts):
            self._kills.hear(report.cluster, report.now)
        for symptom in symptoms:
            if symptom.mark:
                self._kills.remember(report.subject, symptom.part, Kill(symptom.mark, report.event_id))

    def _effects(self, report: Report, name: Name, repeat: tuple[int, bool] | None, weighed: Weighed) -> list[Effect]:
        effects: list[Effect]
        stored: str | None = report.event_id
        if repeat is None or weighed.is_turn:
            effects = [RecordEvent(event_of(report, name, None))]
        else:
            into = event_id(repeat[0])
            effects = [MergeEvent(event_of(report, name, into), into, repeat[1])]
            stored = report.event_id if repeat[1] else None
        for case in weighed.touched.values():
            case.count(stored, report.now)
            self._cases.owe(case)
        effects += [RecordIncident(self._cases.tell(case)) for case in weighed.changed.values()]
        return effects
