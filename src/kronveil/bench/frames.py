"""Pod watch frames of 9 to 10 kB in the real shape, the same ones each time: no chance, no clock."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

_KEY = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class PodName:
    """A pod by number, its deployment and its replica set."""

    number: int
    pods_per_deployment: int

    @property
    def deployment(self) -> str:
        return f"service-{self.number // self.pods_per_deployment:05d}"

    @property
    def name(self) -> str:
        return f"{self.replicaset}-{self.number:05d}"

    @property
    def replicaset(self) -> str:
        return f"{self.deployment}-7d4b9c6f8d"

    @property
    def deployment_uid(self) -> str:
        return f"2a9d4c71-0000-4000-a000-{self.number // self.pods_per_deployment:012d}"

    @property
    def replicaset_uid(self) -> str:
        return f"8c1d3e5f-0000-4000-9000-{self.number // self.pods_per_deployment:012d}"

    @property
    def namespace(self) -> str:
        return f"team-{self.number // self.pods_per_deployment % 20:02d}"

    @property
    def uid(self) -> str:
        return f"5b0e2f6a-0000-4000-8000-{self.number:012d}"


def pod_json(pod: PodName, version: int, *, is_failing: bool = False) -> bytes:
    """The pod as a list item. A failing one crash-loops: restarted three times, waiting to be started again."""
    template = _FAILING if is_failing else _HEALTHY
    return (
        template.replace("@name@", pod.name)
        .replace("@deployment@", pod.deployment)
        .replace("@namespace@", pod.namespace)
        .replace("@uid@", pod.uid)
        .replace("@version@", str(version))
        .replace("@replicaset@", pod.replicaset_uid)
        .encode()
    )


def frame(pod: PodName, version: int, *, is_failing: bool = False) -> bytes:
    """One line of a watch."""
    return b'{"type":"MODIFIED","object":' + pod_json(pod, version, is_failing=is_failing) + b"}\n"


def pods_page(pods: Iterable[PodName], *, version: int, token: str) -> bytes:
    """One page of a list of healthy pods."""
    return _page((pod_json(pod, pod.number + 1) for pod in pods), version=version, token=token)


METRICS_TIME = b"@when it was measured@"


def metrics_page(pods: Iterable[PodName]) -> bytes:
    """What metrics.k8s.io says of these pods, but for the time; a container each."""
    items = [
        json.dumps(
            {
                "metadata": {"name": pod.name, "namespace": pod.namespace},
                "timestamp": METRICS_TIME.decode(),
                "window": "15.2s",
                "containers": [
                    {
                        "name": "app",
                        "usage": {"cpu": f"{pod.number * 7919 % 900_000_000}n", "memory": f"{40_000 + pod.number}Ki"},
                    }
                ],
            }
        ).encode()
        for pod in pods
    ]
    head = b'{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":['
    return head + b",".join(items) + b"]}"


def replicasets_page(firsts: Iterable[PodName]) -> bytes:
    """The replica sets of these pods, in one page; each pod stands for its deployment."""
    return _page(
        json.dumps(
            {
                "metadata": {
                    "name": pod.replicaset,
                    "namespace": pod.namespace,
                    "uid": pod.replicaset_uid,
                    "resourceVersion": "1",
                    "ownerReferences": [
                        {"kind": "Deployment", "name": pod.deployment, "uid": pod.deployment_uid, "controller": True}
                    ],
                }
            }
        ).encode()
        for pod in firsts
    )


def deployments_page(firsts: Iterable[PodName]) -> bytes:
    """Their deployments, all well."""
    return _page(
        json.dumps(
            {
                "metadata": {
                    "name": pod.deployment,
                    "namespace": pod.namespace,
                    "uid": pod.deployment_uid,
                    "resourceVersion": "1",
                    "generation": 1,
                },
                "spec": {"replicas": pod.pods_per_deployment},
                "status": {
                    "observedGeneration": 1,
                    "updatedReplicas": pod.pods_per_deployment,
                    "availableReplicas": pod.pods_per_deployment,
                    "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
                },
            }
        ).encode()
        for pod in firsts
    )


def _page(items: Iterable[bytes], *, version: int = 1, token: str = "") -> bytes:
    head = json.dumps({"resourceVersion": str(version), "continue": token}).encode()
    return b'{"metadata":' + head + b',"items":[' + b",".join(items) + b"]}"


def _fields(depth: int, names: list[str]) -> dict[str, object]:
    """What ``managedFields`` looks like: deep, wide and of no use to anybody who watches."""
    if depth == 0:
        return {f"f:{name}": {} for name in names}
    return {f"f:{name}": {".": {}, **_fields(depth - 1, names)} for name in names[: 2 + depth]}


def _pod(*, is_failing: bool) -> dict[str, object]:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": _metadata(),
        "spec": _spec(),
        "status": _status(is_failing=is_failing),
    }


def _metadata() -> dict[str, object]:
    return {
        "name": "@name@",
        "generateName": "@deployment@-7d4b9c6f8d-",
        "namespace": "@namespace@",
        "uid": "@uid@",
        "resourceVersion": "@version@",
        "creationTimestamp": "2026-11-20T08:12:31Z",
        "labels": {
            "app.kubernetes.io/name": "@deployment@",
            "app.kubernetes.io/instance": "@deployment@-prod",
            "app.kubernetes.io/version": "2026.11.3",
            "pod-template-hash": "7d4b9c6f8d",
            "team": "@namespace@",
        },
        "annotations": {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9100",
            "kubectl.kubernetes.io/restartedAt": "2026-11-20T08:12:30Z",
            "cni.projectcalico.org/podIP": "10.42.7.21/32",
            "checksum/config": _KEY + _KEY[:28],
        },
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": "@deployment@-7d4b9c6f8d",
                "uid": "@replicaset@",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
        "managedFields": [
            {
                "manager": manager,
                "operation": "Update",
                "apiVersion": "v1",
                "time": "2026-11-20T08:12:31Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:metadata": _fields(2, names), "f:spec": _fields(1, names)},
            }
            for manager, names in (
                ("kube-controller-manager", ["containers", "dnsPolicy", "restartPolicy", "labels", "ownerReferences"]),
                ("kubelet", ["conditions", "containerStatuses", "hostIP", "phase", "podIPs", "startTime"]),
            )
        ],
    }


def _spec() -> dict[str, object]:
    return {
        "volumes": [
            {"name": "config", "configMap": {"name": "@deployment@-config", "defaultMode": 420}},
            {"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}},
            {
                "name": "kube-api-access-x7k2p",
                "projected": {
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                    ],
                    "defaultMode": 420,
                },
            },
        ],
        "containers": [_container("app", port=8080), _container("sidecar", port=9100)],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "@deployment@",
        "nodeName": "ip-10-42-7-101.eu-west-1.compute.internal",
        "securityContext": {"runAsNonRoot": True, "fsGroup": 2000},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("not-ready", "unreachable")
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _container(name: str, *, port: int) -> dict[str, object]:
    return {
        "name": name,
        "image": f"registry.example.com/shop/{name}:2026.11.3",
        "args": ["--config=/etc/app/config.yaml", "--log-format=json", f"--listen=:{port}"],
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        "env": [{"name": f"SETTING_{number:02d}", "value": f"value-of-setting-{number:02d}"} for number in range(3)],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/app"},
            {"name": "cache", "mountPath": "/var/cache/app"},
            {
                "name": "kube-api-access-x7k2p",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            },
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "initialDelaySeconds": 10,
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _status(*, is_failing: bool) -> dict[str, object]:
    is_ready = "False" if is_failing else "True"
    return {
        "phase": "Running",
        "conditions": [
            {
                "type": kind,
                "status": is_ready if kind in ("Ready", "ContainersReady") else "True",
                "lastProbeTime": None,
                "lastTransitionTime": "2026-11-20T08:12:40Z",
            }
            for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "hostIP": "10.42.7.101",
        "podIP": "10.42.7.21",
        "podIPs": [{"ip": "10.42.7.21"}],
        "startTime": "2026-11-20T08:12:31Z",
        "containerStatuses": [_container_status("app", is_failing=is_failing), _container_status("sidecar")],
        "qosClass": "Burstable",
    }


def _container_status(name: str, *, is_failing: bool = False) -> dict[str, object]:
    waiting = {
        "waiting": {
            "reason": "CrashLoopBackOff",
            "message": "back-off 40s restarting failed container=app pod=@name@_@namespace@(@uid@)",
        }
    }
    last = {
        "terminated": {
            "exitCode": 1,
            "reason": "Error",
            "startedAt": "2026-11-20T08:15:01Z",
            "finishedAt": "2026-11-20T08:15:04Z",
            "containerID": f"containerd://{_KEY}{_KEY[:28]}",
        }
    }
    return {
        "name": name,
        "state": waiting if is_failing else {"running": {"startedAt": "2026-11-20T08:12:35Z"}},
        "lastState": last if is_failing else {},
        "ready": not is_failing,
        "restartCount": 3 if is_failing else 0,
        "image": f"registry.example.com/shop/{name}:2026.11.3",
        "imageID": f"registry.example.com/shop/{name}@sha256:{_KEY}{_KEY[:28]}",
        "containerID": f"containerd://{_KEY}{_KEY[:28]}",
        "started": not is_failing,
    }


def _compact(pod: dict[str, object]) -> str:
    return json.dumps(pod, separators=(",", ":"))


_HEALTHY = _compact(_pod(is_failing=False))
_FAILING = _compact(_pod(is_failing=True))
