"""The little of a Kubernetes client that scenes need: five verbs and the status subresource, JSON in and out."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

Manifest = dict[str, Any]

# kind -> (path of its group and version, plural, lives in a namespace)
KINDS: Mapping[str, tuple[str, str, bool]] = {
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "Event": ("/api/v1", "events", True),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "ResourceQuota": ("/api/v1", "resourcequotas", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "ReplicaSet": ("/apis/apps/v1", "replicasets", True),
    "StatefulSet": ("/apis/apps/v1", "statefulsets", True),
    "DaemonSet": ("/apis/apps/v1", "daemonsets", True),
    "Job": ("/apis/batch/v1", "jobs", True),
    "CronJob": ("/apis/batch/v1", "cronjobs", True),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "ValidatingWebhookConfiguration": (
        "/apis/admissionregistration.k8s.io/v1",
        "validatingwebhookconfigurations",
        False,
    ),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "Database": ("/apis/db.kronveil.test/v1beta1", "databases", True),
    "APIService": ("/apis/apiregistration.k8s.io/v1", "apiservices", False),
    "PodMetrics": ("/apis/metrics.k8s.io/v1beta1", "pods", True),
    "NodeMetrics": ("/apis/metrics.k8s.io/v1beta1", "nodes", False),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
}


class ApiError(AssertionError):
    """The API server refused; `status` is the HTTP status, the message is the server's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class ApiClient:
    """Talks to one API server as one user."""

    def __init__(self, url: str, ca: Path, token: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            verify=ssl.create_default_context(cafile=str(ca)),
            headers={"Authorization": f"Bearer {token}"},
            timeout=15,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def raw(self, path: str) -> httpx2.Response:
        """The bare answer to a GET, whatever its status."""
        return await self._http.get(path)

    async def create(self, manifest: Manifest) -> Manifest:
        path = self._path(manifest["kind"], manifest["metadata"].get("namespace"))
        return self._read(await self._http.post(path, json=manifest))

    async def attempt(self, kind: str, namespace: str, manifest: Manifest, *, dry_run: bool) -> httpx2.Response:
        """The bare answer to a create, whatever its status."""
        parameters = {"dryRun": "All"} if dry_run else {}
        return await self._http.post(self._path(kind, namespace), json=manifest, params=parameters)

    async def get(self, kind: str, name: str, namespace: str | None = None) -> Manifest:
        return self._read(await self._http.get(self._path(kind, namespace, name)))

    async def find(self, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """Like `get`, but None when it does not exist."""
        answer = await self._http.get(self._path(kind, namespace, name))
        return None if answer.status_code == 404 else self._read(answer)

    async def list(self, kind: str, namespace: str | None = None, *, labels: str = "") -> list[Manifest]:
        """All of a kind, of every namespace when none is named; `labels` is a label selector."""
        parameters = {"labelSelector": labels} if labels else {}
        items: list[Manifest] = self._read(await self._http.get(self._path(kind, namespace), params=parameters))[
            "items"
        ]
        return items

    async def patch(self, kind: str, name: str, body: Manifest, namespace: str | None = None) -> Manifest:
        """Strategic merge; None removes a key."""
        return await self._patch(self._path(kind, namespace, name), body)

    async def patch_status(self, kind: str, name: str, body: Manifest, namespace: str | None = None) -> Manifest:
        """Strategic merge of the status alone, as the kubelet writes it."""
        return await self._patch(f"{self._path(kind, namespace, name)}/status", {"status": body})

    async def set_status(self, kind: str, name: str, status: Manifest, namespace: str | None = None) -> Manifest:
        """The whole status, as the controller of a custom resource writes it."""
        now = await self.get(kind, name, namespace)
        path = f"{self._path(kind, namespace, name)}/status"
        return self._read(await self._http.put(path, json={**now, "status": status}))

    async def delete(self, kind: str, name: str, namespace: str | None = None, *, grace_s: int = 0) -> None:
        """Delete it and, in the background, what it owns. That it is gone already is no error."""
        body = {"gracePeriodSeconds": grace_s, "propagationPolicy": "Background"}
        answer = await self._http.request("DELETE", self._path(kind, namespace, name), json=body)
        if answer.status_code != 404:
            self._read(answer)

    async def _patch(self, path: str, body: Manifest) -> Manifest:
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        return self._read(await self._http.patch(path, json=body, headers=headers))

    @staticmethod
    def _path(kind: str, namespace: str | None, name: str | None = None) -> str:
        prefix, plural, is_namespaced = KINDS[kind]
        inside = f"/namespaces/{namespace}" if is_namespaced and namespace else ""
        return f"{prefix}{inside}/{plural}" + (f"/{name}" if name else "")

    @staticmethod
    def _read(answer: httpx2.Response) -> Manifest:
        if answer.status_code >= 400:
            raise ApiError(answer.status_code, answer.text[:500])
        body: Manifest = answer.json()
        return body
