"""The JSON of Kubernetes objects as a cluster would write it: nodes, deployments, and pods made from a template."""

import hashlib
from dataclasses import dataclass

import msgspec

from kronveil.lab.kinds import JsonObject
from kronveil.lab.world import Record, World

SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes makes random names of: no vowels, so no words."""
DEFAULT_STORAGE_CLASS = "gp3"


def letters(number: int, length: int) -> str:
    """A name part like Kubernetes' random suffixes, made of a number."""
    word = ""
    for _ in range(length):
        number, index = divmod(number, len(SAFE_LETTERS))
        word += SAFE_LETTERS[index]
    return word


def template_hash(template: JsonObject) -> str:
    """The pod-template-hash of a template."""
    return letters(
        int.from_bytes(hashlib.sha256(msgspec.json.encode(template, order="sorted")).digest()[:8], "big"), 10
    )


def owner_of(obj: JsonObject) -> JsonObject | None:
    """The controlling owner reference."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def owned_by(owner: Record) -> list[JsonObject]:
    """Owner references that name ``owner`` as the controller."""
    return [
        {
            "apiVersion": owner.kind.api_version,
            "kind": owner.kind.name,
            "name": owner.key[1],
            "uid": owner.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def condition(obj: JsonObject, kind: str) -> JsonObject | None:
    """The status condition of a type, to read or to change in place."""
    for item in obj.get("status", {}).get("conditions") or ():
        if item["type"] == kind:
            found: JsonObject = item
            return found
    return None


def set_condition(obj: JsonObject, wanted: JsonObject, now: str) -> bool:
    """Write a condition; its transition time moves only with its status. Answers whether the status changed."""
    conditions = obj.setdefault("status", {}).setdefault("conditions", [])
    current = condition(obj, wanted["type"])
    if current is None:
        conditions.append({**wanted, "lastTransitionTime": now})
        return True
    changed = bool(current["status"] != wanted["status"])
    moved = now if changed else current.get("lastTransitionTime", now)
    current.clear()
    current.update(wanted, lastTransitionTime=moved)
    return changed


def is_ready(pod: JsonObject) -> bool:
    """Whether a pod's Ready condition is true."""
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def is_active(pod: JsonObject) -> bool:
    """Whether a pod counts for its owner: not being deleted, and not over."""
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in ("Failed", "Succeeded")


@dataclass(frozen=True, slots=True)
class NodeSize:
    """What a node offers."""

    cpu: str = "8"
    memory: str = "32Gi"
    pods: int = 110


def node_object(world: World, index: int, size: NodeSize, version: str) -> JsonObject:
    """A node as its kubelet registers it. The name depends on region and index alone, so that stories can name it."""
    name = f"ip-10-0-{16 * (index % 3)}-{10 + index}.{world.region}.compute.internal"
    zone = f"{world.region}{'abc'[index % 3]}"
    capacity = {"cpu": size.cpu, "memory": size.memory, "pods": str(size.pods), "ephemeral-storage": "83873772Ki"}
    return {
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m6i.2xlarge",
                "topology.kubernetes.io/region": world.region,
                "topology.kubernetes.io/zone": zone,
            },
            "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {
            "podCIDR": f"10.{100 + index // 250}.{index % 250}.0/24",
            "providerID": f"aws:///{zone}/i-{world.number('instance', index):016x}",
        },
        "status": {
            "capacity": capacity,
            "allocatable": dict(capacity),
            "addresses": [
                {"type": "InternalIP", "address": node_address(name)},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "osImage": "Amazon Linux 2023.9.20261103",
                "kernelVersion": "6.12.54-74.119.amzn2023.x86_64",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kubeletVersion": version,
                "kubeProxyVersion": version,
                "machineID": f"{world.number('machine', index):032x}",
                "systemUUID": f"{world.number('system', index):032x}",
                "bootID": f"{world.number('boot', index):032x}",
            },
        },
    }


def node_address(name: str) -> str:
    """The address in a node's name (``ip-10-1-2-3.region...``), or a loopback one."""
    parts = name.split(".", maxsplit=1)[0].split("-")
    return ".".join(parts[1:5]) if parts[0] == "ip" and len(parts) == 5 else "127.0.0.1"


@dataclass(frozen=True, slots=True)
class App:
    """A workload of a story and the service in front of it.

    ``kind`` is Deployment, StatefulSet or DaemonSet; ``storage`` gives each pod of a stateful set a claim of that size.
    ``config`` and ``secret`` name what its variables come from. ``helm`` (a chart, ``checkout-1.2.0``), ``argo`` and
    ``flux`` (an application's or kustomization's name) say what deployed it, in labels and annotations.
    """

    namespace: str
    name: str
    image: str
    replicas: int = 2
    cpu: str = "100m"
    memory: str = "128Mi"
    port: int = 8080
    progress_deadline_s: int = 600
    kind: str = "Deployment"
    storage: str = ""
    storage_class: str = DEFAULT_STORAGE_CLASS
    config: str = ""
    secret: str = ""
    helm: str = ""
    argo: str = ""
    flux: str = ""

    @property
    def manager(self) -> str:
        """The field manager of what deployed it."""
        if self.helm:
            return "helm"
        if self.argo:
            return "argocd-controller"
        return "kustomize-controller" if self.flux else "kubectl-client-side-apply"


def workload_object(app: App) -> JsonObject:
    """The deployment (or stateful set, or daemon set) of an app, as its team would apply it."""
    obj = _deployment_object(app)
    labels = obj["metadata"]["labels"]
    annotations: dict[str, str] = {}
    if app.helm:
        labels |= {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": app.helm}
        labels["app.kubernetes.io/instance"] = app.name
        annotations |= {"meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace}
    if app.argo:
        annotations["argocd.argoproj.io/tracking-id"] = f"{app.argo}:apps/{app.kind}:{app.namespace}/{app.name}"
    if app.flux:
        labels["kustomize.toolkit.fluxcd.io/name"] = app.flux
        labels["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system"
    if annotations:
        obj["metadata"]["annotations"] = annotations
    if app.kind == "DaemonSet":
        del obj["spec"]["replicas"]
    if app.kind != "Deployment":
        del obj["spec"]["progressDeadlineSeconds"]
    if app.kind == "StatefulSet":
        obj["spec"]["serviceName"] = app.name
        if app.storage:
            _add_storage(obj["spec"], app)
    return obj


def _add_storage(spec: JsonObject, app: App) -> None:
    wish = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": app.storage_class,
        "resources": {"requests": {"storage": app.storage}},
    }
    spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": wish}]
    container = spec["template"]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/data"}]


def _deployment_object(app: App) -> JsonObject:
    labels = {"app.kubernetes.io/name": app.name, "app.kubernetes.io/part-of": app.namespace}
    probe = {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5, "timeoutSeconds": 1}
    container: JsonObject = {
        "name": app.name,
        "image": app.image,
        "ports": [{"name": "http", "containerPort": app.port, "protocol": "TCP"}],
        "env": [
            {"name": "SERVICE_NAME", "value": app.name},
            {"name": "LOG_FORMAT", "value": "json"},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
        ],
        "resources": {"requests": {"cpu": app.cpu, "memory": app.memory}, "limits": {"memory": app.memory}},
        "readinessProbe": {**probe, "successThreshold": 1, "failureThreshold": 3},
        "imagePullPolicy": "IfNotPresent",
    }
    sources = [{"configMapRef": {"name": app.config}}] if app.config else []
    sources += [{"secretRef": {"name": app.secret}}] if app.secret else []
    if sources:
        container["envFrom"] = sources
    return {
        "metadata": {"name": app.name, "namespace": app.namespace, "labels": dict(labels)},
        "spec": {
            "replicas": app.replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/name": app.name}},
            "progressDeadlineSeconds": app.progress_deadline_s,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def config_object(app: App) -> JsonObject:
    """The config map an app's variables come from."""
    data = {"LOG_LEVEL": "info", "FEATURE_FLAGS": "none"}
    return {"metadata": {"name": app.config, "namespace": app.namespace}, "data": data}


def secret_object(app: App) -> JsonObject:
    """The secret an app's variables come from."""
    metadata = {"name": app.secret, "namespace": app.namespace}
    return {"metadata": metadata, "type": "Opaque", "data": {"TOKEN": "bGFi"}}


def service_object(app: App, world: World) -> JsonObject:
    """The cluster-internal service of an app."""
    number = world.number("service", app.namespace, app.name)
    address = f"172.20.{number % 250}.{1 + number // 256 % 250}"
    return {
        "metadata": {"name": app.name, "namespace": app.namespace, "labels": {"app.kubernetes.io/name": app.name}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address,
            "clusterIPs": [address],
            "selector": {"app.kubernetes.io/name": app.name},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
            "sessionAffinity": "None",
        },
        "status": {"loadBalancer": {}},
    }


def fill_in_deployment(deployment: JsonObject) -> None:
    """The defaults an API server writes into a deployment."""
    spec = deployment["spec"]
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec["template"].setdefault("metadata", {})
    fill_in_pod_spec(spec["template"]["spec"])


def fill_in_template_owner(obj: JsonObject) -> None:
    """The defaults of a stateful set or a daemon set."""
    spec = obj["spec"]
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("updateStrategy", {}).setdefault("type", "RollingUpdate")
    for template in spec.get("volumeClaimTemplates") or ():
        template["spec"].setdefault("storageClassName", DEFAULT_STORAGE_CLASS)
    spec["template"].setdefault("metadata", {})
    fill_in_pod_spec(spec["template"]["spec"])


def fill_in_job(spec: JsonObject) -> None:
    """The defaults of a job's spec; jobs of the lab that name no restart policy have Never."""
    spec.setdefault("parallelism", 1)
    spec.setdefault("completions", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec["template"].setdefault("metadata", {})
    spec["template"]["spec"].setdefault("restartPolicy", "Never")
    fill_in_pod_spec(spec["template"]["spec"])


def fill_in_cronjob(spec: JsonObject) -> None:
    """The defaults of a cron job's spec."""
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    fill_in_job(spec["jobTemplate"]["spec"])


def fill_in_pod_spec(spec: JsonObject) -> None:
    """The defaults an API server writes into a pod's spec or a template's."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    for container in spec["containers"]:
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("imagePullPolicy", "IfNotPresent")


def admit_pod(pod: JsonObject, uid_word: str) -> None:
    """What admission adds to a new pod: token volume, tolerations, service account, first status."""
    spec = pod["spec"]
    fill_in_pod_spec(spec)
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", "default")
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    volume = f"kube-api-access-{uid_word}"
    spec.setdefault("volumes", []).append(
        {"name": volume, "projected": {"defaultMode": 420, "sources": _TOKEN_SOURCES}}
    )
    mount = {"name": volume, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    for container in spec["containers"]:
        container.setdefault("volumeMounts", []).append(dict(mount))
    tolerations = spec.setdefault("tolerations", [])
    for taint in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{taint}"
        if not any(item.get("key") == key for item in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    pod["status"] = {"phase": "Pending", "qosClass": _qos_class(spec)}


_TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
]


def _qos_class(spec: JsonObject) -> str:
    resources = [container["resources"] for container in spec["containers"]]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    for item in resources:
        limits, requests = item.get("limits", {}), item.get("requests", item.get("limits", {}))
        if set(limits) != {"cpu", "memory"} or limits != requests:
            return "Burstable"
    return "Guaranteed"
