"""Horizontal autoscalers: as many replicas as the declared load needs, within their bounds, while there are metrics."""

import math

from kronveil.lab.kinds import DEPLOYMENT, HPA, STATEFULSET, JsonObject, Kind
from kronveil.lab.machinery import Machinery
from kronveil.lab.managed import note_writer
from kronveil.lab.objects import set_condition
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

SYNC_S = 15
SOURCE = "horizontal-pod-autoscaler"
_NO_METRICS = (
    "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: "
    "the server is currently unable to handle the request (get pods.metrics.k8s.io)"
)
_SCALED: dict[str, Kind] = {kind.name: kind for kind in (DEPLOYMENT, STATEFULSET)}


class Autoscaler:
    """Load is what all pods together use, in percent of what one asks for."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Scale the target to the load, and tell what holds it back."""
        hpa = self._world.find(HPA, key)
        if hpa is None:
            return
        reference = hpa.obj["spec"].get("scaleTargetRef", {})
        kind = _SCALED.get(reference.get("kind", ""))
        target = self._world.find(kind, (key[0], reference["name"])) if kind else None
        if target is None:
            what = f'{reference.get("kind", "").lower()}s.apps "{reference.get("name", "")}" not found'
            self._write(hpa, 0, 0, [("AbleToScale", False, "FailedGetScale", what)])
            return
        current = target.obj["spec"]["replicas"]
        able = ("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
        if not self._machinery.has_metrics:
            self._go_blind(hpa, current, able)
            return
        self._machinery.timers.cancel(("hpa", hpa.uid))
        wanted = self._wanted(hpa, current)
        most, least = hpa.obj["spec"]["maxReplicas"], hpa.obj["spec"].get("minReplicas", 1)
        desired = min(max(wanted, least), most)
        limited = ("ScalingLimited", False, "DesiredWithinRange", "the desired count is within the acceptable range")
        if wanted > most:
            what = "the desired replica count is more than the maximum replica count"
            limited = ("ScalingLimited", True, "TooManyReplicas", what)
        elif wanted < least:
            what = "the desired replica count is less than the minimum replica count"
            limited = ("ScalingLimited", True, "TooFewReplicas", what)
        found = "the HPA was able to successfully calculate a replica count from cpu resource utilization"
        active = ("ScalingActive", True, "ValidMetricFound", found)
        if desired != current:
            self._scale(hpa, target, desired)
            able = ("AbleToScale", True, "SucceededRescale", f"the HPA controller was able to update to {desired}")
        self._write(hpa, current, desired, [able, active, limited], utilisation=self._utilisation(key, current))

    def _go_blind(self, hpa: Record, current: int, able: tuple[str, bool, str, str]) -> None:
        why = f"the HPA was unable to compute the replica count: {_NO_METRICS}"
        self._write(hpa, current, current, [able, ("ScalingActive", False, "FailedGetResourceMetric", why)])
        if self._machinery.timers.is_set(("hpa", hpa.uid)):
            return
        self._machinery.after(("hpa", hpa.uid), SYNC_S, lambda: self._machinery.wake("hpa", hpa.key))
        for reason, message in (
            ("FailedGetResourceMetric", _NO_METRICS),
            ("FailedComputeMetricsReplicas", f"invalid metrics (1 invalid out of 1), first error is: {_NO_METRICS}"),
        ):
            self._machinery.recorder.record(hpa, reason, message, source=SOURCE, warning=True)

    def _wanted(self, hpa: Record, current: int) -> int:
        load = self._machinery.loads.get(hpa.key)
        if load is None:
            return current
        return max(1, math.ceil(load / _target_of(hpa.obj)))

    def _utilisation(self, key: Key, current: int) -> int | None:
        load = self._machinery.loads.get(key)
        return None if load is None else round(load / max(current, 1))

    def _scale(self, hpa: Record, target: Record, replicas: int) -> None:
        before = target.obj

        def scale(obj: JsonObject) -> None:
            obj["spec"]["replicas"] = replicas
            obj["metadata"]["generation"] = obj["metadata"].get("generation", 1) + 1
            note_writer(obj, before, manager="kube-controller-manager", now=self._world.now, subresource="scale")

        self._world.update(target.kind, target.key, scale)
        message = f"New size: {replicas}; reason: cpu resource utilization (percentage of request) differs from target"
        self._machinery.recorder.record(hpa, "SuccessfulRescale", message, source=SOURCE)

    def _write(
        self,
        hpa: Record,
        current: int,
        desired: int,
        conditions: list[tuple[str, bool, str, str]],
        *,
        utilisation: int | None = None,
    ) -> None:
        now = stamp(self._world.now)

        def write(obj: JsonObject) -> None:
            status = obj.setdefault("status", {})
            if desired != current:
                status["lastScaleTime"] = now
            status |= {"currentReplicas": current, "desiredReplicas": desired}
            status.pop("currentMetrics", None)
            if utilisation is not None:
                usage = {"averageUtilization": utilisation}
                status["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": usage}}]
            for kind, holds, reason, message in conditions:
                wanted = {"type": kind, "status": str(holds), "reason": reason, "message": message}
                set_condition(obj, wanted, now)

        self._world.update_status(HPA, hpa.key, write)


def _target_of(hpa: JsonObject) -> int:
    for metric in hpa["spec"].get("metrics") or ():
        if metric.get("type") == "Resource":
            return int(metric["resource"]["target"].get("averageUtilization", 80))
    return 80
