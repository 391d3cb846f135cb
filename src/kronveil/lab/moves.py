"""What a story can do to a cluster. A move changes causes (an image, a limit, a node), never symptoms."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from kronveil.lab.deletion import delete
from kronveil.lab.images import WELL_BEHAVED, Behaviour
from kronveil.lab.kinds import DEPLOYMENT, NODE, WORKLOADS, JsonObject
from kronveil.lab.managed import note_writer
from kronveil.lab.server.admission import admit_changed
from kronveil.lab.simulation import Simulation
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, NotFoundError, Record, World


class Move(Protocol):
    """One thing that happens in a cluster. Raises NotFoundError when what it is about is not there."""

    def make(self, simulation: Simulation) -> None:
        """Let it happen."""


@dataclass(frozen=True, slots=True)
class SetImage:
    """A new image for an app: a rollout, or a rollback."""

    app: str
    image: str
    by: str = "kubectl-set"

    def make(self, simulation: Simulation) -> None:
        """Write the image of the app's first container."""

        def change(obj: JsonObject) -> None:
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = self.image

        change_workload(simulation.world, self.app, change, by=self.by)


@dataclass(frozen=True, slots=True)
class SetMemory:
    """Another memory request and limit for an app."""

    app: str
    memory: str
    by: str = "kubectl-set"

    def make(self, simulation: Simulation) -> None:
        """Write request and limit of the app's first container."""

        def change(obj: JsonObject) -> None:
            resources = obj["spec"]["template"]["spec"]["containers"][0]["resources"]
            resources.setdefault("requests", {})["memory"] = self.memory
            resources.setdefault("limits", {})["memory"] = self.memory

        change_workload(simulation.world, self.app, change, by=self.by)


@dataclass(frozen=True, slots=True)
class Scale:
    """Another number of replicas."""

    app: str
    replicas: int
    by: str = "kubectl"

    def make(self, simulation: Simulation) -> None:
        """Write the number."""
        change_workload(simulation.world, self.app, lambda obj: obj["spec"].update(replicas=self.replicas), by=self.by)


@dataclass(frozen=True, slots=True)
class Restart:
    """A rollout of the same image, as ``kubectl rollout restart`` does it."""

    app: str
    by: str = "kubectl-rollout"

    def make(self, simulation: Simulation) -> None:
        """Mark the template."""
        mark = {"kubectl.kubernetes.io/restartedAt": stamp(simulation.world.now)}

        def change(obj: JsonObject) -> None:
            obj["spec"]["template"]["metadata"].setdefault("annotations", {}).update(mark)

        change_workload(simulation.world, self.app, change, by=self.by)


@dataclass(frozen=True, slots=True)
class DeletePod:
    """One pod of an app (or ``pods`` of them) is deleted, and replaced by its owner."""

    app: str
    pods: int = 1

    def make(self, simulation: Simulation) -> None:
        """Delete the first pods in order of name."""
        staying = [pod for pod in pods_of_app(simulation, self.app) if "deletionTimestamp" not in pod.obj["metadata"]]
        if not staying:
            raise NotFoundError(f"{self.app} has no pod")
        for pod in sorted(staying, key=lambda pod: pod.key)[: self.pods]:
            delete(simulation.world, pod)


@dataclass(frozen=True, slots=True)
class SetBehaviour:
    """Containers of an image behave differently from now on, those that run included. What is not named is default."""

    image: str
    memory_mi: float = WELL_BEHAVED.memory_mi
    grows_for_s: float = WELL_BEHAVED.grows_for_s
    crashes_after_s: float | None = None
    exit_code: int = 1
    ready_after_s: float = WELL_BEHAVED.ready_after_s
    never_ready: bool = False

    @property
    def behaviour(self) -> Behaviour:
        """The behaviour it stands for."""
        return replace(
            WELL_BEHAVED,
            memory_mi=self.memory_mi,
            grows_for_s=self.grows_for_s,
            crashes_after_s=self.crashes_after_s,
            exit_code=self.exit_code,
            ready_after_s=self.ready_after_s,
            never_ready=self.never_ready,
        )

    def make(self, simulation: Simulation) -> None:
        """Tell the registry and the kubelets."""
        simulation.set_behaviour(self.image, self.behaviour)


@dataclass(frozen=True, slots=True)
class WithdrawImage:
    """An image is no longer in the registry."""

    image: str

    def make(self, simulation: Simulation) -> None:
        """Take it out."""
        simulation.registry.withdraw(self.image)


@dataclass(frozen=True, slots=True)
class StopNode:
    """A node's kubelet stops. Nodes are counted from 1, in order of name."""

    node: int

    def make(self, simulation: Simulation) -> None:
        """Stop it."""
        simulation.stop_node(node_name(simulation.world, self.node))


@dataclass(frozen=True, slots=True)
class StartNode:
    """A stopped node's kubelet starts."""

    node: int

    def make(self, simulation: Simulation) -> None:
        """Start it."""
        simulation.start_node(node_name(simulation.world, self.node))


def key_of(app: str) -> Key:
    """The key of an app written ``namespace/name``."""
    namespace, _, name = app.partition("/")
    return namespace, name


def workload_of(world: World, app: str) -> Record:
    """The deployment, stateful set or daemon set of an app. Raises NotFoundError."""
    for kind in WORKLOADS.values():
        record = world.find(kind, key_of(app))
        if record is not None:
            return record
    raise NotFoundError(f"deployments {app} not found")


def pods_of_app(simulation: Simulation, app: str) -> list[Record]:
    """The pods of an app."""
    machinery = simulation.machinery
    workload = workload_of(simulation.world, app)
    owners = machinery.sets_of(workload.uid) if workload.kind is DEPLOYMENT else [workload]
    return [pod for owner in owners for pod in machinery.pods_of(owner.uid)]


def change_workload(world: World, app: str, change: Callable[[JsonObject], None], *, by: str) -> None:
    """Change an app's workload as ``by`` would through the API."""
    workload = workload_of(world, app)

    def admitted(obj: JsonObject) -> None:
        change(obj)
        admit_changed(workload.kind, workload.obj, obj)
        note_writer(obj, workload.obj, manager=by, now=world.now)

    world.update(workload.kind, workload.key, admitted)


def node_name(world: World, number: int) -> str:
    """The name of a node, counted from 1. Raises NotFoundError."""
    nodes = world.list(NODE)
    if not 1 <= number <= len(nodes):
        raise NotFoundError(f"there is no node {number}: the cluster has {len(nodes)}")
    return nodes[number - 1].key[1]
