"""Deployments: a replica set for each template, rolled over within the allowed surge, and an honest status."""

from datetime import timedelta

from kronveil.lab.kinds import DEPLOYMENT, REPLICASET, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import condition, owned_by, set_condition, template_hash
from kronveil.lab.quantities import share
from kronveil.lab.times import parse_stamp, stamp
from kronveil.lab.world import Key, Record, copy_json

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
SOURCE = "deployment-controller"


class DeploymentController:
    """Rolls deployments out and back."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Take one step of a rollout, then write the status."""
        deployment = self._world.find(DEPLOYMENT, key)
        if deployment is None:
            return
        sets = self._machinery.sets_of(deployment.uid)
        current = _set_for(deployment.obj, sets)
        if not deployment.obj["spec"].get("paused"):
            if current is None:
                current = self._create_set(deployment, sets)
            self._raise_revision(current, [item for item in sets if item is not current])
            self._roll(deployment, current)
        self._sync_status(key)

    def _create_set(self, deployment: Record, sets: list[Record]) -> Record:
        template = copy_json(deployment.obj["spec"]["template"])
        word = template_hash(deployment.obj["spec"]["template"])
        template["metadata"].setdefault("labels", {})[HASH_LABEL] = word
        selector = copy_json(deployment.obj["spec"]["selector"])
        selector.setdefault("matchLabels", {})[HASH_LABEL] = word
        namespace, name = deployment.key
        replicas = deployment.obj["spec"]["replicas"]
        annotations = {
            REVISION: str(max(map(_revision, sets), default=0) + 1),
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + _surge(deployment.obj)),
        }
        replicaset = {
            "metadata": {
                "name": f"{name}-{word}",
                "namespace": namespace,
                "generation": 1,
                "labels": dict(template["metadata"]["labels"]),
                "annotations": annotations,
                "ownerReferences": owned_by(deployment),
            },
            "spec": {"replicas": 0, "selector": selector, "template": template},
            "status": {"replicas": 0},
        }
        record = self._world.create(REPLICASET, replicaset)
        message = f'Created new replica set "{name}-{word}"'
        self._progress(deployment.key, "NewReplicaSetCreated", message)
        return record

    def _raise_revision(self, current: Record, others: list[Record]) -> None:
        """A template that was rolled back to becomes the newest revision."""
        newest = max(map(_revision, others), default=0)
        if _revision(current) <= newest:
            self._world.update(
                REPLICASET,
                current.key,
                lambda obj: obj["metadata"]["annotations"].update({REVISION: str(newest + 1)}),
            )

    def _roll(self, deployment: Record, current: Record) -> None:
        """Scale up, else scale down; the sets' changes bring the controller back for the next step."""
        wanted = deployment.obj["spec"]["replicas"]
        sets = self._machinery.sets_of(deployment.uid)
        current = self._world.get(REPLICASET, current.key)
        old = [item for item in sets if item.key != current.key]
        total = sum(map(_asked, sets))
        recreate = deployment.obj["spec"]["strategy"]["type"] == "Recreate"
        if _asked(current) > wanted:
            self._scale(deployment, current, wanted)
        elif _asked(current) < wanted and not (recreate and any(map(_present, old))):
            room = max(0, wanted + _surge(deployment.obj) - total)
            if room:
                self._scale(deployment, current, min(wanted, _asked(current) + room))
                return
        if recreate:
            for item in old:
                self._scale(deployment, item, 0)
        elif old:
            self._shrink_old(deployment, current, old)
        self._drop_history(deployment, old)

    def _shrink_old(self, deployment: Record, current: Record, old: list[Record]) -> None:
        least = deployment.obj["spec"]["replicas"] - _tolerated(deployment.obj)
        not_yet = _asked(current) - _available(current)
        spare = sum(map(_asked, [current, *old])) - least - not_yet
        # Pods that do not work go first, whatever their age: they keep nobody available.
        for item in sorted(old, key=_revision):
            broken = min(spare, _asked(item) - _available(item))
            if broken > 0:
                self._scale(deployment, item, _asked(item) - broken)
                spare -= broken
        old = [self._world.get(REPLICASET, item.key) for item in old]
        available = sum(map(_available, [current, *old]))
        surplus = min(spare, available - least)
        for item in sorted(old, key=_revision):
            fewer = min(surplus, _asked(item))
            if fewer > 0:
                self._scale(deployment, item, _asked(item) - fewer)
                surplus -= fewer

    def _scale(self, deployment: Record, replicaset: Record, replicas: int) -> None:
        before = _asked(replicaset)
        if before == replicas:
            return

        def scale(obj: JsonObject) -> None:
            obj["spec"]["replicas"] = replicas
            obj["metadata"]["generation"] += 1

        self._world.update(REPLICASET, replicaset.key, scale)
        direction = "up" if replicas > before else "down"
        message = f"Scaled {direction} replica set {replicaset.key[1]} from {before} to {replicas}"
        self._machinery.recorder.record(deployment, "ScalingReplicaSet", message, source=SOURCE)

    def _drop_history(self, deployment: Record, old: list[Record]) -> None:
        empty = sorted((item for item in old if not _asked(item) and not _present(item)), key=_revision)
        surplus = len(empty) - deployment.obj["spec"]["revisionHistoryLimit"]
        for item in empty[: max(0, surplus)]:
            self._world.remove(REPLICASET, item.key)

    def _progress(self, key: Key, reason: str, message: str, status: str = "True") -> None:
        now = stamp(self._world.now)
        wanted = {
            "type": "Progressing",
            "status": status,
            "lastUpdateTime": now,
            "reason": reason,
            "message": message,
        }

        def write(obj: JsonObject) -> None:
            current = condition(obj, "Progressing")
            if current is None or (current["reason"], current["message"]) != (reason, message):
                set_condition(obj, wanted, now)
            elif reason == "ReplicaSetUpdated":
                current["lastUpdateTime"] = now

        self._world.update_status(DEPLOYMENT, key, write)

    def _sync_status(self, key: Key) -> None:
        deployment = self._world.get(DEPLOYMENT, key)
        sets = self._machinery.sets_of(deployment.uid)
        current = _set_for(deployment.obj, sets)
        before = deployment.obj.get("status", {})
        after = _counts(deployment.obj, sets, current)
        self._world.update_status(DEPLOYMENT, key, lambda obj: self._write_status(obj, after, current))
        if current is None or deployment.obj["spec"].get("paused"):
            return
        name = current.key[1]
        was = condition(deployment.obj, "Progressing")
        if _is_complete(deployment.obj, after):
            self._machinery.timers.cancel(("progress", deployment.uid))
            message = f'ReplicaSet "{name}" has successfully progressed.'
            self._progress(key, "NewReplicaSetAvailable", message)
        elif _moved_on(before, after):
            if was is None or was["reason"] != "NewReplicaSetAvailable":
                self._progress(key, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
                self._watch_deadline(deployment)
        elif was is not None and was["reason"] == "NewReplicaSetCreated":
            self._watch_deadline(deployment)

    def _watch_deadline(self, deployment: Record) -> None:
        seconds = deployment.obj["spec"]["progressDeadlineSeconds"]
        self._machinery.after(("progress", deployment.uid), seconds + 1, lambda: self._check_deadline(deployment))

    def _check_deadline(self, asked: Record) -> None:
        deployment = self._world.find(DEPLOYMENT, asked.key)
        if deployment is None or deployment.uid != asked.uid:
            return
        progressing = condition(deployment.obj, "Progressing")
        current = _set_for(deployment.obj, self._machinery.sets_of(deployment.uid))
        if progressing is None or current is None or progressing["reason"] == "NewReplicaSetAvailable":
            return
        since = self._world.now - parse_stamp(progressing["lastUpdateTime"])
        deadline = timedelta(seconds=deployment.obj["spec"]["progressDeadlineSeconds"] / self._machinery.speed)
        if since >= deadline and progressing["status"] == "True":
            message = f'ReplicaSet "{current.key[1]}" has timed out progressing.'
            self._progress(deployment.key, "ProgressDeadlineExceeded", message, "False")
        elif progressing["status"] == "True":
            self._watch_deadline(deployment)

    def _write_status(self, obj: JsonObject, counts: JsonObject, current: Record | None) -> None:
        conditions = obj.get("status", {}).get("conditions", [])
        obj["status"] = {**counts, "conditions": conditions}
        now = stamp(self._world.now)
        least = obj["spec"]["replicas"] - _tolerated(obj)
        enough = counts.get("availableReplicas", 0) >= least
        wanted = {
            "type": "Available",
            "status": "True" if enough else "False",
            "lastUpdateTime": now,
            "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        }
        available = condition(obj, "Available")
        if available is None or available["status"] != wanted["status"]:
            set_condition(obj, wanted, now)
        if current is not None:
            revision = {REVISION: current.obj["metadata"]["annotations"][REVISION]}
            obj["metadata"]["annotations"] = {**obj["metadata"].get("annotations", {}), **revision}


def _set_for(deployment: JsonObject, sets: list[Record]) -> Record | None:
    """The replica set made of the deployment's template as it is now."""
    word = template_hash(deployment["spec"]["template"])
    return next((item for item in sets if item.obj["metadata"]["labels"].get(HASH_LABEL) == word), None)


def _revision(replicaset: Record) -> int:
    return int(replicaset.obj["metadata"].get("annotations", {}).get(REVISION, 0))


def _asked(replicaset: Record) -> int:
    return int(replicaset.obj["spec"]["replicas"])


def _present(replicaset: Record) -> int:
    return int(replicaset.obj.get("status", {}).get("replicas", 0))


def _available(replicaset: Record) -> int:
    return int(replicaset.obj.get("status", {}).get("availableReplicas", 0))


def _surge(deployment: JsonObject) -> int:
    rolling = deployment["spec"]["strategy"].get("rollingUpdate")
    return share(rolling["maxSurge"], deployment["spec"]["replicas"], up=True) if rolling else 0


def _tolerated(deployment: JsonObject) -> int:
    """How many pods may be unavailable; never none when there can be no surge either."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate")
    if not rolling:
        return 0
    replicas = int(deployment["spec"]["replicas"])
    fewer = share(rolling["maxUnavailable"], replicas, up=False)
    return min(replicas, fewer if fewer or _surge(deployment) else 1)


def _counts(deployment: JsonObject, sets: list[Record], current: Record | None) -> JsonObject:
    statuses = [item.obj.get("status", {}) for item in sets]
    counts: JsonObject = {"observedGeneration": deployment["metadata"].get("generation", 1)}
    total = sum(status.get("replicas", 0) for status in statuses)
    available = sum(status.get("availableReplicas", 0) for status in statuses)
    fields = {
        "replicas": total,
        "updatedReplicas": _present(current) if current else 0,
        "readyReplicas": sum(status.get("readyReplicas", 0) for status in statuses),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(_asked, sets)) - available),
    }
    return counts | {name: value for name, value in fields.items() if value}


def _is_complete(deployment: JsonObject, status: JsonObject) -> bool:
    wanted = deployment["spec"]["replicas"]
    return all(status.get(name, 0) == wanted for name in ("replicas", "updatedReplicas", "availableReplicas"))


def _moved_on(before: JsonObject, after: JsonObject) -> bool:
    """Whether a rollout got further: more new pods, fewer old ones, more ready."""

    def old_pods(status: JsonObject) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    more = any(
        after.get(name, 0) > before.get(name, 0) for name in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return more or old_pods(after) < old_pods(before)
