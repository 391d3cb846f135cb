"""What the containers and nodes of a simulated cluster use now: memory as their images behave, time by their load."""

import math
from dataclasses import dataclass

from kronveil.lab.kinds import NODE, POD, JsonObject
from kronveil.lab.quantities import parse_quantity
from kronveil.lab.simulation import Simulation
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

MEBI = 1024 * 1024
FIRST_MEMORY = 4 * MEBI
"""What any program takes to begin with."""
WOBBLE = 0.03
NODE_SHARE = 0.06
"""Of a node's memory, what its system takes."""
WINDOW_S = 15.0


@dataclass(frozen=True, slots=True)
class Used:
    """Cores and bytes."""

    cpu: float
    memory: float


class Usage:
    """Read from the kubelets, as metrics-server does. A container that does not run uses nothing and is not told."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._world = simulation.world

    @property
    def is_offered(self) -> bool:
        """Whether metrics-server answers."""
        return self._simulation.machinery.has_metrics

    def pods(self, namespace: str = "") -> list[JsonObject]:
        """PodMetrics of all pods, or those of a namespace: of each of which all containers run."""
        found = (self.pod(record) for record in self._world.list(POD, namespace))
        return [metrics for metrics in found if metrics is not None]

    def pod(self, record: Record) -> JsonObject | None:
        """PodMetrics of a pod; None while it has none."""
        used = self._of(record)
        if not used:
            return None
        containers = [{"name": name, "usage": _amounts(one)} for name, one in used.items()]
        namespace, name = record.key
        metadata = {"name": name, "namespace": namespace}
        return self._told("PodMetrics", metadata) | {"containers": containers}

    def nodes(self) -> list[JsonObject]:
        """NodeMetrics of all nodes that are not stopped."""
        return [self.node(record) for record in self._world.list(NODE) if self.is_up(record)]

    def node(self, record: Record) -> JsonObject:
        """NodeMetrics of a node: its pods and its system."""
        return self._told("NodeMetrics", {"name": record.key[1]}) | {"usage": _amounts(self._of_node(record))}

    def _of_node(self, record: Record) -> Used:
        name = record.key[1]
        used = [one for pod in self._simulation.machinery.pods_on(name) for one in self._of(pod).values()]
        whole = parse_quantity(record.obj["status"]["capacity"]["memory"])
        own = NODE_SHARE * whole * self._wobble("node", name)
        cpu = sum(one.cpu for one in used) + 0.08 * self._wobble("cpu of node", name)
        return Used(cpu, min(sum(one.memory for one in used) + own, whole))

    def summary(self, node: Record) -> JsonObject:
        """What the kubelet of a node says of it and of its pods."""
        name = node.key[1]
        pods = [(pod, self._of(pod)) for pod in self._simulation.machinery.pods_on(name)]
        told: JsonObject = {"nodeName": name, **self._stats(self._of_node(node))}
        return {
            "node": told,
            "pods": [
                {
                    "podRef": {"namespace": pod.key[0], "name": pod.key[1], "uid": pod.uid},
                    "containers": [{"name": each, **self._stats(one)} for each, one in used.items()],
                }
                for pod, used in pods
                if used
            ],
        }

    def _stats(self, used: Used) -> JsonObject:
        now = stamp(self._world.now)
        return {
            "cpu": {"time": now, "usageNanoCores": round(used.cpu * 1e9)},
            "memory": {"time": now, "workingSetBytes": round(used.memory)},
        }

    def is_up(self, node: Record) -> bool:
        """Whether a node's kubelet runs."""
        return node.key[1] not in self._simulation.machinery.stopped_nodes

    def _told(self, kind: str, metadata: JsonObject) -> JsonObject:
        now = stamp(self._world.now)
        return {
            "kind": kind,
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": metadata | {"creationTimestamp": now},
            "timestamp": now,
            "window": f"{WINDOW_S:g}s",
        }

    def _of(self, record: Record) -> dict[str, Used]:
        """By container; empty unless all that should run do."""
        ran = self._simulation.kubelet.running(record.key)
        specs = record.obj["spec"]["containers"]
        if len(ran) != len(specs):
            return {}
        return {spec["name"]: self._container(record.key, spec, ran[spec["name"]]) for spec in specs}

    def _container(self, key: Key, spec: JsonObject, ran_s: float) -> Used:
        behaviour = self._simulation.registry.behaviour(spec["image"])
        resources: JsonObject = spec.get("resources", {})
        grown = min(ran_s / behaviour.grows_for_s, 1.0) if behaviour.grows_for_s else 1.0
        memory = FIRST_MEMORY + (behaviour.memory_mi * MEBI - FIRST_MEMORY) * grown
        if grown >= 1.0:
            memory *= self._wobble("memory", *key, spec["name"])
        limit = resources.get("limits", {}).get("memory")
        if limit is not None:
            memory = min(memory, parse_quantity(limit))
        asked = parse_quantity(resources.get("requests", {}).get("cpu", "100m"))
        load = 0.1 + 0.4 * self._world.fraction("load", *key, spec["name"])
        return Used(asked * load * self._wobble("cpu", *key, spec["name"]), memory)

    def _wobble(self, *about: object) -> float:
        """A little more or less, in slow waves of a length and phase of its own."""
        phase = self._world.fraction("phase", *about)
        length_s = 240 + 600 * self._world.fraction("length", *about)
        seconds = self._world.now.timestamp() * self._simulation.machinery.speed
        return 1 + WOBBLE * math.sin(2 * math.pi * (seconds / length_s + phase))


def _amounts(used: Used) -> JsonObject:
    """As metrics-server writes them."""
    return {"cpu": f"{round(used.cpu * 1e9)}n", "memory": f"{round(used.memory / 1024)}Ki"}
