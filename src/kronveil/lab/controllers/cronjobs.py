"""Cron jobs: a job at each time their schedule names."""

from datetime import datetime

from kronveil.lab.controllers.jobs import is_over
from kronveil.lab.cron import next_time
from kronveil.lab.deletion import delete
from kronveil.lab.kinds import CRONJOB, JOB, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import condition, owned_by
from kronveil.lab.server.admission import admit_new
from kronveil.lab.times import parse_stamp, stamp
from kronveil.lab.world import Key, Record, copy_json

SOURCE = "cronjob-controller"


class CronJobController:
    """Starts jobs when they are due. Schedules follow the clock: a lab's speed does not hurry them."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Start what is due, tidy up what is over, and wait for the next time."""
        cron = self._world.find(CRONJOB, key)
        if cron is None:
            return
        jobs = self._machinery.jobs_of(cron.uid)
        if not cron.obj["spec"].get("suspend"):
            self._start_if_due(cron, jobs)
        self._sync(key)

    def _start_if_due(self, cron: Record, jobs: list[Record]) -> None:
        spec = cron.obj["spec"]
        latest = cron.obj.get("status", {}).get("lastScheduleTime") or cron.obj["metadata"]["creationTimestamp"]
        due: datetime | None = None
        at = next_time(spec["schedule"], parse_stamp(latest))
        while at is not None and at <= self._world.now:
            due, at = at, next_time(spec["schedule"], at)
        if at is not None:
            wake = lambda: self._machinery.wake("cronJob", cron.key)  # noqa: E731 - a timer's act
            self._machinery.timers.set(("cron", cron.uid), at, wake)
        if due is None:
            return
        running = [job for job in jobs if not is_over(job.obj)]
        policy = spec.get("concurrencyPolicy", "Allow")
        if running and policy == "Forbid":
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._machinery.recorder.record(cron, "JobAlreadyActive", message, source=SOURCE)
            return
        for job in running if policy == "Replace" else ():
            delete(self._world, job)
        self._create(cron, due)

    def _create(self, cron: Record, due: datetime) -> None:
        name = f"{cron.key[1]}-{int(due.timestamp()) // 60}"
        if self._world.find(JOB, (cron.key[0], name)) is not None:
            return
        template = copy_json(cron.obj["spec"]["jobTemplate"])
        metadata: JsonObject = template.get("metadata") or {}
        annotations = {"batch.kubernetes.io/cronjob-scheduled-timestamp": stamp(due)}
        job: JsonObject = {
            "metadata": {
                **metadata,
                "name": name,
                "namespace": cron.key[0],
                "annotations": {**(metadata.get("annotations") or {}), **annotations},
                "ownerReferences": owned_by(cron),
            },
            "spec": template["spec"],
        }
        admit_new(JOB, job, word="")
        self._world.create(JOB, job)
        self._machinery.recorder.record(cron, "SuccessfulCreate", f"Created job {name}", source=SOURCE)
        self._world.update_status(
            CRONJOB, cron.key, lambda obj: obj.setdefault("status", {}).update(lastScheduleTime=stamp(due))
        )

    def _sync(self, key: Key) -> None:
        cron = self._world.get(CRONJOB, key)
        jobs = self._machinery.jobs_of(cron.uid)
        over = [job for job in jobs if is_over(job.obj)]
        done = [job for job in over if (condition(job.obj, "Complete") or {}).get("status") == "True"]
        failed = [job for job in over if job not in done]
        for kept, limit in ((done, "successfulJobsHistoryLimit"), (failed, "failedJobsHistoryLimit")):
            for job in sorted(kept, key=lambda job: job.version)[: max(0, len(kept) - cron.obj["spec"][limit])]:
                delete(self._world, job)
        active = [
            {"kind": JOB.name, "apiVersion": JOB.api_version, "name": job.key[1], "namespace": key[0], "uid": job.uid}
            for job in jobs
            if not is_over(job.obj)
        ]
        last = max((job.obj["status"]["completionTime"] for job in done), default=None)

        def write(obj: JsonObject) -> None:
            status = obj.setdefault("status", {})
            status.pop("active", None)
            if active:
                status["active"] = active
            if last is not None:
                status["lastSuccessfulTime"] = max(last, status.get("lastSuccessfulTime", last))

        self._world.update_status(CRONJOB, key, write)
