"""A simulated cluster that lives: controllers react to changes, timers ring; when nothing changes, nothing runs."""

from collections.abc import Callable
from datetime import datetime, timedelta

from kronveil.lab.controllers.autoscalers import Autoscaler
from kronveil.lab.controllers.budgets import BudgetController
from kronveil.lab.controllers.claims import ClaimController, claims_of
from kronveil.lab.controllers.cronjobs import CronJobController
from kronveil.lab.controllers.daemonsets import DaemonSetController
from kronveil.lab.controllers.deployments import DeploymentController
from kronveil.lab.controllers.jobs import JobController
from kronveil.lab.controllers.kubelet import Kubelet
from kronveil.lab.controllers.nodes import NodeController
from kronveil.lab.controllers.quotas import QuotaController
from kronveil.lab.controllers.replicasets import ReplicaSetController
from kronveil.lab.controllers.scheduler import Scheduler
from kronveil.lab.controllers.statefulsets import StatefulSetController
from kronveil.lab.deletion import collect_orphans
from kronveil.lab.images import Behaviour, Registry
from kronveil.lab.kinds import (
    BUDGET,
    CLAIM,
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    HPA,
    JOB,
    NODE,
    POD,
    QUOTA,
    REPLICASET,
    STATEFULSET,
    Kind,
)
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import owner_of
from kronveil.lab.world import Change, Key, NotFoundError, World


class Simulation:
    """Drives one world. ``step`` brings it to a moment; what happens depends on the seed and on who writes when."""

    def __init__(self, world: World, registry: Registry, *, speed: float = 1.0) -> None:
        self.world = world
        self.registry = registry
        self.machinery = Machinery(world, registry, speed=speed)
        self.scheduler = Scheduler(self.machinery)
        self.kubelet = Kubelet(self.machinery)
        self.nodes = NodeController(self.machinery, self.kubelet)
        self._paused: set[str] = set()
        self._held: dict[tuple[str, Key], None] = {}
        self._controllers: dict[str, Callable[[Key], None]] = {
            "deployment": DeploymentController(self.machinery).reconcile,
            "replicaSet": ReplicaSetController(self.machinery).reconcile,
            "statefulSet": StatefulSetController(self.machinery).reconcile,
            "daemonSet": DaemonSetController(self.machinery).reconcile,
            "job": JobController(self.machinery).reconcile,
            "cronJob": CronJobController(self.machinery).reconcile,
            "claim": ClaimController(self.machinery).reconcile,
            "quota": QuotaController(self.machinery).reconcile,
            "hpa": Autoscaler(self.machinery).reconcile,
            "budget": BudgetController(self.machinery).reconcile,
            "scheduler": self.scheduler.reconcile,
            "kubelet": self.kubelet.reconcile,
            "node": self.nodes.reconcile,
        }
        world.on_change(self._on_change)

    @property
    def next_at(self) -> datetime | None:
        """When something is due by itself; now, when work is waiting; None when nothing is."""
        return self.world.now if self.machinery.queue else self.machinery.timers.next_at

    @property
    def is_idle(self) -> bool:
        """Whether every change has been reacted to."""
        return not self.machinery.queue

    def step(self, now: datetime) -> None:
        """Let everything due until ``now`` happen, each thing at its own time."""
        timers = self.machinery.timers
        self._react()
        while (at := timers.next_at) is not None and at <= now:
            self.world.now = max(self.world.now, at)
            timers.pop()()
            self._react()
        self.world.now = max(self.world.now, now)

    def shift(self, by: timedelta) -> None:
        """The cluster's clocks are set: it is so much later, and everything happens as much later."""
        self.world.now += by
        self.machinery.timers.shift(by)

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

    def set_load(self, key: Key, load: float) -> None:
        """Declare what an autoscaler's target has to carry."""
        self.machinery.loads[key] = load
        self.machinery.wake("hpa", key)
        self._react()

    def set_metrics(self, *, offered: bool) -> None:
        """Whether the cluster's metrics API answers."""
        self.machinery.has_metrics = offered
        for hpa in self.world.list(HPA):
            self.machinery.wake("hpa", hpa.key)
        self._react()

    def storage_changed(self) -> None:
        """Look at every pending claim again."""
        for claim in self.world.list(CLAIM):
            self.machinery.timers.cancel(("claim", claim.uid))
            self.machinery.wake("claim", claim.key)
        self._react()

    def pause(self, controller: str) -> None:
        """Stop one of the controllers, named in small letters (``cronJob``). Raises NotFoundError."""
        if controller not in self._controllers:
            known = ", ".join(self._controllers)
            raise NotFoundError(f"there is no controller {controller}; there are: {known}")
        self._paused.add(controller)

    def unpause(self, controller: str) -> None:
        """Let a stopped controller catch up."""
        self._paused.discard(controller)
        held, self._held = self._held, {}
        self.machinery.queue.update(held)
        self._react()

    def _react(self) -> None:
        queue = self.machinery.queue
        while queue:
            controller, key = item = next(iter(queue))
            del queue[item]
            if controller in self._paused:
                self._held[item] = None
            else:
                self._controllers[controller](key)

    def _on_change(self, change: Change) -> None:
        self.machinery.index(change)
        record = change.record
        if record.kind is POD:
            self._on_pod(change)
        elif record.kind is NODE:
            self._on_node(change)
        elif record.kind is CLAIM:
            self._wake("quota", QUOTA, record.key[0])
            self.scheduler.on_claim()
        if (controller := _CONTROLLER_OF.get(record.kind)) is not None:
            self.machinery.wake(controller, record.key)
        if record.kind in (REPLICASET, JOB):
            self._wake_owner(change)
        elif record.kind in (DEPLOYMENT, STATEFULSET):
            self._wake("hpa", HPA, record.key[0])
        if change.type == "DELETED":
            collect_orphans(self.machinery, record)

    def _on_pod(self, change: Change) -> None:
        self.scheduler.on_pod(change)
        record = change.record
        if "nodeName" not in record.obj["spec"]:
            self.machinery.wake("scheduler", record.key)
        self._wake_owner(change)
        namespace = record.key[0]
        self._wake("quota", QUOTA, namespace)
        self._wake("budget", BUDGET, namespace)
        if change.type == "ADDED":
            for name in claims_of(record.obj):
                self.machinery.wake("claim", (namespace, name))

    def _on_node(self, change: Change) -> None:
        self.scheduler.on_node(change)
        if change.type != "MODIFIED":
            for daemons in self.world.list(DAEMONSET):
                self.machinery.wake("daemonSet", daemons.key)

    def _wake(self, controller: str, kind: Kind, namespace: str) -> None:
        if self.world.shelves[kind].records:
            for record in self.world.list(kind, namespace):
                self.machinery.wake(controller, record.key)

    def _wake_owner(self, change: Change) -> None:
        owner = owner_of(change.record.obj)
        controller = _OWNERS.get(owner["kind"]) if owner else None
        if owner and controller:
            self.machinery.wake(controller, (change.record.key[0], owner["name"]))


_CONTROLLER_OF = {
    POD: "kubelet",
    NODE: "node",
    DEPLOYMENT: "deployment",
    REPLICASET: "replicaSet",
    STATEFULSET: "statefulSet",
    DAEMONSET: "daemonSet",
    JOB: "job",
    CRONJOB: "cronJob",
    CLAIM: "claim",
    QUOTA: "quota",
    HPA: "hpa",
    BUDGET: "budget",
}
"""Who looks at an object of a kind after each change of it."""
_OWNERS = {kind.name: _CONTROLLER_OF[kind] for kind in (DEPLOYMENT, REPLICASET, STATEFULSET, DAEMONSET, JOB, CRONJOB)}
