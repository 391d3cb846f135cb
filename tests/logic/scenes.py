"""A small stage for playbooks: objects with short names, observations at seconds, and what came of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kronveil.logic.triage import Rules, Triage
from kronveil.model.change import Change
from kronveil.model.effects import Effect, MergeEvent, RecordChange, RecordEvent, RecordIncident
from kronveil.model.event import Event
from kronveil.model.facts import (
    BackendFacts,
    BudgetFacts,
    CertificateFacts,
    ClaimFacts,
    ContainerFacts,
    CronJobFacts,
    Facts,
    FieldChange,
    GoneFacts,
    HpaFacts,
    JobFacts,
    ListedFacts,
    NodeFacts,
    PodFacts,
    QuotaFacts,
    ReachFacts,
    ResourceFacts,
    SourceFacts,
    SyncFacts,
    WarningFacts,
    WorkloadFacts,
)
from kronveil.model.incident import Incident
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin, Resource

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
IMAGE = "registry.example/checkout-api:2.31.0"
EAST = Origin("kubernetes", "us-east-prod", "uid-east", "us-east")
WEST = Origin("kubernetes", "eu-west-prod", "uid-west", "eu-west")
CHECKOUT = Resource("Deployment", "checkout-api", "payments", "d-1")
NODE = Resource("Node", "worker-3", None, "n-3")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pod(name: str = "checkout-api-a") -> Resource:
    return Resource("Pod", name, "payments", f"uid-{name}")


def container(state: str = "running", reason: str = "", **more: object) -> ContainerFacts:
    facts = ContainerFacts("app", IMAGE, state, reason, ready=state == "running")  # type: ignore[arg-type]
    return replace(facts, **more)  # type: ignore[arg-type]


def pod_facts(*containers: ContainerFacts, **more: object) -> PodFacts:
    return replace(PodFacts("Running", containers, "worker-1", scheduled=True), **more)  # type: ignore[arg-type]


def pulling(reason: str = "ImagePullBackOff") -> PodFacts:
    return pod_facts(container("waiting", reason, message="not found"), phase="Pending")


def crashing(**more: object) -> PodFacts:
    return pod_facts(container("waiting", "CrashLoopBackOff", **{"restarts": 3, "last_exit_code": 1, **more}))


def killed(when: datetime, state: str = "terminated", **more: object) -> PodFacts:
    reason = "OOMKilled" if state == "terminated" else ""
    end = {"last_reason": "OOMKilled", "last_exit_code": 137, "last_finished_at": when}
    return pod_facts(container(state, reason, **{**end, **more}))


def healthy() -> PodFacts:
    return pod_facts(container(), ready=True)


KINDS: dict[type, str] = {
    PodFacts: "pod.changed",
    NodeFacts: "node.changed",
    WorkloadFacts: "workload.changed",
    WarningFacts: "kubernetes.warning",
    GoneFacts: "object.gone",
    ListedFacts: "list.completed",
    ReachFacts: "cluster.reach",
    SourceFacts: "collector.heard",
    JobFacts: "job.changed",
    CronJobFacts: "cronjob.changed",
    ClaimFacts: "claim.changed",
    HpaFacts: "hpa.changed",
    QuotaFacts: "quota.changed",
    BudgetFacts: "budget.changed",
    BackendFacts: "endpoints.changed",
    CertificateFacts: "certificate.changed",
    SyncFacts: "sync.changed",
    ResourceFacts: "resource.changed",
}


def observe(
    seconds: float, resource: Resource, facts: Facts, *, owner: Resource | None = None, message: str = "", key: str = ""
) -> Observation:
    return Observation(
        KINDS[type(facts)], at(seconds), resource, key or f"{resource.name}@{seconds}", facts, owner, message
    )


class Stage:
    """Plays observations into a Triage and keeps all that came out."""

    def __init__(self, triage: Triage | None = None, origin: Origin = EAST) -> None:
        self.triage = triage or Triage(Rules())
        self.origin = origin
        self.effects: list[Effect] = []

    def sees(
        self,
        seconds: float,
        resource: Resource,
        facts: Facts,
        *,
        owner: Resource | None = None,
        message: str = "",
        key: str = "",
        origin: Origin | None = None,
        received: float | None = None,
        changes: tuple[FieldChange, ...] = (),
        actor: str = "",
    ) -> list[Effect]:
        observation = observe(seconds, resource, facts, owner=owner, message=message, key=key)
        observation = replace(observation, changes=changes, actor=actor)
        now = at(seconds if received is None else received)
        effects = self.triage.consider(observation, origin or self.origin, now)
        self.effects += effects
        return effects

    def pod(self, seconds: float, facts: Facts, name: str = "checkout-api-a", **more: object) -> list[Effect]:
        return self.sees(seconds, pod(name), facts, **{"owner": CHECKOUT, **more})  # type: ignore[arg-type]

    def tick(self, seconds: float) -> list[Effect]:
        effects = self.triage.tick(at(seconds))
        self.effects += effects
        return effects

    def kinds(self) -> list[str]:
        """The kinds of all incidents, in order of opening."""
        return [incident.kind for incident in self.incidents().values()]

    def incidents(self) -> dict[str, Incident]:
        return stored(self.effects)

    def only(self) -> Incident:
        (incident,) = self.incidents().values()
        return incident

    def events(self) -> list[Event]:
        return [effect.event for effect in self.effects if isinstance(effect, RecordEvent)]

    def changes(self) -> list[Change]:
        return [effect.change for effect in self.effects if isinstance(effect, RecordChange)]

    def merged(self) -> list[MergeEvent]:
        return [effect for effect in self.effects if isinstance(effect, MergeEvent)]

    def restart(self, heard: datetime | None = None) -> None:
        """A new Triage from what was recorded, as after a kill."""
        known = {} if heard is None else {"uid-east": heard}
        self.triage = Triage(self.triage.rules, list(self.incidents().values()), known)


def stored(effects: Sequence[Effect]) -> dict[str, Incident]:
    """What a store holds after these effects: the newest of each incident."""
    return {effect.incident.id: effect.incident for effect in effects if isinstance(effect, RecordIncident)}


def whats(incident: Incident) -> list[str]:
    return [moment.what for moment in incident.timeline]
