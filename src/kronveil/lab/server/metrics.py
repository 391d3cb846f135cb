"""metrics.k8s.io/v1beta1, as the aggregated API of metrics-server serves it: pods and nodes, read only."""

from starlette.responses import Response

from kronveil.lab.kinds import NODE, POD, JsonObject
from kronveil.lab.server.answers import ApiError, json_answer, no_such_path
from kronveil.lab.usage import Usage
from kronveil.lab.world import World

GROUP = "metrics.k8s.io"
VERSION = f"{GROUP}/v1beta1"
PREFIX = f"/apis/{VERSION}"
GROUP_ENTRY: JsonObject = {
    "name": GROUP,
    "versions": [{"groupVersion": VERSION, "version": "v1beta1"}],
    "preferredVersion": {"groupVersion": VERSION, "version": "v1beta1"},
}


def is_metrics_path(path: str) -> bool:
    """Whether metrics-server would be asked."""
    return path in (f"/apis/{GROUP}", PREFIX) or path.startswith(f"{PREFIX}/")


def plural_of(path: str) -> str:
    """Of what it is asked, for who forbids it."""
    parts = path.removeprefix(f"{PREFIX}/").split("/")
    return parts[2] if parts[0] == "namespaces" and len(parts) > 2 else parts[0]


def answer_metrics(path: str, usage: Usage, world: World) -> Response:  # noqa: PLR0911 - a path a line
    """Raises ApiError for what is not there, and while metrics-server does not answer."""
    if path == f"/apis/{GROUP}":
        return json_answer({"kind": "APIGroup", "apiVersion": "v1", **GROUP_ENTRY})
    if not usage.is_offered:
        raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    if path == PREFIX:
        return json_answer(_resources())
    match path.removeprefix(f"{PREFIX}/").split("/"):
        case ["nodes"]:
            return _list("NodeMetricsList", usage.nodes())
        case ["nodes", name] if (node := world.find(NODE, ("", name))) is not None:
            return json_answer(usage.node(node))
        case ["pods"]:
            return _list("PodMetricsList", usage.pods())
        case ["namespaces", namespace, "pods"]:
            return _list("PodMetricsList", usage.pods(namespace))
        case ["namespaces", namespace, "pods", name]:
            pod = world.find(POD, (namespace, name))
            metrics = None if pod is None else usage.pod(pod)
            if metrics is not None:
                return json_answer(metrics)
            raise ApiError(404, "NotFound", f'podmetrics.{GROUP} "{namespace}/{name}" not found')
        case _:
            raise no_such_path()


def node_of_summary(path: str) -> str:
    """The node whose kubelet's summary is asked for; empty for another path."""
    match path.split("/"):
        case ["", "api", "v1", "nodes", node, "proxy", "stats", "summary"]:
            return node
        case _:
            return ""


def answer_summary(name: str, kubelets: Usage | None, world: World) -> Response:
    """Raises ApiError for a node that is not there, or whose kubelet does not answer."""
    node = world.find(NODE, ("", name))
    if node is None or kubelets is None:
        raise ApiError(404, "NotFound", f'nodes "{name}" not found')
    if not kubelets.is_up(node):
        what = f"error trying to reach service: dial tcp {name}:10250: connect: connection refused"
        raise ApiError(503, "ServiceUnavailable", what)
    return json_answer(kubelets.summary(node))


def _list(kind: str, items: list[JsonObject]) -> Response:
    return json_answer({"kind": kind, "apiVersion": VERSION, "metadata": {}, "items": items})


def _resources() -> JsonObject:
    resources = [
        {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}
        for name, kind, namespaced in (("nodes", "NodeMetrics", False), ("pods", "PodMetrics", True))
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": VERSION, "resources": resources}
