"""One report weighed against what is open: what counts, what is over, what must last, what a warning tells.

``triage`` calls this for each report; ``placing`` says where a new symptom belongs.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from kronveil.logic import explain, wording
from kronveil.logic.cases import Cases
from kronveil.logic.conditions import Held
from kronveil.logic.flapping import NODE_TURNS, NODE_WINDOW, turns_of
from kronveil.logic.gathering import Gathering
from kronveil.logic.grouping import Warned, families_of_warning, incident_key
from kronveil.logic.groups import Groups
from kronveil.logic.identity import place, subject_of
from kronveil.logic.kills import Kill, Kills
from kronveil.logic.kin import heals
from kronveil.logic.kinds import (
    COUNT_AT_ONCE,
    CRASH_LOOPING,
    EVICTED,
    JOB_FAILED,
    NODE_FLAPPING,
    NODE_NOT_READY,
    OOM_KILLED,
    QUOTA_EXCEEDED,
    Symptom,
)
from kronveil.logic.lifecycle import KRONVEIL, Case
from kronveil.logic.naming import Name, Report
from kronveil.logic.placing import Placing
from kronveil.logic.platform import quota_named, warning_symptoms
from kronveil.logic.rules import Rules
from kronveil.logic.symptoms import is_over
from kronveil.logic.waiting import Waiting
from kronveil.logic.weighed import Weighed
from kronveil.model.facts import BackendFacts, GoneFacts, PodFacts, ReachFacts, SourceFacts, WarningFacts
from kronveil.model.incident import Moment
from kronveil.model.resource import Resource

# What the agent itself says of a cluster is no sign of its life.
_OF_THE_AGENT = (ReachFacts, SourceFacts)


class Judging:
    """Weighs one report after the other against what is open. Owns the incidents, and all that is remembered."""

    def __init__(self, rules: Rules, cases: Cases, kills: Kills) -> None:
        self.rules = rules
        self.cases = cases
        self.kills = kills
        self.waiting = Waiting()
        self.groups = Groups(cases, rules)
        self.gathering = Gathering(cases, self.groups)
        self.placing = Placing(rules, cases, self.groups)

    def adopt(self, rules: Rules) -> None:
        """Judge by these rules from now on."""
        self.rules = self.placing.rules = self.groups.rules = rules

    # What counts now, and what only when it lasts.

    def present(self, report: Report, symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
        """Those that count now: not a kill that is old or was told, nor what has not lasted long enough."""
        first = symptoms[0]
        if len(symptoms) == 1 and first.kind in COUNT_AT_ONCE and not first.mark and not first.after:
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
        if expected is not None and expected.symptom.since == symptom.since:
            return expected.since
        # How long we have looked ourselves does not depend on when the source says that it was.
        return report.now if symptom.is_seen_after else report.since

    def is_concerned(self, subject: tuple[str, str]) -> bool:
        """Whether anything is wrong with an object, was lately, or is about to count."""
        return bool(self.cases.conditions_of(subject)) or subject in self.waiting.by_subject

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
            over = is_over(held.kind, held.part, facts) or (not_yet and (held.kind, held.part) in not_yet)
            if held.is_active and over:
                self._recovered(report, held, weighed)
            elif held.is_active:
                held.see(report.now)
            elif over and self._is_quiet(held, report.now):
                # What a person said is now seen as well: should it come back, that is news.
                held.clear(report.now)
                weighed.touch(held.case)
            elif not over and self._is_unready_again(held, report):
                self.placing.suffer(report, held.case, Symptom(held.kind, held.case.family, held.part, mark=held.mark))
                text = f"{wording.called(held.subject)}: container {held.part} is not ready again after the kill"
                self.placing.tell(report, held.case, "evidence", text, weighed)
        if self.cases.has_kin:
            self._kin_recoveries(report, weighed)

    def _recovered(self, report: Report, held: Held, weighed: Weighed) -> None:
        self.cases.recover(held, report.now)
        text = wording.recovery(held.subject, held.kind, held.part, report.observation.facts)
        weighed.because(held.case, explain.RECOVERY)
        self.placing.tell(report, held.case, "recovered", text, weighed)

    def _kin_recoveries(self, report: Report, weighed: Weighed) -> None:
        """What is over because others of the owner do well."""
        owner, itself = place(report.owner), place(report.observation.resource)
        facts = report.observation.facts
        for held in self.cases.kin_of(report.cluster, owner):
            if heals(held.kind, held.since, facts, report.since, is_owner=owner == itself):
                self.cases.recover(held, report.now)
                text = f"{wording.called(held.subject)}: {held.kind} is over, {wording.called(report.owner)} does well"
                weighed.because(held.case, explain.RECOVERY)
                self.placing.tell(report, held.case, "recovered", text, weighed)

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
                self.placing.tell(report, held.case, "recovered", text, weighed)
            held = None
        is_told = bool(symptom.mark) and self.kills.is_known(report.subject, symptom)
        if held is not None and (is_told or (held.is_active and held.mark == symptom.mark)):
            weighed.touch(held.case)
            self.placing.topology.seen(report, held)
            return
        if is_told or (held is not None and held.mark == symptom.mark and self._is_quiet(held, report.now)):
            return
        case = self.placing.place(report, symptom, held, weighed)
        self.placing.suffer(report, case, symptom)

    def _is_of_other_cause(self, held: Held, symptom: Symptom) -> bool:
        return held.case.family in ("crash", "memory") and held.case.family != symptom.family

    def _is_quiet(self, held: Held, now: datetime) -> bool:
        """Whether a person has just resolved this: what is still in flight does not undo it, what lasts does."""
        case = held.case
        if case.resolved_at is None or held.cleared_at != case.resolved_at or case.resolver == KRONVEIL:
            return False
        return now - case.resolved_at < self.rules.resolve_after

    # Warnings, nodes that come and go.

    def warned(self, report: Report, facts: WarningFacts, name: Name, weighed: Weighed, *, is_repeat: bool) -> None:
        """A warning opens nothing but where it is all that is ever said; it is evidence for the open incident of its
        owner, or of one about to open."""
        if self._is_symptom(report, facts, name, weighed):
            return
        families = families_of_warning(facts.reason, name.message)
        text = wording.warning(facts.reason, name.message)
        for family in families:
            case = self.cases.of_key(incident_key(report.cluster, report.owner, family))
            if case is None or case.is_resolved:
                continue
            weighed.because(case, explain.WARNING)
            if is_repeat or case.has_told(text):
                weighed.touch(case)
            else:
                self.placing.tell(report, case, "evidence", text, weighed)
            return
        if families and not is_repeat:
            warned = Warned(report.now, report.event_id, families, text)
            self.placing.warnings.remember(report.cluster, report.owner, warned)

    def _is_symptom(self, report: Report, facts: WarningFacts, name: Name, weighed: Weighed) -> bool:
        """Whether the warning is a symptom that counts."""
        if facts.is_old:
            # What has become of it since nobody said: objects that are well are not told by a first list.
            return False
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
        changed: list[Case] = []
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

    def remember(self, report: Report, symptoms: tuple[Symptom, ...]) -> None:
        facts = report.observation.facts
        if isinstance(facts, GoneFacts):
            self.kills.forget(report.subject)
        elif isinstance(facts, BackendFacts):
            self.gathering.backends.note(report.cluster, report.subject, facts)
        if not isinstance(facts, _OF_THE_AGENT):
            self.kills.hear(report.cluster, report.now)
        for symptom in symptoms:
            if symptom.mark:
                self.kills.remember(report.subject, symptom.part, Kill(symptom.mark, report.event_id))
