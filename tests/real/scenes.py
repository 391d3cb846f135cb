"""What happens in a test cluster: nodes, deployments, and the failures that kwok's stages act out by label."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from .api_client import ApiClient, Manifest
from .waiting import eventually

FAIL = "kronveil.test/fail"  # oom, crash and image on pods, not-ready on nodes: tools/kubernetes/stages.yaml

SPACE = "agent"  # the namespace of the agent's tests


def node(name: str, *, region: str, labels: dict[str, str] | None = None) -> Manifest:
    """A node without a machine: kwok plays its kubelet."""
    topology = {"topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": f"{region}-a"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, **topology, **(labels or {})},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": _SIZE, "capacity": _SIZE},
    }


_SIZE = {"cpu": "32", "memory": "64Gi", "pods": "500"}


def deployment(
    name: str,
    namespace: str = "default",
    *,
    replicas: int = 1,
    fail: str | None = None,
    cpu: str | None = None,
    deadline_s: int = 600,
) -> Manifest:
    """A deployment of one container; `fail` is `oom`, `crash` or `image`, `deadline_s` that of its rollout."""
    labels = {"app": name}
    container: Manifest = {"name": "main", "image": f"registry.test/{name}:1.0"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "progressDeadlineSeconds": deadline_s,
            "template": {
                "metadata": {"labels": labels | ({FAIL: fail} if fail else {})},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
        },
    }


def warning(name: str, pod: Manifest, message: str, *, count: int = 1) -> Manifest:
    """A Warning event about a pod, as a kubelet writes it."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    metadata = pod["metadata"]
    about = {"apiVersion": "v1", "kind": "Pod", **{key: metadata[key] for key in ("name", "namespace", "uid")}}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": SPACE},
        "involvedObject": about,
        "type": "Warning",
        "reason": "Unhealthy",
        "message": message,
        "source": {"component": "kubelet", "host": "agent-1"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": count,
    }


def failing(fail: str | None) -> Manifest:
    """The patch of a deployment that makes its pods fail this way from the next rollout on, or no longer (None)."""
    return {"spec": {"template": {"metadata": {"labels": {FAIL: fail}}}}}


async def make_nodes(api: ApiClient, names: Sequence[str], *, region: str) -> None:
    """Create nodes and wait until each is Ready."""
    for name in names:
        await api.create(node(name, region=region))
    for name in names:
        await node_becomes(api, name, "True")


async def make_namespace(api: ApiClient, name: str) -> str:
    """Create a namespace and wait for its service account, without which a first pod may be refused."""
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    await eventually(lambda: api.find("ServiceAccount", "default", name), f"service account of namespace {name}")
    return name


async def node_becomes(api: ApiClient, name: str, ready: str, *, within_s: float = 60) -> None:
    """Wait until the Ready condition of a node is "True", "False" or "Unknown"."""

    async def is_so() -> bool:
        return condition(await api.get("Node", name), "Ready") == ready

    await eventually(is_so, f"node {name} has Ready={ready}", within_s=within_s)


async def break_node(api: ApiClient, name: str) -> None:
    """Its kubelet reports not ready until `repair_node`."""
    await api.patch("Node", name, {"metadata": {"labels": {FAIL: "not-ready"}}})
    await _kubelet_reports(api, name, "False")


async def repair_node(api: ApiClient, name: str) -> None:
    """Its kubelet is back, and reports its pods ready again, which kwok alone would not do."""
    await api.patch("Node", name, {"metadata": {"labels": {FAIL: None}}})
    await _kubelet_reports(api, name, "True")
    for pod in await api.list("Pod"):
        if pod["spec"].get("nodeName") == name and condition(pod, "Ready") == "False" and _runs_clean(pod):
            ready = {"type": "Ready", "status": "True"}
            metadata = pod["metadata"]
            await api.patch_status("Pod", metadata["name"], {"conditions": [ready]}, metadata["namespace"])


async def _kubelet_reports(api: ApiClient, name: str, ready: str) -> None:
    """Wait for a node's Ready condition. kwok plays a node when it hears of a change, and may pass over one that comes
    while it still carries out the one before: touched again, the node is looked at again."""
    for touch in range(10):
        with suppress(AssertionError):
            await node_becomes(api, name, ready, within_s=6)
            return
        await api.patch("Node", name, {"metadata": {"annotations": {"kronveil.io/touched": str(touch)}}})
    await node_becomes(api, name, ready, within_s=6)


def _runs_clean(pod: Manifest) -> bool:
    return pod["status"].get("phase") == "Running" and FAIL not in pod["metadata"].get("labels", {})


async def becomes_available(api: ApiClient, name: str, namespace: str = "default", *, within_s: float = 60) -> None:
    """Wait until a deployment's current template is fully rolled out and available."""

    async def is_so() -> bool:
        found = await api.get("Deployment", name, namespace)
        status, wanted = found.get("status", {}), found["spec"]["replicas"]
        # Status may still describe the generation before: only then the numbers mean this template.
        return bool(
            status.get("observedGeneration", 0) >= found["metadata"]["generation"]
            and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted
            and status.get("replicas", 0) == wanted
        )

    await eventually(is_so, f"deployment {namespace}/{name} is available", within_s=within_s)


def condition(thing: Manifest, kind: str) -> str | None:
    """Status of one condition of a node, pod or deployment, None when it has none."""
    found = (c["status"] for c in thing.get("status", {}).get("conditions", []) if c["type"] == kind)
    return next(found, None)


async def pods_of(api: ApiClient, name: str, namespace: str = "default") -> list[Manifest]:
    """The pods of a deployment that nobody has deleted."""
    pods = await api.list("Pod", namespace, labels=f"app={name}")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def container_state(pod: Manifest) -> Manifest:
    """The status of a pod's only container, empty while there is none."""
    statuses: list[Manifest] = pod.get("status", {}).get("containerStatuses") or [{}]
    return statuses[0]
