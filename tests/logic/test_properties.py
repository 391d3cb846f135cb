"""What must hold whatever happens: histories made by chance."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import Effect, MergeEvent, RecordEvent
from kronveil.model.event import Severity
from kronveil.model.facts import ClaimFacts, Facts, GoneFacts, NodeFacts, PodFacts, QuotaFacts, SyncFacts, WorkloadFacts
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource
from tests.logic.scenes import (
    EAST,
    NODE,
    START,
    WEST,
    at,
    crashing,
    healthy,
    killed,
    observe,
    pod,
    pod_facts,
    pulling,
    stored,
)

RULES = Rules()
OWNERS = [Resource("Deployment", name, "payments", f"d-{name}") for name in ("checkout", "ledger")]
POD_STATES = ("healthy", "pulling", "crashing", "killed", "crashing after a kill", "recovered from a kill", "waiting")
DEPLOYMENT_STATES = ("stuck", "fine")
NODE_STATES = ("ready", "not ready", "unknown")

THINGS: Mapping[str, tuple[Resource, Mapping[str, Facts]]] = {
    "claim": (
        Resource("PersistentVolumeClaim", "data", "payments", "pvc-1"),
        {"lost": ClaimFacts("Lost"), "bound": ClaimFacts("Bound")},
    ),
    "quota": (
        Resource("ResourceQuota", "compute", "payments", "q-1"),
        {"full": QuotaFacts((("cpu", 1.0),)), "free": QuotaFacts((("cpu", 0.5),))},
    ),
    "sync": (
        Resource("Application", "shop", "argocd", "a-1"),
        {
            "failing": SyncFacts(is_failing=True),
            "working": SyncFacts(is_failing=None),
            "fine": SyncFacts(is_failing=False),
        },
    ),
}


@dataclass(frozen=True)
class Step:
    """One observation of a history, or a person who resolves what is open."""

    subject: str
    state: str
    seconds: float
    version: int
    life: int = 0

    def observation(self) -> Observation:
        key = f"uid-{self.subject}@{self.version}"
        if self.subject == "node":
            facts: Facts = NodeFacts({"ready": True, "not ready": False, "unknown": None}[self.state])
            return observe(self.seconds, NODE, facts, key=key)
        if self.subject in THINGS:
            resource, states = THINGS[self.subject]
            return observe(self.seconds, resource, states[self.state], key=key)
        owner = OWNERS[int(self.subject[-1]) % 2]
        if self.subject.startswith("deployment"):
            reason = "ProgressDeadlineExceeded" if self.state == "stuck" else "NewReplicaSetAvailable"
            facts = WorkloadFacts(3, 3, 3, progressing=self.state == "fine", reason=reason)
            return observe(self.seconds, owner, facts, key=key)
        return observe(self.seconds, pod(f"{self.subject}-{self.life}"), self._pod(), owner=owner, key=key)

    def _pod(self) -> Facts:
        end = at(int(self.seconds))
        after = {"last_reason": "OOMKilled", "last_finished_at": end}
        states: dict[str, Facts] = {
            "healthy": healthy(),
            "pulling": pulling(),
            "crashing": crashing(),
            "killed": killed(end),
            "crashing after a kill": crashing(**after),
            "recovered from a kill": killed(end, "running"),
            "waiting": PodFacts("Pending", scheduled=False),
            "gone": GoneFacts(),
            "unready": pod_facts(killed(end, "running", ready=False).containers[0], node="worker-3"),
        }
        return states[self.state]


States = Mapping[str, Sequence[str]]


def steps(longest_pause: int, states: States) -> st.SearchStrategy[list[Step]]:
    """Histories in order of time; the pauses between steps decide how long they are."""
    moves = st.sampled_from(sorted(states)).flatmap(
        lambda subject: st.tuples(st.just(subject), st.sampled_from(states[subject]), st.integers(1, longest_pause))
    )

    def timed(chosen: list[tuple[str, str, int]]) -> list[Step]:
        history, seconds, lives = [], 0, Counter[str]()
        for nth, (subject, state, pause) in enumerate(chosen):
            seconds += pause
            history.append(Step(subject, state, seconds, nth + 1, lives[subject]))
            # What is gone does not come back: the next of that name is another pod.
            lives[subject] += state == "gone"
        return history

    return st.lists(moves, max_size=24).map(timed)


ANY_POD_STATE = (*POD_STATES, "gone", "unready")
EVERYTHING: States = {
    **dict.fromkeys(("pod-0", "pod-1", "pod-2"), ANY_POD_STATE),
    "deployment-0": DEPLOYMENT_STATES,
    "node": NODE_STATES,
    **{thing: tuple(states) for thing, (_, states) in THINGS.items()},
}
# The newest report of an object decides, so each has a trouble of which every one of its reports speaks.
ONE_TROUBLE_EACH: States = {
    "pod-0": ("healthy", "pulling"),
    "pod-1": ("healthy", "crashing"),
    "pod-2": ("recovered from a kill", "killed", "healthy"),
    "pod-3": ("waiting", "healthy"),
    "pod-4": ("crashing after a kill", "recovered from a kill"),
    "deployment-0": DEPLOYMENT_STATES,
    "deployment-1": DEPLOYMENT_STATES,
    "node": NODE_STATES,
    "claim": ("lost", "bound"),
    "quota": ("full", "free"),
    "sync": ("failing", "fine"),
}


def open_keys(triage: Triage) -> set[str]:
    return {one.key for one in triage.held() if one.status is not IncidentStatus.RESOLVED}


def ids(effects: Sequence[Effect]) -> set[str]:
    return {one.event.id for one in effects if isinstance(one, RecordEvent | MergeEvent)}


@given(steps(1, ONE_TROUBLE_EACH), st.randoms(use_true_random=False))
def test_order_duplication_and_lateness_within_the_window_change_nothing_in_the_end(
    history: list[Step], chance: random.Random
) -> None:
    disturbed = history + [step for step in history if chance.random() < 0.3]
    chance.shuffle(disturbed)
    outcomes = []
    for arrivals in (history, disturbed):
        triage, effects = Triage(RULES), []
        for nth, step in enumerate(arrivals):
            effects += triage.consider(step.observation(), EAST, at(25 + nth / 10))
        for seconds in (100, 200, 300, 1000, 1100):
            triage.tick(at(seconds))
        outcomes.append((open_keys(triage), ids(effects)))
    assert outcomes[0] == outcomes[1]


@given(steps(45, EVERYTHING))
def test_no_incident_is_open_without_an_active_condition_longer_than_the_hold(history: list[Step]) -> None:
    triage = Triage(RULES)
    for step in history:
        triage.consider(step.observation(), EAST, at(step.seconds))
        for later in range(0, 45, 5):
            now = at(step.seconds) + timedelta(seconds=later / 45)
            triage.tick(now)
            assert all(has_reason(incident, now) for incident in triage.held())


def has_reason(incident: Incident, now: datetime) -> bool:
    cleared = [one.cleared_at for one in incident.conditions if one.cleared_at is not None]
    if incident.status is IncidentStatus.RESOLVED:
        return len(cleared) == len(incident.conditions)
    hold = RULES.flapping_hold if has_come_and_gone(incident, max(cleared, default=now)) else RULES.resolve_after
    return len(cleared) < len(incident.conditions) or now - max(cleared) < hold


def has_come_and_gone(incident: Incident, until: datetime) -> bool:
    recoveries = [one for one in incident.timeline if one.what == "recovered"]
    lately = Counter(one.message for one in recoveries if until - one.at <= timedelta(minutes=15))
    return max(lately.values(), default=0) > 5


@given(steps(400, EVERYTHING))
def test_a_key_has_one_open_incident_and_every_incident_its_own_id(history: list[Step]) -> None:
    triage, effects = Triage(RULES), []
    for step in history:
        effects += triage.consider(step.observation(), EAST, at(step.seconds)) + triage.tick(at(step.seconds))
        keys = [one.key for one in triage.held() if one.status is not IncidentStatus.RESOLVED]
        assert len(keys) == len(set(keys))
    assert len(ids(effects)) == len(history)
    openings = [(one.key, one.opened_at) for one in stored(effects).values()]
    assert len(openings) == len(set(openings))


@given(steps(120, EVERYTHING), st.integers(0, 24), st.integers(0, 24))
def test_a_restart_changes_nothing(history: list[Step], restart_at: int, resolve_at: int) -> None:
    without = play(history, None, resolve_at)
    assert play(history, restart_at, resolve_at) == without


def play(history: list[Step], restart_at: int | None, resolve_at: int) -> list[tuple[object, ...]]:
    triage = Triage(RULES)
    effects: list[Effect] = []
    for nth, step in enumerate(history):
        now = at(step.seconds)
        if nth == restart_at:
            kept = [one for one in stored(effects).values() if is_restored(one, now)]
            triage = Triage(RULES, kept, {EAST.cluster_uid: now - timedelta(seconds=1)})
        effects += triage.consider(step.observation(), EAST, now)
        if nth == resolve_at:
            for incident in triage.held():
                if incident.status is not IncidentStatus.RESOLVED:
                    effects += triage.resolve(incident.id, "ada", "", now)
        effects += triage.tick(now + timedelta(milliseconds=999))
    effects += triage.tick(START + timedelta(hours=9))
    return sorted(told(incident) for incident in stored(effects).values())


def is_restored(incident: Incident, now: datetime) -> bool:
    return incident.resolved_at is None or incident.resolved_at >= now - RULES.memory


def told(incident: Incident) -> tuple[object, ...]:
    conditions = sorted(
        (c.kind, c.subject.name, c.part, c.since, str(c.cleared_at), c.mark) for c in incident.conditions
    )
    # Where a pod was is not stored, so after a start a node takes in only what is reported again.
    lines = [one for one in incident.timeline if one.what not in ("grouped", "joined")]
    story = [(moment.at, moment.what, moment.message) for moment in lines]
    return incident.id, incident.status, incident.severity, incident.event_count, conditions, story


@settings(max_examples=30)
@given(steps(60, EVERYTHING))
def test_the_same_history_has_the_same_effects_to_the_letter(history: list[Step]) -> None:
    one, other = Triage(RULES), Triage(RULES)
    for step in history:
        now = at(step.seconds)
        assert one.consider(step.observation(), EAST, now) == other.consider(step.observation(), EAST, now)
        assert one.tick(now) == other.tick(now)


CLUSTERS = (EAST, WEST)
IN_CLUSTERS: States = dict.fromkeys(("pod-0", "pod-1", "pod-2"), ("healthy", "pulling", "crashing", "waiting", "gone"))


def play_fleet(history: list[Step], chance: random.Random, restart_at: int | None) -> tuple[Triage, list[Effect]]:
    """A history in which chance says in which of two clusters each step happens."""
    triage, effects = Triage(RULES), list[Effect]()
    for nth, step in enumerate(history):
        now = at(step.seconds)
        if nth == restart_at:
            kept = [one for one in stored(effects).values() if is_restored(one, now)]
            triage = Triage(RULES, kept, {one.cluster_uid: now for one in CLUSTERS})
        effects += triage.consider(step.observation(), chance.choice(CLUSTERS), now)
        effects += triage.tick(now + timedelta(milliseconds=999))
        assert_groups_are_whole(triage)
    return triage, effects


def assert_groups_are_whole(triage: Triage) -> None:
    held = {one.id: one for one in triage.held()}
    for group in held.values():
        children = [held[child] for child in group.children if child in held]
        if not children:
            continue
        # Never anything unrelated; open as long as one of them is; as bad as the worst.
        alike = {(one.kind, one.resource.namespace, one.resource.name) for one in children}
        assert alike == {(group.kind, group.resource.namespace, group.resource.name)}
        is_over = {one.status is IncidentStatus.RESOLVED for one in children}
        assert (group.status is IncidentStatus.RESOLVED) is (is_over == {True})
        ranks = list(Severity)
        assert ranks.index(group.severity) <= min(ranks.index(one.severity) for one in children)
        assert len({one.cluster.uid for one in children}) == len({one.key for one in children})


@given(steps(120, IN_CLUSTERS), st.integers(0, 2**32), st.integers(0, 24))
def test_groups_hold_only_what_is_alike_and_a_restart_changes_nothing_of_them(
    history: list[Step], seed: int, restart_at: int
) -> None:
    outcomes = []
    for restart in (None, restart_at):
        triage, effects = play_fleet(history, random.Random(seed), restart)
        effects += triage.tick(START + timedelta(hours=9))
        outcomes.append(sorted((*told(one), one.parent_id, one.children) for one in stored(effects).values()))
    assert outcomes[0] == outcomes[1]


@example([("sick", 1), ("sick", 1), ("sick", 1), ("sick", 198), ("well", 400)], 4)
@given(st.lists(st.tuples(st.sampled_from(("sick", "well")), st.integers(1, 400)), max_size=20), st.integers(0, 20))
def test_what_must_last_counts_once_whether_we_were_there_or_not(moves: list[tuple[str, int]], restart_at: int) -> None:
    outcomes = []
    for restart in (None, restart_at):
        triage, effects, seconds, since, last = Triage(RULES), list[Effect](), 0, 0, None
        for nth, (state, pause) in enumerate(moves):
            seconds += pause
            since = seconds if state == "sick" and last != "sick" else since
            facts = healthy() if state == "well" else pod_facts(unready_since=at(since))
            if nth == restart_at:
                # What a first list would find due at this very moment is due without a restart as well.
                effects += triage.tick(at(seconds))
            if nth == restart and last is not None:
                triage = Triage(RULES, list(stored(effects).values()))
                # The first list tells what is not well.
                if last == "sick":
                    again = observe(seconds, pod(), pod_facts(unready_since=at(since)), key=f"uid@{nth}")
                    effects += triage.consider(again, EAST, at(seconds))
            effects += triage.consider(observe(seconds, pod(), facts, key=f"uid@{nth + 1}"), EAST, at(seconds))
            last = state
            for later in range(1, 400, 20):
                if nth + 1 < len(moves) and later >= moves[nth + 1][1]:
                    break
                effects += triage.tick(at(seconds + later))
        outcomes.append([(one.kind, one.opened_at) for one in stored(effects).values()])
    assert outcomes[0] == outcomes[1]
