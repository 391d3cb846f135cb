"""Jobs: pods that run until enough of them ended well, or too many did not."""

from kronveil.lab.controllers.pods import RETRY_S, create_pod, pod_of
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import JOB, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import condition, is_active, letters, set_condition
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

SOURCE = "job-controller"
FIRST_BACKOFF_S = 10
LONGEST_BACKOFF_S = 360


def is_over(job: JsonObject) -> bool:
    """Whether a job has completed or given up."""
    return any((condition(job, kind) or {}).get("status") == "True" for kind in ("Complete", "Failed"))


class JobController:
    """Runs the pods of jobs, with a growing wait after each failure."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._waited: dict[str, int] = {}
        """The failures of each job whose wait has begun."""

    def reconcile(self, key: Key) -> None:
        """Count a job's pods, and start one, end the job, or wait."""
        job = self._world.find(JOB, key)
        if job is None or is_over(job.obj):
            return
        pods = self._machinery.pods_of(job.uid)
        counts = _counts(pods)
        spec = job.obj["spec"]
        self._begin(job)
        if counts["succeeded"] >= spec["completions"]:
            self._end(job, counts, "Complete", "", "Job completed")
        elif counts["failed"] > spec["backoffLimit"]:
            what = "Job has reached the specified backoff limit"
            self._end(job, counts, "Failed", "BackoffLimitExceeded", what)
        elif spec.get("suspend"):
            self._delete_active(pods)
            self._write(job, counts)
        else:
            self._write(job, counts)
            missing = min(spec["parallelism"], spec["completions"] - counts["succeeded"]) - counts["active"]
            self._start(job, missing, counts["failed"])

    def _begin(self, job: Record) -> None:
        deadline = job.obj["spec"].get("activeDeadlineSeconds")
        timer = ("deadline", job.uid)
        if deadline and not self._machinery.timers.is_set(timer):
            self._machinery.after(timer, deadline, lambda: self._exceed_deadline(job))

    def _exceed_deadline(self, job: Record) -> None:
        stored = self._world.find(JOB, job.key)
        if stored is not None and stored.uid == job.uid and not is_over(stored.obj):
            counts = _counts(self._machinery.pods_of(job.uid))
            what = "Job was active longer than specified deadline"
            self._end(stored, counts, "Failed", "DeadlineExceeded", what)

    def _start(self, job: Record, missing: int, failed: int) -> None:
        timer = ("backoff", job.uid)
        if missing <= 0 or self._machinery.timers.is_set(timer):
            return
        if failed and self._waited.get(job.uid, 0) < failed:
            self._waited[job.uid] = failed
            seconds = min(FIRST_BACKOFF_S * 2 ** (failed - 1), LONGEST_BACKOFF_S)
            self._machinery.after(timer, seconds, lambda: self._machinery.wake("job", job.key))
            return
        for _ in range(missing):
            self._create(job)

    def _create(self, job: Record) -> None:
        number = self._world.number("job", job.uid, self._world.version)
        name = f"{job.key[1]}-{letters(number, 5)}"
        labels = {"batch.kubernetes.io/job-name": job.key[1], "job-name": job.key[1]}
        labels["batch.kubernetes.io/controller-uid"] = job.uid
        pod = pod_of(job, name, labels)
        pod["metadata"]["generateName"] = f"{job.key[1]}-"
        if create_pod(self._machinery, job, pod, source=SOURCE) is None:
            self._machinery.after(("backoff", job.uid), RETRY_S, lambda: self._machinery.wake("job", job.key))
            return
        self._machinery.recorder.record(job, "SuccessfulCreate", f"Created pod: {name}", source=SOURCE)

    def _write(self, job: Record, counts: dict[str, int]) -> None:
        now = stamp(self._world.now)

        def write(obj: JsonObject) -> None:
            kept: JsonObject = obj.get("status") or {}
            obj["status"] = {
                "startTime": kept.get("startTime", now),
                **{name: count for name, count in counts.items() if count},
                "ready": counts["active"],
                "terminating": 0,
                **({"conditions": kept["conditions"]} if "conditions" in kept else {}),
            }

        self._world.update_status(JOB, job.key, write)

    def _end(self, job: Record, counts: dict[str, int], kind: str, reason: str, message: str) -> None:
        self._machinery.timers.cancel(("deadline", job.uid))
        self._waited.pop(job.uid, None)
        self._delete_active(self._machinery.pods_of(job.uid))
        self._write(job, counts | {"active": 0})
        now = stamp(self._world.now)
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"

        def end(obj: JsonObject) -> None:
            for each in (first, kind):
                why = {"reason": reason, "message": message} if reason else {}
                set_condition(obj, {"type": each, "status": "True", "lastProbeTime": now, **why}, now)
            if kind == "Complete":
                obj["status"]["completionTime"] = now

        stored = self._world.update_status(JOB, job.key, end)
        said = reason or "Completed"
        self._machinery.recorder.record(stored, said, message, source=SOURCE, warning=bool(reason))
        keep_s = job.obj["spec"].get("ttlSecondsAfterFinished")
        if keep_s is not None:
            self._machinery.after(("ttl", job.uid), keep_s, lambda: self._remove(stored))

    def _remove(self, job: Record) -> None:
        stored = self._world.find(JOB, job.key)
        if stored is not None and stored.uid == job.uid:
            delete(self._world, stored)

    def _delete_active(self, pods: list[Record]) -> None:
        for pod in pods:
            if is_active(pod.obj):
                delete(self._world, pod)


def _counts(pods: list[Record]) -> dict[str, int]:
    phases = [pod.obj["status"].get("phase") for pod in pods]
    return {
        "active": sum(is_active(pod.obj) for pod in pods),
        "succeeded": phases.count("Succeeded"),
        "failed": phases.count("Failed"),
    }
