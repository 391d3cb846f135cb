"""What else a story can put into a cluster: jobs, quotas, budgets, autoscalers, certificates, GitOps objects."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kronveil.lab.kinds import (
    APPLICATION,
    BUDGET,
    CERTIFICATE,
    CRONJOB,
    HELM_RELEASE,
    HPA,
    JOB,
    KUSTOMIZATION,
    QUOTA,
    STORAGE_CLASS,
    JsonObject,
    Kind,
)
from kronveil.lab.objects import DEFAULT_STORAGE_CLASS, set_condition
from kronveil.lab.times import stamp

GITOPS = {kind.name: kind for kind in (APPLICATION, KUSTOMIZATION, HELM_RELEASE)}
STORAGE_CLASSES = {DEFAULT_STORAGE_CLASS: "WaitForFirstConsumer", "gp3-immediate": "Immediate"}
"""The storage classes of every cluster, with how they bind."""


class Timeless(Protocol):
    """Something to put into a cluster."""

    def made(self) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        ...


class Dated(Protocol):
    """Something to put into a cluster that shows when."""

    def made(self, now: datetime) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        ...


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A job; with a schedule, a cron job."""

    namespace: str
    name: str
    image: str
    schedule: str = ""
    backoff_limit: int = 6
    deadline_s: float = 0

    def made(self) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        container = {"name": self.name, "image": self.image}
        spec: JsonObject = {
            "backoffLimit": self.backoff_limit,
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": self.name}},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            },
        }
        if self.deadline_s:
            spec["activeDeadlineSeconds"] = int(self.deadline_s)
        metadata = {"name": self.name, "namespace": self.namespace}
        if self.schedule:
            return CRONJOB, {"metadata": metadata, "spec": {"schedule": self.schedule, "jobTemplate": {"spec": spec}}}
        return JOB, {"metadata": metadata, "spec": spec}


@dataclass(frozen=True, slots=True)
class QuotaPlan:
    """A resource quota; what is empty is not limited."""

    namespace: str
    name: str = "compute"
    pods: str = ""
    cpu: str = ""
    memory: str = ""

    def made(self) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        hard = {"pods": self.pods, "requests.cpu": self.cpu, "requests.memory": self.memory}
        spec = {"hard": {name: value for name, value in hard.items() if value}}
        return QUOTA, {"metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec}


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """A disruption budget for an app of the same name."""

    namespace: str
    name: str
    min_available: str

    def made(self) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        least: str | int = int(self.min_available) if self.min_available.isdigit() else self.min_available
        selector = {"matchLabels": {"app.kubernetes.io/name": self.name}}
        spec = {"minAvailable": least, "selector": selector}
        return BUDGET, {"metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec}


@dataclass(frozen=True, slots=True)
class AutoscalerPlan:
    """An autoscaler for the deployment of the same name, by use of cpu in percent of what is asked for."""

    namespace: str
    name: str
    least: int = 1
    most: int = 10
    target: int = 70

    def made(self) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        target = {"type": "Utilization", "averageUtilization": self.target}
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name},
            "minReplicas": self.least,
            "maxReplicas": self.most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }
        return HPA, {"metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec}


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """A certificate kept by cert-manager, valid for so long when the story begins."""

    namespace: str
    name: str
    expires_in_s: float = 5_184_000

    def made(self, now: datetime) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        spec = {
            "secretName": f"{self.name}-tls",
            "dnsNames": [f"{self.name}.example.com"],
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"},
        }
        certificate: JsonObject = {"metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec}
        write_certificate(certificate, now, expires_in_s=self.expires_in_s)
        return CERTIFICATE, certificate


def write_certificate(certificate: JsonObject, now: datetime, *, expires_in_s: float, problem: str = "") -> None:
    """The status cert-manager writes; ``problem`` says why it cannot renew."""
    expires = now + timedelta(seconds=expires_in_s)
    status = certificate.setdefault("status", {})
    status |= {
        "notBefore": stamp(expires - timedelta(days=90)),
        "notAfter": stamp(expires),
        "renewalTime": stamp(expires - timedelta(days=30)),
        "revision": status.get("revision", 0) + (not problem),
    }
    is_over = expires <= now
    ready = {
        "type": "Ready",
        "status": str(not is_over),
        "reason": "Expired" if is_over else "Ready",
        "message": "Certificate has expired" if is_over else "Certificate is up to date and has not expired",
    }
    set_condition(certificate, ready, stamp(now))
    if problem:
        issuing = {"type": "Issuing", "status": "False", "reason": "Failed", "message": problem}
        set_condition(certificate, issuing, stamp(now))
    else:
        status["conditions"] = [item for item in status["conditions"] if item["type"] != "Issuing"]


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a GitOps controller keeps in step: kind Application, Kustomization or HelmRelease."""

    kind: str
    namespace: str
    name: str
    revision: str = "main@sha1:4f1c2a9"

    def made(self, now: datetime) -> tuple[Kind, JsonObject]:
        """Kind and object."""
        kind = GITOPS[self.kind]
        obj: JsonObject = {"metadata": {"name": self.name, "namespace": self.namespace}, "spec": {}}
        write_sync(kind, obj, now, revision=self.revision)
        return kind, obj


def write_sync(kind: Kind, obj: JsonObject, now: datetime, *, revision: str, problem: str = "") -> None:
    """The status the controller writes after a sync; ``problem`` says why it failed."""
    status = obj.setdefault("status", {})
    at = stamp(now)
    if kind is APPLICATION:
        message = problem or "successfully synced (all tasks run)"
        status |= {
            "sync": {"status": "OutOfSync" if problem else "Synced", "revision": revision},
            "health": {"status": "Degraded" if problem else "Healthy"},
            "operationState": {
                "phase": "Failed" if problem else "Succeeded",
                "message": message,
                "startedAt": at,
                "finishedAt": at,
                "syncResult": {"revision": revision},
            },
            "reconciledAt": at,
        }
        return
    failed = "UpgradeFailed" if kind is HELM_RELEASE else "ReconciliationFailed"
    done = "UpgradeSucceeded" if kind is HELM_RELEASE else "ReconciliationSucceeded"
    status["lastAttemptedRevision"] = revision
    if not problem:
        status["lastAppliedRevision"] = revision
    ready = {
        "type": "Ready",
        "status": str(not problem),
        "reason": failed if problem else done,
        "message": problem or f"Applied revision: {revision}",
    }
    set_condition(obj, ready, at)


def storage_class(name: str) -> tuple[Kind, JsonObject]:
    """A storage class of ``STORAGE_CLASSES``."""
    is_default = str(name == DEFAULT_STORAGE_CLASS).lower()
    return STORAGE_CLASS, {
        "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": is_default}},
        "provisioner": "ebs.csi.aws.com",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": STORAGE_CLASSES[name],
        "allowVolumeExpansion": True,
    }
