"""Further moves: configuration, storage, quotas, pressure, load, finalizers, jobs, certificates and GitOps."""

from dataclasses import dataclass, field

from kronveil.lab.controllers.nodes import PRESSURES
from kronveil.lab.deletion import delete, remove_if_released
from kronveil.lab.extras import GITOPS, JobPlan, write_certificate, write_sync
from kronveil.lab.kinds import CERTIFICATE, CONFIGMAP, CRONJOB, JOB, POD, QUOTA, SECRET, JsonObject, Kind
from kronveil.lab.managed import note_writer
from kronveil.lab.moves import change_workload, key_of, node_name, pods_of_app
from kronveil.lab.server.admission import admit_new
from kronveil.lab.simulation import Simulation
from kronveil.lab.world import NotFoundError, Record

HOLD = "lab.kronveil.dev/hold"


@dataclass(frozen=True, slots=True)
class SetConfig:
    """Another config map (or secret) for an app's variables, there or not; an empty name takes it away."""

    app: str
    config: str = ""
    secret: str = ""
    by: str = "kubectl-patch"

    def make(self, simulation: Simulation) -> None:
        """Write where the first container's variables come from: a rollout."""
        sources: list[JsonObject] = [{"configMapRef": {"name": self.config}}] if self.config else []
        sources += [{"secretRef": {"name": self.secret}}] if self.secret else []

        def change(obj: JsonObject) -> None:
            container = obj["spec"]["template"]["spec"]["containers"][0]
            container.pop("envFrom", None)
            if sources:
                container["envFrom"] = sources

        change_workload(simulation.world, self.app, change, by=self.by)


@dataclass(frozen=True, slots=True)
class _Named:
    """A namespaced object, ``namespace/name``."""

    name: str


@dataclass(frozen=True, slots=True)
class CreateConfig(_Named):
    """A config map is created."""

    def make(self, simulation: Simulation) -> None:
        """Create it."""
        _create(simulation, CONFIGMAP, self.name, {"data": {"LOG_LEVEL": "info"}})


@dataclass(frozen=True, slots=True)
class DeleteConfig(_Named):
    """A config map is deleted: pods that start from now on miss it."""

    def make(self, simulation: Simulation) -> None:
        """Delete it."""
        delete(simulation.world, simulation.world.get(CONFIGMAP, key_of(self.name)))


@dataclass(frozen=True, slots=True)
class CreateSecret(_Named):
    """A secret is created."""

    def make(self, simulation: Simulation) -> None:
        """Create it."""
        _create(simulation, SECRET, self.name, {"type": "Opaque", "data": {"TOKEN": "bGFi"}})


@dataclass(frozen=True, slots=True)
class DeleteSecret(_Named):
    """A secret is deleted: pods that start from now on miss it."""

    def make(self, simulation: Simulation) -> None:
        """Delete it."""
        delete(simulation.world, simulation.world.get(SECRET, key_of(self.name)))


@dataclass(frozen=True, slots=True)
class BreakStorage:
    """A storage class cannot provision volumes any more; with ``mounts``, cannot attach the volumes it has."""

    storage_class: str = "gp3"
    mounts: bool = False

    def make(self, simulation: Simulation) -> None:
        """Break it."""
        machinery = simulation.machinery
        (machinery.mounts_out if self.mounts else machinery.storage_out).add(self.storage_class)


@dataclass(frozen=True, slots=True)
class MendStorage:
    """A storage class works again, in every way."""

    storage_class: str = "gp3"

    def make(self, simulation: Simulation) -> None:
        """Mend it."""
        simulation.machinery.mounts_out.discard(self.storage_class)
        simulation.machinery.storage_out.discard(self.storage_class)
        simulation.storage_changed()


@dataclass(frozen=True, slots=True)
class SetQuota:
    """A namespace's quota is set, or made if there is none; what is empty is not limited."""

    namespace: str
    name: str = "compute"
    pods: str = ""
    cpu: str = ""
    memory: str = ""

    def make(self, simulation: Simulation) -> None:
        """Write it."""
        wanted = {"pods": self.pods, "requests.cpu": self.cpu, "requests.memory": self.memory}
        spec = {"hard": {name: value for name, value in wanted.items() if value}}
        world, key = simulation.world, (self.namespace, self.name)
        if world.find(QUOTA, key) is None:
            _create(simulation, QUOTA, f"{self.namespace}/{self.name}", {"spec": spec})
        else:
            _change(simulation, world.get(QUOTA, key), {"spec": spec}, by="kubectl-edit")


@dataclass(frozen=True, slots=True)
class SetPressure:
    """A node (counted from 1) runs short of ``memory``, ``disk`` or ``pid``, and evicts some pods."""

    node: int
    resource: str
    evicted: int = 1

    def make(self, simulation: Simulation) -> None:
        """Let it run short."""
        if self.resource not in PRESSURES:
            raise NotFoundError(f"there is no {self.resource} pressure; there are: {', '.join(PRESSURES)}")
        name = node_name(simulation.world, self.node)
        simulation.nodes.set_pressure(name, self.resource, evicted=self.evicted)


@dataclass(frozen=True, slots=True)
class ClearPressure:
    """A node has enough of everything again."""

    node: int

    def make(self, simulation: Simulation) -> None:
        """Let it breathe."""
        simulation.nodes.clear_pressure(node_name(simulation.world, self.node))


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Failed and evicted pods of a namespace are deleted, as a clean-up job does."""

    namespace: str

    def make(self, simulation: Simulation) -> None:
        """Delete them."""
        for pod in list(simulation.world.list(POD, self.namespace)):
            if pod.obj["status"].get("phase") == "Failed":
                delete(simulation.world, pod, grace_s=0)


@dataclass(frozen=True, slots=True)
class HoldPod:
    """One pod of an app gets a finalizer that nobody takes off, and is deleted: it stays, terminating."""

    app: str

    def make(self, simulation: Simulation) -> None:
        """Hold the first pod in order of name."""
        pods = sorted(pods_of_app(simulation, self.app), key=lambda pod: pod.key)
        staying = [pod for pod in pods if "deletionTimestamp" not in pod.obj["metadata"]]
        if not staying:
            raise NotFoundError(f"{self.app} has no pod")
        held = simulation.world.update(
            POD, staying[0].key, lambda obj: obj["metadata"].setdefault("finalizers", []).append(HOLD)
        )
        delete(simulation.world, held)


@dataclass(frozen=True, slots=True)
class ReleasePods:
    """The finalizers of an app's held pods are taken off."""

    app: str

    def make(self, simulation: Simulation) -> None:
        """Let them go."""
        for pod in pods_of_app(simulation, self.app):
            if HOLD in pod.obj["metadata"].get("finalizers", ()):
                simulation.world.update(POD, pod.key, _let_go)


@dataclass(frozen=True, slots=True)
class SetLoad:
    """What the pods of an autoscaled app carry together, in percent of what one asks for."""

    app: str
    load: float

    def make(self, simulation: Simulation) -> None:
        """Declare it."""
        simulation.set_load(key_of(self.app), self.load)


@dataclass(frozen=True, slots=True)
class LoseMetrics:
    """The cluster's metrics API stops answering."""

    def make(self, simulation: Simulation) -> None:
        """Lose them."""
        simulation.set_metrics(offered=False)


@dataclass(frozen=True, slots=True)
class RestoreMetrics:
    """The cluster's metrics API answers again."""

    def make(self, simulation: Simulation) -> None:
        """Restore them."""
        simulation.set_metrics(offered=True)


@dataclass(frozen=True, slots=True)
class RunJob:
    """A job is created."""

    namespace: str
    name: str
    image: str
    backoff_limit: int = 6

    def make(self, simulation: Simulation) -> None:
        """Create it."""
        plan = JobPlan(self.namespace, self.name, self.image, backoff_limit=self.backoff_limit)
        kind, obj = plan.made()
        _create(simulation, kind, f"{self.namespace}/{self.name}", {"spec": obj["spec"]})


@dataclass(frozen=True, slots=True)
class DeleteJob(_Named):
    """A job is deleted, with its pods."""

    def make(self, simulation: Simulation) -> None:
        """Delete it."""
        delete(simulation.world, simulation.world.get(JOB, key_of(self.name)))


@dataclass(frozen=True, slots=True)
class Suspend(_Named):
    """A cron job is suspended, or goes on."""

    suspended: bool = True

    def make(self, simulation: Simulation) -> None:
        """Write it."""
        cron = simulation.world.get(CRONJOB, key_of(self.name))
        change = {"spec": {**cron.obj["spec"], "suspend": self.suspended}}
        _change(simulation, cron, change, by="kubectl-patch")


@dataclass(frozen=True, slots=True)
class StopController:
    """One of the cluster's controllers stops: deployment, replicaSet, statefulSet, daemonSet, job, cronJob, ..."""

    controller: str

    def make(self, simulation: Simulation) -> None:
        """Stop it."""
        simulation.pause(self.controller)


@dataclass(frozen=True, slots=True)
class StartController:
    """A stopped controller catches up."""

    controller: str

    def make(self, simulation: Simulation) -> None:
        """Start it."""
        simulation.unpause(self.controller)


@dataclass(frozen=True, slots=True)
class SetCertificate(_Named):
    """A certificate now expires in so long; with a problem, cert-manager cannot renew it."""

    expires_in_s: float
    problem: str = ""

    def make(self, simulation: Simulation) -> None:
        """Write its status."""
        world = simulation.world

        def change(obj: JsonObject) -> None:
            write_certificate(obj, world.now, expires_in_s=self.expires_in_s, problem=self.problem)

        world.add_kind(CERTIFICATE)
        world.update(CERTIFICATE, key_of(self.name), change)


@dataclass(frozen=True, slots=True)
class Sync(_Named):
    """A GitOps controller syncs an Application, Kustomization or HelmRelease; with a problem, it fails."""

    kind: str
    revision: str = "main@sha1:7e0b51d"
    problem: str = field(default="")

    def make(self, simulation: Simulation) -> None:
        """Write its status."""
        kind, world = GITOPS.get(self.kind), simulation.world
        if kind is None:
            raise NotFoundError(f"{self.kind} is no GitOps kind; there are: {', '.join(GITOPS)}")

        def change(obj: JsonObject) -> None:
            write_sync(kind, obj, world.now, revision=self.revision, problem=self.problem)

        world.add_kind(kind)
        world.update(kind, key_of(self.name), change)


def _let_go(obj: JsonObject) -> None:
    left = [item for item in obj["metadata"]["finalizers"] if item != HOLD]
    del obj["metadata"]["finalizers"]
    if left:
        obj["metadata"]["finalizers"] = left


def _create(simulation: Simulation, kind: Kind, name: str, body: JsonObject) -> None:
    namespace, plain = key_of(name)
    obj: JsonObject = {"metadata": {"name": plain, "namespace": namespace}, **body}
    if simulation.world.find(kind, (namespace, plain)) is None:
        admit_new(kind, obj, word="")
        note_writer(obj, None, manager="kubectl-create", now=simulation.world.now)
        simulation.world.create(kind, obj)


def _change(simulation: Simulation, record: Record, change: JsonObject, *, by: str) -> None:
    def write(obj: JsonObject) -> None:
        obj.update(change)
        note_writer(obj, record.obj, manager=by, now=simulation.world.now)

    remove_if_released(simulation.world, simulation.world.update(record.kind, record.key, write))
