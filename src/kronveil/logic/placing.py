"""Where a symptom belongs that was not there before: an incident that is open, one to reopen, or a new one."""

from kronveil.logic import explain, wording
from kronveil.logic.cases import Cases
from kronveil.logic.conditions import Held
from kronveil.logic.grouping import Warnings, incident_key
from kronveil.logic.groups import Groups
from kronveil.logic.identity import incident_id
from kronveil.logic.identity import place as place_of
from kronveil.logic.kin import EXPLAINING
from kronveil.logic.kinds import EVICTED, QUOTA_EXCEEDED, ROLLOUT_STUCK, UNAVAILABLE, UNSCHEDULABLE, Symptom
from kronveil.logic.lifecycle import Case
from kronveil.logic.naming import Report
from kronveil.logic.rules import Rules
from kronveil.logic.topology import Topology
from kronveil.logic.weighed import Weighed
from kronveil.model.facts import PodFacts
from kronveil.model.incident import ClusterRef, Condition, Moment
from kronveil.model.resource import Resource


class Placing:
    """Puts symptoms into incidents."""

    def __init__(self, rules: Rules, cases: Cases, groups: Groups) -> None:
        self.rules = rules
        self.cases = cases
        self.topology = Topology(cases, groups)
        self.warnings = Warnings()

    def place(self, report: Report, symptom: Symptom, held: Held | None, weighed: Weighed) -> Case:
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
        return self._open(report, symptom, key, text, weighed)

    def _cause_of(self, report: Report, symptom: Symptom) -> tuple[Case | None, str]:
        """The open incident that this symptom follows from, and why: of its node, volume, quota, or its own pods."""
        facts, cluster = report.observation.facts, report.cluster
        if isinstance(facts, PodFacts):
            return self._cause_of_pod(report, symptom, facts)
        if symptom.kind in (UNAVAILABLE, ROLLOUT_STUCK):
            quota = next(
                (h for h in self.cases.kin_of(cluster, place_of(report.owner)) if h.kind == QUOTA_EXCEEDED), None
            )
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

    def _open(self, report: Report, symptom: Symptom, key: str, text: str, weighed: Weighed) -> Case:
        origin, owner = report.origin, report.owner
        case = Case(
            id=incident_id(key, report.event_id),
            key=key,
            kind=symptom.kind,
            family=symptom.family,
            title=wording.title(symptom, owner),
            severity=symptom.severity,
            cluster=ClusterRef(origin.cluster_uid, origin.cluster_name, origin.cluster_region),
            resource=owner,
            opened_at=report.now,
        )
        self.cases.add(case)
        case.tell(Moment(report.now, "opened", text, event_id=report.event_id))
        weighed.turn(case, explain.OPENED)
        for warned in self.warnings.take(report.cluster, owner, symptom.family, report.now):
            case.count(warned.event_id, report.now)
            case.tell(Moment(report.now, "evidence", f"Before it: {warned.text}", event_id=warned.event_id))
        return case

    def suffer(self, report: Report, case: Case, symptom: Symptom) -> None:
        since = symptom.ended_at or report.since
        if symptom.since is not None and symptom.ended_at is None:
            since = min(symptom.since, since)
        condition = Condition(
            symptom.kind, report.observation.resource, symptom.part, since, report.now, mark=symptom.mark
        )
        held = self.cases.suffer(case, condition, symptom.severity)
        self.topology.suffered(report, held)

    def tell(self, report: Report, case: Case, what: str, text: str, weighed: Weighed) -> None:
        """A line in the story of a case."""
        case.tell(Moment(report.now, what, text, event_id=weighed.cite))
        weighed.change(case)
