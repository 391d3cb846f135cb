"""A scene for each action on a cluster: the same on the lab and on a real API server."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kronveil.model.resource import Resource
from kronveil.sdk.actions import Step
from kronveil.sdk.testing import samples
from kronveil.sdk.testing.actions import Case
from tests.actions.ground import Ground, Object, Scene

APP, SECRET = "api", "workload-secret-zq7"
Made = Callable[[Ground], Awaitable[Scene]]


def step(action: str, **parameters: Any) -> Step:
    return Step("do it", action, parameters, samples.incident(1))


def case(ground: Ground, action: str, kind: str = "Deployment", name: str = APP, **parameters: Any) -> Case:
    return Case(step(action, **parameters), ground.target(kind, name))


def deployment(name: str = APP, *, replicas: int = 2, selector: Mapping[str, str] | None = None) -> Object:
    labels = {"app": name}
    container = {
        "name": "main",
        "image": "registry.test/api:1.0.0",
        "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "10m", "memory": "64Mi"}},
        "env": [{"name": "MODE", "value": "quiet"}, {"name": "DB_PASSWORD", "value": SECRET}],
    }
    spec: Object = {"containers": [container], "terminationGracePeriodSeconds": 1}
    if selector:
        spec["nodeSelector"] = dict(selector)
        spec["tolerations"] = [{"operator": "Exists"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def budget(name: str = APP, *, least: int) -> Object:
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": name}}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}


def a_job(name: str = "report") -> Object:
    container = {"name": "main", "image": "registry.test/report:1.0.0"}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template}}


async def scaled(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())

    async def change() -> str:
        await ground.patch("Deployment", APP, {"spec": {"replicas": 7}})
        return "spec.replicas"

    refused = [
        case(ground, "kubectl_scale", by=0),
        case(ground, "kubectl_scale", replicas="many"),
        case(ground, "kubectl_scale", by=5, at_most=2),
        case(ground, "kubectl_scale", kind="ConfigMap", name="kube-root-ca.crt"),
    ]
    return _of_the_app(ground, case(ground, "kubectl_scale", by=1), refused, change)


async def raised(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())

    async def change() -> str:
        await ground.patch("Deployment", APP, {"spec": {"template": {"spec": {"containers": [_bigger()]}}}})
        return "limits.memory"

    refused = [
        case(ground, "set_resources", raise_by_percent=0),
        case(ground, "set_resources", container="main", at_most="64Mi"),
        case(ground, "set_resources", container="nobody"),
        case(ground, "set_resources", kind="Node", name="n-1"),
    ]
    return _of_the_app(ground, case(ground, "set_resources", container="main"), refused, change)


async def undone(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())
    await _has_revision(ground, "1")
    await _set_image(ground, "registry.test/api:2.0.0")
    await _has_revision(ground, "2")

    async def change() -> str:
        await _set_image(ground, "registry.test/api:3.0.0")
        return "image"

    refused = [case(ground, "rollout_undo", kind="StatefulSet", name="none")]
    return _of_the_app(ground, case(ground, "rollout_undo"), refused, change)


async def restarted(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())

    async def change() -> str:
        await ground.delete("Deployment", APP)
        await ground.until(lambda: _is_gone(ground, "Deployment", APP), "it is deleted")
        await ground.create("Deployment", deployment())
        return "made again"

    refused = [case(ground, "rollout_restart", kind="Pod", name="api-1")]
    return _of_the_app(ground, case(ground, "rollout_restart"), refused, change)


async def patched(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())

    async def change() -> str:
        await ground.patch("Deployment", APP, {"spec": {"minReadySeconds": 9}})
        return "spec.minReadySeconds"

    container = {"name": "main", "env": [{"name": "MODE", "value": "loud"}, {"name": "DEPTH", "value": "2"}]}
    patch = {"spec": {"minReadySeconds": 5, "template": {"spec": {"containers": [container]}}}}
    refused = [
        case(ground, "patch"),
        case(ground, "patch", patch={"status": {"replicas": 1}}),
        case(ground, "patch", patch={"metadata": {"finalizers": ["x/y"]}}),
        case(ground, "patch", patch={"spec": {"replicas": 3}}, type="json"),
        case(ground, "patch", patch={"spec": {"template": {"spec": {"containers": [_with_secret()]}}}}),
        case(ground, "patch", kind="Pod", patch={"spec": {"priority": 3}}),
    ]
    return _of_the_app(ground, case(ground, "patch", patch=patch), refused, change)


async def evicted(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())
    pods = await running_pods(ground, 2)
    name = pods[0]["metadata"]["name"]

    async def change() -> str:
        await ground.delete("Pod", name)
        await ground.until(lambda: _is_gone(ground, "Pod", name), "the pod is gone")
        return ""

    lone = {"metadata": {"name": "lone"}, "spec": {"containers": [{"name": "main", "image": "registry.test/lone:1"}]}}
    await ground.create("Pod", {"apiVersion": "v1", "kind": "Pod", **lone})
    refused = [case(ground, "restart_pod", pod="lone"), case(ground, "restart_pod")]
    return Scene(
        case(ground, "restart_pod", pod=name), refused, standing=[resource("Pod", pod) for pod in pods], change=change
    )


async def cordoned(ground: Ground) -> Scene:
    name = await a_node(ground)

    async def change() -> str:
        await ground.patch("Node", name, {"spec": {"unschedulable": True}})
        return "spec.unschedulable"

    return Scene(
        case(ground, "cordon", "Node", name), [case(ground, "cordon")], watched=[Resource("Node", name)], change=change
    )


async def uncordoned(ground: Ground) -> Scene:
    name = await a_node(ground)
    await ground.patch("Node", name, {"spec": {"unschedulable": True}})

    async def change() -> str:
        await ground.patch("Node", name, {"spec": {"unschedulable": None}})
        return "spec.unschedulable"

    refused = [case(ground, "uncordon")]
    return Scene(case(ground, "uncordon", node=name), refused, watched=[Resource("Node", name)], change=change)


async def drained(ground: Ground) -> Scene:
    name = await a_node(ground)
    mine = {"kubernetes.io/hostname": (await ground.get("Node", name))["metadata"]["labels"]["kubernetes.io/hostname"]}
    await ground.create("Deployment", deployment(selector=mine))
    await running_pods(ground, 2)
    pods = (await ground.http.get("/api/v1/pods", params={"fieldSelector": f"spec.nodeName={name}"})).json()["items"]
    pods = [pod for pod in pods if pod["metadata"]["ownerReferences"][0]["kind"] != "DaemonSet"]

    async def change() -> str:
        node = await ground.get("Node", name)
        await ground.delete("Node", name)
        await ground.until(lambda: _is_gone(ground, "Node", name), "the node is gone")
        metadata = {"name": name, "labels": node["metadata"]["labels"]}
        await ground.create("Node", {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
        return "made again"

    refused = [case(ground, "drain"), case(ground, "drain", node=name, timeout="soon")]
    return Scene(
        case(ground, "drain", node=name, timeout="2m"),
        refused,
        watched=[Resource("Node", name)],
        standing=[resource("Pod", pod) for pod in pods],
        change=change,
    )


async def deleted(ground: Ground) -> Scene:
    job = await ground.create("Job", a_job())

    async def change() -> str:
        await ground.delete("Job", "report")
        await ground.until(lambda: _is_gone(ground, "Job", "report"), "the job is gone")
        await ground.create("Job", a_job())
        return "made again"

    return Scene(
        case(ground, "delete_job", "Job", "report"),
        [case(ground, "delete_job")],
        standing=[resource("Job", job)],
        change=change,
    )


async def diagnosed(ground: Ground) -> Scene:
    await ground.create("Deployment", deployment())
    refused = [
        case(ground, "run_diagnostic"),
        case(ground, "run_diagnostic", check="format the disk"),
        case(ground, "run_diagnostic", check="describe", url="https://example.com"),
        case(ground, "run_diagnostic", check="logs", lines=10**9),
        case(ground, "run_diagnostic", check="http", url="http://169.254.169.254/latest"),
    ]
    todo = case(ground, "run_diagnostic", check="describe", container="main")
    return Scene(todo, refused, watched=[Resource("Deployment", APP, ground.space)])


async def running_pods(ground: Ground, count: int) -> list[Object]:
    """The pods of the app, once so many run ready."""

    async def are_running() -> list[Object] | None:
        pods = [pod for pod in await ground.list("Pod") if pod["metadata"].get("labels", {}).get("app") == APP]
        ready = [pod for pod in pods if _is_ready(pod)]
        return pods if len(ready) == len(pods) == count else None

    found: list[Object] = await ground.until(are_running, f"{count} pods run")
    return found


def resource(kind: str, obj: Object) -> Resource:
    metadata = obj["metadata"]
    return Resource(kind, metadata["name"], metadata.get("namespace"), metadata["uid"])


async def a_node(ground: Ground) -> str:
    """A node of the test's own; in the lab the first one is."""
    if ground.made_nodes:
        return ground.made_nodes[0]
    nodes = (await ground.http.get("/api/v1/nodes")).json()["items"]
    name: str = nodes[0]["metadata"]["name"]
    return name


def _of_the_app(ground: Ground, todo: Case, refused: list[Case], change: Callable[[], Awaitable[str]]) -> Scene:
    return Scene(todo, refused, watched=[Resource("Deployment", APP, ground.space)], change=change)


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


async def _is_gone(ground: Ground, kind: str, name: str) -> bool:
    return await ground.find(ground.target(kind, name).resource) is None


async def _set_image(ground: Ground, image: str) -> None:
    template = deployment()["spec"]["template"]
    template["spec"]["containers"][0]["image"] = image
    await ground.patch("Deployment", APP, {"spec": {"template": template}})


async def _has_revision(ground: Ground, revision: str) -> None:
    async def is_so() -> bool:
        annotations = (await ground.get("Deployment", APP))["metadata"].get("annotations") or {}
        return bool(annotations.get("deployment.kubernetes.io/revision") == revision)

    await ground.until(is_so, f"it is at revision {revision}")


def _with_secret() -> Object:
    return {"name": "main", "env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}


def _bigger() -> Object:
    container: Object = deployment()["spec"]["template"]["spec"]["containers"][0]
    return {**container, "resources": {"limits": {"memory": "1Gi"}}}
