"""Where each symptom belongs: an incident that is there, one to reopen, or a new one; and what is over.

``triage`` calls this once a report has a name; what a report did is gathered in a ``Weighed``.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from kronveil.logic import explain, wording
from kronveil.logic.cases import Cases
from kronveil.logic.conditions import Held
from kronveil.logic.flapping import NODE_TURNS, NODE_WINDOW, turns_of
from kronveil.logic.grouping import Warned, Warnings, families_of_warning, incident_key
from kronveil.logic.groups import Groups
from kronveil.logic.identity import incident_id, place, subject_of
from kronveil.logic.kills import Kill, Kills
from kronveil.logic.kin import EXPLAINING, heals
from kronveil.logic.kinds import (
    CRASH_LOOPING,
    EVICTED,
    JOB_FAILED,
    NODE_FLAPPING,
    NODE_NOT_READY,
    OOM_KILLED,
    QUOTA_EXCEEDED,
    ROLLOUT_STUCK,
    UNAVAILABLE,
    UNSCHEDULABLE,
    Symptom,
)
from kronveil.logic.lifecycle import KRONVEIL, Case
from kronveil.logic.naming import Name, Report
from kronveil.logic.platform import quota_named, warning_symptoms
from kronveil.logic.rules import Rules
from kronveil.logic.symptoms import is_over
from kronveil.logic.waiting import Waiting
from kronveil.model.facts import GoneFacts, PodFacts, ReachFacts, WarningFacts
from kronveil.model.incident import ClusterRef, Condition, Moment
from kronveil.model.resource import Resource

_NO_CASES: dict[str, Case] = {}
_NO_WHY: dict[str, str] = {}


class Weighed:
    """What one observation did. ``touched`` counts it; ``changed`` is seen by people; ``turned`` was (re)opened by it.

    ``cite`` is the id of the stored event that stands for it; ``why`` says how it came to belong to a case. Most
    observations do nothing, so the dictionaries are made when something is put into them.
    """

    __slots__ = ("changed", "cite", "is_late", "touched", "turned", "why")

    def __init__(self, cite: str) -> None:
        self.cite = cite
        self.touched = self.changed = self.turned = _NO_CASES
        self.why = _NO_WHY
        self.is_late = False

    @property
    def is_turn(self) -> bool:
        """Whether an incident was opened or reopened by it: then it has a row of its own."""
        return bool(self.turned)

    def touch(self, case: Case) -> None:
        """The event belongs to the case."""
        if self.touched is _NO_CASES:
            self.touched = {}
        self.touched[case.id] = case

    def change(self, case: Case) -> None:
        """The event changed what a person sees of the case."""
        self.touch(case)
        if self.changed is _NO_CASES:
            self.changed = {}
        self.changed[case.id] = case

    def turn(self, case: Case, why: str) -> None:
        """The event opened or reopened the case."""
        self.change(case)
        if self.turned is _NO_CASES:
            self.turned = {}
        self.turned[case.id] = case
        self.because(case, why)

    def because(self, case: Case, why: str) -> None:
        """How it came to belong to the case; what was said first holds."""
        if self.why is _NO_WHY:
            self.why = {}
        self.why.setdefault(case.id, why)


class Judging:
    """Weighs one report after the other against what is open. Owns the incidents, and all that is remembered."""

    def __init__(self, rules: Rules, cases: Cases, kills: Kills) -> None:
        self.rules = rules
        self.cases = cases
        self.kills = kills
        self.warnings = Warnings()
        self.waiting = Waiting()
        self.groups = Groups(cases, rules)

    # What counts now, and what only when it lasts.

    def present(self, report: Report, symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
        """Those that count now: not a kill that is old or was told, nor what has not lasted long enough."""
        if len(symptoms) == 1 and not symptoms[0].mark and not symptoms[0].lasts and symptoms[0].since is None:
            return symptoms
        return tuple([one for one in (self._marked(report, each) for each in symptoms) if self._counts(report, one)])

    def _marked(self, report: Report, symptom: Symptom) -> Symptom:
        """Kills that end with others of the owner know it by their part."""
        if symptom.kind not in (EVICTED, JOB_FAILED):
            return symptom
        return replace(symptom, part=place(report.owner), ended_at=symptom.ended_at or report.since)

    def _counts(self, report: Report, symptom: Symptom) -> bool:
        if symptom.mark:
            return self._is_news(report, symptom)
        due = self._due(report, symptom)
        return due is None or due <= report.now

    def _due(self, report: Report, symptom: Symptom) -> datetime | None:
        """When it counts; None when it does so already."""
        lasts = symptom.lasts
        if symptom.since is None:
            if not lasts or self._is_held(report, symptom):
                return None
            return self._first_seen(report, symptom) + lasts
        due = symptom.since + lasts
        if symptom.is_seen_after and not self._is_held(report, symptom):
            return max(due, self._first_seen(report, symptom) + lasts)
        return due

    def _first_seen(self, report: Report, symptom: Symptom) -> datetime:
        expected = self.waiting.get(report.subject, symptom)
        is_same = expected is not None and expected.symptom.since == symptom.since
        return expected.since if expected is not None and is_same else report.since

    def _is_held(self, report: Report, symptom: Symptom) -> bool:
        held = (self.cases.conditions_of(report.subject) or {}).get((symptom.kind, symptom.part))
        return held is not None and held.is_active

    def expect(self, report: Report, symptoms: tuple[Symptom, ...]) -> set[tuple[str, str]]:
        """Wait for those that do not count yet, and name them; call off what counts now or is over."""
        not_yet: set[tuple[str, str]] = set()
        for symptom in symptoms:
            due = None if symptom.mark else self._due(report, symptom)
            if due is not None and due > report.now:
                not_yet.add((symptom.kind, symptom.part))
                self.waiting.expect(report, symptom, self._first_seen(report, symptom), due)
            else:
                self.waiting.call_off(report.subject, (symptom.kind, symptom.part))
        for kind, part in list(self.waiting.of(report.subject) or ()):
            if is_over(kind, part, report.observation.facts):
                self.waiting.call_off(report.subject, (kind, part))
        return not_yet

    def _is_news(self, report: Report, symptom: Symptom) -> bool:
        if self.kills.is_known(report.subject, symptom):
            return self.kills.is_told_by(report.subject, symptom, report.event_id)
        return self.kills.is_recent(report.cluster, symptom, report.now)

    # Symptoms and recoveries.

    def recoveries(self, report: Report, weighed: Weighed, not_yet: AbstractSet[tuple[str, str]]) -> None:
        """Clear what these facts show to be over; what is not over was seen again.

        What the facts count from another time now (``not_yet``) was over in between.
        """
        facts = report.observation.facts
        of_subject = self.cases.conditions_of(report.subject)
        for held in list(of_subject.values()) if of_subject else ():
            over = is_over(held.kind, held.part, facts) or (held.kind, held.part) in not_yet
            if held.is_active and over:
                self._recovered(report, held, weighed)
            elif held.is_active:
                held.see(report.now)
            elif over and self._is_quiet(held, report.now):
                # What a person said is now seen as well: should it come back, that is news.
                held.clear(report.now)
                weighed.touch(held.case)
            elif not over and self._is_unready_again(held, report):
                self._suffer(report, held.case, Symptom(held.kind, held.case.family, held.part, mark=held.mark))
                text = f"{wording.called(held.subject)}: container {held.part} is not ready again after the kill"
                self.tell(report, held.case, "evidence", text, weighed)
        if self.cases.has_kin:
            self._kin_recoveries(report, weighed)

    def _recovered(self, report: Report, held: Held, weighed: Weighed) -> None:
        self.cases.recover(held, report.now)
        text = wording.recovery(held.subject, held.kind, held.part, report.observation.facts)
        weighed.because(held.case, explain.RECOVERY)
        self.tell(report, held.case, "recovered", text, weighed)

    def _kin_recoveries(self, report: Report, weighed: Weighed) -> None:
        """What is over because others of the owner do well."""
        owner, itself = place(report.owner), place(report.observation.resource)
        facts = report.observation.facts
        for held in self.cases.kin_of(report.cluster, owner):
            if heals(held.kind, held.since, facts, report.since, is_owner=owner == itself):
                self.cases.recover(held, report.now)
                text = f"{wording.called(held.subject)}: {held.kind} is over, {wording.called(report.owner)} does well"
                weighed.because(held.case, explain.RECOVERY)
                self.tell(report, held.case, "recovered", text, weighed)

    def _is_unready_again(self, held: Held, report: Report) -> bool:
        # A kill is over only when its container has run ready for the whole hold.
        facts = report.observation.facts
        is_watched = held.kind == OOM_KILLED and not held.case.is_resolved
        return is_watched and isinstance(facts, PodFacts) and not facts.terminating

    def suffered(self, report: Report, symptom: Symptom, weighed: Weighed) -> None:
        """A symptom is there: confirm what is known, or find the incident it belongs to."""
        held = (self.cases.conditions_of(report.subject) or {}).get((symptom.kind, symptom.part))
        if held is not None and symptom.kind == CRASH_LOOPING and self._is_of_other_cause(held, symptom):
            # The same crash loop now has another cause: it moves to the incident of that cause.
            if held.is_active:
                self.cases.recover(held, report.now)
                text = f"{wording.called(held.subject)}: {symptom.kind} is now one of {symptom.family}"
                self.tell(report, held.case, "recovered", text, weighed)
            held = None
        is_told = bool(symptom.mark) and self.kills.is_known(report.subject, symptom)
        if held is not None and (is_told or (held.is_active and held.mark == symptom.mark)):
            weighed.touch(held.case)
            self.groups.seen(report, held)
            return
        if is_told or (held is not None and held.mark == symptom.mark and self._is_quiet(held, report.now)):
            return
        case = self._place(report, symptom, held, weighed)
        self._suffer(report, case, symptom)

    def _is_of_other_cause(self, held: Held, symptom: Symptom) -> bool:
        return held.case.family in ("crash", "memory") and held.case.family != symptom.family

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
            self.tell(report, held.case, "evidence", text, weighed)
            weighed.because(held.case, explain.SAME_CONDITION)
            return held.case
        key = incident_key(report.cluster, report.owner, symptom.family)
        # An owner or a cluster's uid that was learned late has changed the key, not the trouble.
        known = held.case if held is not None and held.case.family == symptom.family else None
        own = self.cases.of_key(key) or known
        joined, why = (own, explain.SAME_PLACE) if own is not None and not own.is_resolved else (None, "")
        if joined is None:
            joined, why = self._cause_of(report, symptom)
        if joined is not None:
            self.tell(report, joined, "evidence", text, weighed)
            weighed.because(joined, why)
            return joined
        if own is not None and own.resolved_at and report.now - own.resolved_at <= self.rules.reopen_within:
            own.reopen(Moment(report.now, "reopened", text, event_id=report.event_id))
            weighed.turn(own, explain.REOPENED)
            return own
        return self._open(report, symptom, key, weighed)

    def _cause_of(self, report: Report, symptom: Symptom) -> tuple[Case | None, str]:
        """The open incident that this symptom follows from, and why: of its node, volume, quota, or its own pods."""
        facts, cluster = report.observation.facts, report.cluster
        if isinstance(facts, PodFacts):
            return self._cause_of_pod(report, symptom, facts)
        if symptom.kind in (UNAVAILABLE, ROLLOUT_STUCK):
            quota = next((h for h in self.cases.kin_of(cluster, place(report.owner)) if h.kind == QUOTA_EXCEEDED), None)
            if quota is not None:
                return quota.case, explain.SAME_QUOTA
        if symptom.kind == UNAVAILABLE:
            own = (self.cases.of_key(incident_key(cluster, report.owner, family)) for family in EXPLAINING)
            return next((case for case in own if case is not None and not case.is_resolved), None), explain.OWN_PODS
        return None, ""

    def _cause_of_pod(self, report: Report, symptom: Symptom, pod: PodFacts) -> tuple[Case | None, str]:
        found = self.cases.of_node(report.cluster, pod.node) if pod.node else None
        if found is None and symptom.kind == EVICTED:
            found = self.cases.of_pressed_node(report.cluster, pod.node)
        if found is None and symptom.kind == UNSCHEDULABLE:
            return self._volume_case(report, pod.claims), explain.SAME_VOLUME
        return found, explain.SAME_NODE

    def _volume_case(self, report: Report, claims: tuple[str, ...]) -> Case | None:
        for claim in claims:
            resource = Resource("PersistentVolumeClaim", claim, report.observation.resource.namespace)
            case = self.cases.of_key(incident_key(report.cluster, resource, "volume"))
            if case is not None and not case.is_resolved:
                return case
        return None

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
        self.cases.add(case)
        text = wording.onset(report.observation.resource, symptom)
        case.tell(Moment(report.now, "opened", text, event_id=report.event_id))
        weighed.turn(case, explain.OPENED)
        for warned in self.warnings.take(report.cluster, report.owner, symptom.family, report.now):
            case.count(warned.event_id, report.now)
            case.tell(Moment(report.now, "evidence", f"Before it: {warned.text}", event_id=warned.event_id))
        return case

    def _suffer(self, report: Report, case: Case, symptom: Symptom) -> None:
        since = symptom.ended_at or min(symptom.since or report.since, report.since)
        condition = Condition(
            symptom.kind, report.observation.resource, symptom.part, since, report.now, mark=symptom.mark
        )
        held = self.cases.suffer(case, condition, symptom.severity)
        self.groups.suffered(report, held)

    # Warnings, nodes that come and go.

    def warned(self, report: Report, facts: WarningFacts, name: Name, weighed: Weighed, *, is_repeat: bool) -> None:
        """A warning opens nothing but where it is all that is ever said; it is evidence for the open incident of its
        owner, or of one about to open."""
        if self._is_symptom(report, facts, name, weighed):
            return
        families = families_of_warning(facts.reason, name.message)
        text = f"{facts.reason}: {name.message}"
        for family in families:
            case = self.cases.of_key(incident_key(report.cluster, report.owner, family))
            if case is None or case.is_resolved:
                continue
            weighed.because(case, explain.WARNING)
            if is_repeat or case.has_told(text):
                weighed.touch(case)
            else:
                self.tell(report, case, "evidence", text, weighed)
            return
        if families and not is_repeat:
            warned = Warned(report.now, report.event_id, families, text)
            self.warnings.remember(report.cluster, report.owner, warned)

    def _is_symptom(self, report: Report, facts: WarningFacts, name: Name, weighed: Weighed) -> bool:
        """Whether the warning is a symptom that counts."""
        quota = quota_named(facts, name.message)
        if quota is not None:
            about = replace(
                report,
                observation=replace(
                    report.observation,
                    resource=Resource("ResourceQuota", quota, report.observation.resource.namespace),
                    owner=None,
                ),
            )
            about.subject = subject_of(about.cluster, about.observation.resource)
            found = Symptom(QUOTA_EXCEEDED, "scheduling", place(report.owner), facts.reason, name.message)
            for symptom in self.rules.applied((found,)):
                self.suffered(about, symptom, weighed)
            return bool(weighed.touched)
        if report.observation.resource.kind != "Pod":
            return False
        for symptom in self.rules.applied(warning_symptoms(facts, name.message)):
            # One alone is usual while a pod starts, and an old one is told anew after a start of ours: only a second
            # one, a while after the first, says that it lasts.
            if self._is_held(report, symptom) or report.since - self._first_seen(report, symptom) >= symptom.lasts:
                self.waiting.call_off(report.subject, (symptom.kind, symptom.part))
                self.suffered(report, symptom, weighed)
                return True
            self.waiting.expect(report, symptom, self._first_seen(report, symptom), None)
        return False

    def turned(self, report: Report, weighed: Weighed) -> None:
        """A node has turned from ready to not, or back: once more may be once too often."""
        node = report.observation.resource
        for case in list(weighed.changed.values()):
            if case.family == "node" and len(turns_of(case, node, report.now)) >= NODE_TURNS:
                message = f"The node lost or regained readiness {NODE_TURNS} times in {NODE_WINDOW.seconds // 60} min"
                found = Symptom(NODE_FLAPPING, "node", reason="Flapping", message=message)
                for symptom in self.rules.applied((found,)):
                    self.suffered(report, symptom, weighed)

    def calmed(self, now: datetime) -> list[Case]:
        """Nodes that came and went and have been ready for a whole window, in clusters that are heard."""
        changed = []
        for held in self.cases.flapping_nodes():
            of_node = self.cases.conditions_of(subject_of(held.case.cluster_id, held.subject)) or {}
            lost = of_node.get((NODE_NOT_READY, ""))
            is_ready = lost is None or not lost.is_active
            if not is_ready or self.cases.is_unheard(held.case.cluster.name) or turns_of(held.case, held.subject, now):
                continue
            self.cases.recover(held, now)
            text = f"{wording.called(held.subject)}: {NODE_FLAPPING} is over, it has been ready for a while"
            held.case.tell(Moment(now, "recovered", text))
            changed.append(held.case)
        return changed

    def not_listed(self, cluster: str, kind: str, started_at: datetime, now: datetime) -> list[Case]:
        """What was wrong before a break and was not seen in the first complete list after it is over."""
        changed: dict[str, Case] = {}
        self.waiting.not_listed(cluster, kind, started_at)
        for held in self.cases.active_conditions(cluster, kind, started_at):
            self.cases.recover(held, now)
            where = wording.called(held.subject)
            text = f"{where}: not found any more when the cluster was listed again after a break"
            held.case.tell(Moment(now, "recovered", text))
            changed[held.case.id] = held.case
        return list(changed.values())

    # What is remembered and told.

    def tell(self, report: Report, case: Case, what: str, text: str, weighed: Weighed) -> None:
        """A line in the story of a case."""
        case.tell(Moment(report.now, what, text, event_id=weighed.cite))
        weighed.change(case)

    def remember(self, report: Report, symptoms: tuple[Symptom, ...]) -> None:
        facts = report.observation.facts
        if isinstance(facts, GoneFacts):
            self.kills.forget(report.subject)
        if not isinstance(facts, ReachFacts):
            self.kills.hear(report.cluster, report.now)
        for symptom in symptoms:
            if symptom.mark:
                self.kills.remember(report.subject, symptom.part, Kill(symptom.mark, report.event_id))
