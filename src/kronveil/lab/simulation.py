"""A simulated cluster that lives: controllers react to changes, timers ring; when nothing changes, nothing runs."""

from datetime import datetime

from kronveil.lab.controllers.deployments import DeploymentController
from kronveil.lab.controllers.kubelet import Kubelet
from kronveil.lab.controllers.nodes import NodeController
from kronveil.lab.controllers.replicasets import ReplicaSetController
from kronveil.lab.controllers.scheduler import Scheduler
from kronveil.lab.deletion import collect_orphans
from kronveil.lab.images import Behaviour, Registry
from kronveil.lab.kinds import DEPLOYMENT, NODE, POD, REPLICASET
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import owner_of
from kronveil.lab.world import Change, Key, World


class Simulation:
    """Drives one world. ``step`` brings it to a moment; what happens depends on the seed and on who writes when."""

    def __init__(self, world: World, registry: Registry, *, speed: float = 1.0) -> None:
        self.world = world
        self.registry = registry
        self.machinery = Machinery(world, registry, speed=speed)
        self.deployments = DeploymentController(self.machinery)
        self.replicasets = ReplicaSetController(self.machinery)
        self.scheduler = Scheduler(self.machinery)
        self.kubelet = Kubelet(self.machinery)
        self.nodes = NodeController(self.machinery, self.kubelet)
        self._queue: dict[tuple[str, Key], None] = {}
        self._controllers = {
            "deployment": self.deployments.reconcile,
            "replicaset": self.replicasets.reconcile,
            "scheduler": self.scheduler.reconcile,
            "kubelet": self.kubelet.reconcile,
            "node": self.nodes.reconcile,
        }
        world.on_change(self._on_change)

    @property
    def next_at(self) -> datetime | None:
        """When something is due by itself; now, when work is waiting; None when nothing is."""
        return self.world.now if self._queue else self.machinery.timers.next_at

    @property
    def is_idle(self) -> bool:
        """Whether every change has been reacted to."""
        return not self._queue

    def step(self, now: datetime) -> None:
        """Let everything due until ``now`` happen, each thing at its own time."""
        timers = self.machinery.timers
        self._react()
        while (at := timers.next_at) is not None and at <= now:
            self.world.now = max(self.world.now, at)
            timers.pop()()
            self._react()
        self.world.now = max(self.world.now, now)

    def set_behaviour(self, image: str, behaviour: Behaviour) -> None:
        """Change what containers of an image do, those that run included."""
        self.registry.declare(image, behaviour)
        self.kubelet.behaviour_changed(image)

    def stop_node(self, name: str) -> None:
        """Stop a node's kubelet. The API learns of it by the heartbeat that stays away."""
        self.nodes.stop(name)

    def start_node(self, name: str) -> None:
        """Start a stopped node's kubelet."""
        self.nodes.start(name)

    def _react(self) -> None:
        while self._queue:
            controller, key = item = next(iter(self._queue))
            del self._queue[item]
            self._controllers[controller](key)

    def _on_change(self, change: Change) -> None:
        self.machinery.index(change)
        record = change.record
        if record.kind is POD:
            self._on_pod(change)
        elif record.kind is REPLICASET:
            self._queue["replicaset", record.key] = None
            self._wake_owner(change, DEPLOYMENT.name, "deployment")
        elif record.kind is DEPLOYMENT:
            self._queue["deployment", record.key] = None
        elif record.kind is NODE:
            self.scheduler.on_node(change)
            self._queue["node", record.key] = None
        if change.type == "DELETED":
            collect_orphans(self.machinery, record)

    def _on_pod(self, change: Change) -> None:
        self.scheduler.on_pod(change)
        key = change.record.key
        if "nodeName" not in change.record.obj["spec"]:
            self._queue["scheduler", key] = None
        self._queue["kubelet", key] = None
        self._wake_owner(change, REPLICASET.name, "replicaset")

    def _wake_owner(self, change: Change, kind: str, controller: str) -> None:
        owner = owner_of(change.record.obj)
        if owner and owner["kind"] == kind:
            self._queue[controller, (change.record.key[0], owner["name"])] = None
