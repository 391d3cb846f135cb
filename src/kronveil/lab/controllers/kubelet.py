"""The kubelets: they pull images, run containers, watch them end, and restart them with a growing back-off.

What a container does follows from its image's behaviour and its limits alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from kronveil.lab.controllers import containers as show
from kronveil.lab.controllers.references import config_problem, mount_problem
from kronveil.lab.images import split_image
from kronveil.lab.kinds import POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import node_address
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record

FIRST_BACKOFF_S = 10
LONGEST_BACKOFF_S = 300
FORGIVEN_AFTER_S = 600
STOPPING_S = 1.5
LOOK_AGAIN_S = 10


class Step(Enum):
    """Where a container is in its life."""

    CREATING = "creating"
    PULL_WAIT = "waiting to pull again"
    CONFIG_WAIT = "waiting for what its variables come from"
    RUNNING = "running"
    RESTART_WAIT = "waiting to restart"
    ENDED = "ended for good"


@dataclass(slots=True)
class ContainerRun:
    """What a kubelet remembers of a container."""

    name: str
    image: str
    step: Step = Step.CREATING
    pull_backoff_s: float = FIRST_BACKOFF_S
    restart_backoff_s: float = 0
    starts: int = 0
    ran_since: float = 0


@dataclass(slots=True)
class PodRun:
    """What a kubelet remembers of a pod."""

    uid: str
    containers: dict[str, ContainerRun] = field(default_factory=dict[str, ContainerRun])
    address: str = ""


class Kubelet:
    """All kubelets of a cluster; each pod knows its node."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self._world = machinery.world
        self._runs: dict[Key, PodRun] = {}
        self._cached: set[tuple[str, str]] = set()
        self._addresses = 0

    def reconcile(self, key: Key) -> None:
        """Take on a new pod, notice a changed image, stop a deleted one, forget one that is gone."""
        pod = self._world.find(POD, key)
        run = self._runs.get(key)
        if run is not None and (pod is None or pod.uid != run.uid):
            self._forget(key, run)
            run = None
        if pod is None or not self._is_served(pod):
            return
        if "deletionTimestamp" in pod.obj["metadata"]:
            self._stop(pod)
        elif run is None:
            self._admit(pod)
        else:
            self._notice_new_images(pod, run)

    def resume(self, key: Key) -> None:
        """Go on with a pod whose node was stopped."""
        pod, run = self._world.find(POD, key), self._runs.get(key)
        if pod is None or run is None or "deletionTimestamp" in pod.obj["metadata"]:
            self.reconcile(key)
            return
        for container in run.containers.values():
            if container.step is Step.RUNNING:
                self._schedule_end(pod, container)
            elif container.step is not Step.ENDED:
                self._soon(pod, container, 1, self._prepare)
        self._write(pod, lambda obj: show.summarise(obj, self._now))

    def evict(self, pod: Record, message: str) -> None:
        """End a pod for want of a resource of its node. Its owner makes another; this one stays, failed."""
        run = self._runs.get(pod.key)
        if run is not None:
            self._forget(pod.key, run)
            # Remembered as over, so that it is not taken on again.
            self._runs[pod.key] = PodRun(pod.uid, address=run.address)
        host = pod.obj["spec"]["nodeName"]
        self._machinery.recorder.record(pod, "Evicted", message, source="kubelet", host=host, warning=True)
        self._write(pod, lambda obj: show.show_evicted(obj, message, self._now))

    def behaviour_changed(self, image: str) -> None:
        """Look again when the containers of an image that run now will end."""
        for key, run in self._runs.items():
            pod = self._world.find(POD, key)
            for container in run.containers.values():
                if container.image == image and container.step is Step.RUNNING and pod is not None:
                    self._schedule_ready(pod, container)
                    self._schedule_end(pod, container)

    def running(self, key: Key) -> dict[str, float]:
        """The containers of a pod that run now, and for how many seconds each has, in story time."""
        run = self._runs.get(key)
        running = [each for each in run.containers.values() if each.step is Step.RUNNING] if run is not None else []
        return {each.name: max(0.0, self._ran_s(each)) for each in running}

    @property
    def _now(self) -> str:
        return stamp(self._world.now)

    def _is_served(self, pod: Record) -> bool:
        node = pod.obj["spec"].get("nodeName")
        return node is not None and node not in self._machinery.stopped_nodes

    def _forget(self, key: Key, run: PodRun) -> None:
        del self._runs[key]
        for name in run.containers:
            for timer in ("step", "ready", "end"):
                self._machinery.timers.cancel((timer, run.uid, name))
        self._machinery.timers.cancel(("stop", run.uid))

    def _admit(self, pod: Record) -> None:
        self._addresses += 1
        number = self._addresses
        run = PodRun(pod.uid, address=f"10.{100 + number // 62500 % 100}.{number // 250 % 250}.{2 + number % 250}")
        self._runs[pod.key] = run
        for spec in pod.obj["spec"]["containers"]:
            container = run.containers[spec["name"]] = ContainerRun(spec["name"], spec["image"])
            self._soon(pod, container, 0.3 + self._world.fraction("admit", pod.uid), self._prepare)
        host_ip = node_address(pod.obj["spec"]["nodeName"])
        self._write(pod, lambda obj: show.first_status(obj, host_ip=host_ip, now=self._now))

    def _notice_new_images(self, pod: Record, run: PodRun) -> None:
        for spec in pod.obj["spec"]["containers"]:
            container = run.containers.get(spec["name"])
            if container is None or container.image == spec["image"]:
                continue
            container.image = spec["image"]
            container.pull_backoff_s = FIRST_BACKOFF_S
            message = f"Container {container.name} definition changed, will be restarted"
            self._say(pod, container, "Killing", message)
            if container.step is Step.RUNNING:
                self._end(pod, container, reason="Completed", exit_code=0)
            else:
                self._soon(pod, container, 1, self._prepare)

    def _stop(self, pod: Record) -> None:
        run = self._runs.get(pod.key)
        if run is None or self._machinery.timers.is_set(("stop", pod.uid)):
            if run is None and not pod.obj["metadata"].get("finalizers"):
                self._world.remove(POD, pod.key)
            return
        for container in run.containers.values():
            if container.step is Step.RUNNING:
                self._say(pod, container, "Killing", f"Stopping container {container.name}")
            for timer in ("step", "ready", "end"):
                self._machinery.timers.cancel((timer, run.uid, container.name))
        grace = pod.obj["metadata"].get("deletionGracePeriodSeconds", 30)
        seconds = min(grace, STOPPING_S * (0.5 + self._world.fraction("stop", pod.uid)))
        self._machinery.after(("stop", pod.uid), seconds, lambda: self._remove(pod))

    def _remove(self, pod: Record) -> None:
        stored = self._world.find(POD, pod.key)
        if stored is None or stored.uid != pod.uid or not self._is_served(stored):
            return
        running = [item.name for item in self._runs[pod.key].containers.values() if item.step is Step.RUNNING]

        def end(obj: JsonObject) -> None:
            for name in running:
                show.show_ended(obj, name, reason="Completed", exit_code=0, now=self._now)

        self._write(stored, end)
        if stored.obj["metadata"].get("finalizers"):
            # Its containers are over, but somebody else has not let go of it yet.
            self._forget(pod.key, self._runs[pod.key])
            return
        self._world.remove(POD, pod.key)

    def _soon(
        self, pod: Record, container: ContainerRun, seconds: float, act: Callable[[Record, ContainerRun], None]
    ) -> None:
        self._later("step", pod, container, seconds, act)

    def _later(
        self,
        timer: str,
        pod: Record,
        container: ContainerRun,
        seconds: float,
        act: Callable[[Record, ContainerRun], None],
    ) -> None:
        def ring() -> None:
            stored = self._world.find(POD, pod.key)
            # A stopped node's kubelet does nothing; ``resume`` takes up the thread.
            if stored is not None and stored.uid == pod.uid and self._is_served(stored):
                act(stored, container)

        self._machinery.after((timer, pod.uid, container.name), seconds, ring)

    def _prepare(self, pod: Record, container: ContainerRun) -> None:
        """Have the image, by the node's cache or by pulling it."""
        problem = mount_problem(self._machinery, pod)
        if problem is not None:
            self._machinery.recorder.record(
                pod, "FailedMount", problem, source="kubelet", host=pod.obj["spec"]["nodeName"], warning=True
            )
            self._soon(pod, container, LOOK_AGAIN_S, self._prepare)
            return
        node = pod.obj["spec"]["nodeName"]
        image = container.image
        if (node, image) in self._cached and self._pull_policy(pod, container) != "Always":
            self._say(pod, container, "Pulled", f'Container image "{image}" already present on machine')
            self._start(pod, container)
            return
        self._say(pod, container, "Pulling", f'Pulling image "{image}"')
        seconds = 0.6 + 2 * self._world.fraction("pull", node, image)
        held = self._machinery.registry.holds(image)
        self._soon(pod, container, seconds if held else 0.4, self._finish_pull)

    def _pull_policy(self, pod: Record, container: ContainerRun) -> str:
        specs = pod.obj["spec"]["containers"]
        return str(next(spec["imagePullPolicy"] for spec in specs if spec["name"] == container.name))

    def _finish_pull(self, pod: Record, container: ContainerRun) -> None:
        image = container.image
        if not self._machinery.registry.holds(image):
            self._fail_pull(pod, container)
            return
        node = pod.obj["spec"]["nodeName"]
        self._cached.add((node, image))
        container.pull_backoff_s = FIRST_BACKOFF_S
        size = 18_000_000 + self._world.number("size", image) % 90_000_000
        took = int(600 + 2000 * self._world.fraction("pull", node, image))
        message = (
            f'Successfully pulled image "{image}" in {took}ms ({took}ms including waiting). Image size: {size} bytes.'
        )
        self._say(pod, container, "Pulled", message)
        self._start(pod, container)

    def _fail_pull(self, pod: Record, container: ContainerRun) -> None:
        image = container.image
        reference = ":".join(split_image(image))
        cause = (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{reference}": '
            f'failed to resolve reference "{reference}": {reference}: not found'
        )
        self._warn(pod, container, "Failed", f'Failed to pull image "{image}": {cause}')
        self._warn(pod, container, "Failed", "Error: ErrImagePull")
        container.step = Step.PULL_WAIT
        self._wait(pod, container, "ErrImagePull", cause)
        self._soon(pod, container, 2 + self._world.fraction("sync", pod.uid), self._back_off_pull)

    def _back_off_pull(self, pod: Record, container: ContainerRun) -> None:
        image = container.image
        self._say(pod, container, "BackOff", f'Back-off pulling image "{image}"')
        self._warn(pod, container, "Failed", "Error: ImagePullBackOff")
        self._wait(pod, container, "ImagePullBackOff", f'Back-off pulling image "{image}"')
        self._soon(pod, container, max(1.0, container.pull_backoff_s - 3), self._prepare)
        container.pull_backoff_s = min(container.pull_backoff_s * 2, LONGEST_BACKOFF_S)

    def _start(self, pod: Record, container: ContainerRun) -> None:
        problem = config_problem(self._world, pod, container.name)
        if problem is not None:
            self._warn(pod, container, "Failed", f"Error: {problem}")
            container.step = Step.CONFIG_WAIT
            self._wait(pod, container, "CreateContainerConfigError", problem)
            self._soon(pod, container, LOOK_AGAIN_S, self._prepare)
            return
        container.step = Step.RUNNING
        container.starts += 1
        container.ran_since = self._world.now.timestamp()
        number = self._world.number("container", pod.uid, container.name, container.starts)
        ids = (
            f"{split_image(container.image)[0]}@sha256:{self._world.number('digest', container.image):064x}",
            f"containerd://{number:064x}",
        )
        self._say(pod, container, "Created", f"Created container: {container.name}")
        self._say(pod, container, "Started", f"Started container {container.name}")
        address = self._runs[pod.key].address
        self._write(pod, lambda obj: show.show_running(obj, container.name, ids=ids, pod_ip=address, now=self._now))
        self._schedule_ready(pod, container)
        self._schedule_end(pod, container)

    def _ran_s(self, container: ContainerRun) -> float:
        return (self._world.now.timestamp() - container.ran_since) * self._machinery.speed

    def _schedule_ready(self, pod: Record, container: ContainerRun) -> None:
        behaviour = self._machinery.registry.behaviour(container.image)
        if behaviour.never_ready:
            self._later("ready", pod, container, 10, self._probe_in_vain)
        else:
            seconds = max(0.0, behaviour.ready_after_s - self._ran_s(container))
            self._later("ready", pod, container, seconds, self._become_ready)

    def _become_ready(self, pod: Record, container: ContainerRun) -> None:
        if container.step is Step.RUNNING:
            self._write(pod, lambda obj: show.show_ready(obj, container.name, self._now))

    def _probe_in_vain(self, pod: Record, container: ContainerRun) -> None:
        if container.step is Step.RUNNING:
            message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
            self._warn(pod, container, "Unhealthy", message)
            self._write(pod, lambda obj: show.show_unready(obj, container.name, self._now))
            self._later("ready", pod, container, 10, self._probe_in_vain)

    def _schedule_end(self, pod: Record, container: ContainerRun) -> None:
        behaviour = self._machinery.registry.behaviour(container.image)
        killed_after = behaviour.killed_after_s(_memory_limit(pod.obj, container.name))
        crashes_after = behaviour.crashes_after_s
        ends = [seconds for seconds in (killed_after, crashes_after) if seconds is not None]
        if not ends:
            self._machinery.timers.cancel(("end", pod.uid, container.name))
            return
        killed = killed_after is not None and killed_after == min(ends)
        reason, code = (
            ("OOMKilled", 137) if killed else ("Error" if behaviour.exit_code else "Completed", behaviour.exit_code)
        )
        seconds = max(0.0, min(ends) - self._ran_s(container))
        self._later("end", pod, container, seconds, lambda pod, run: self._end(pod, run, reason=reason, exit_code=code))

    def _end(self, pod: Record, container: ContainerRun, *, reason: str, exit_code: int) -> None:
        for timer in ("ready", "end"):
            self._machinery.timers.cancel((timer, pod.uid, container.name))
        if self._ran_s(container) >= FORGIVEN_AFTER_S:
            container.restart_backoff_s = 0
        self._write(
            pod,
            lambda obj: show.show_ended(obj, container.name, reason=reason, exit_code=exit_code, now=self._now),
        )
        policy = pod.obj["spec"]["restartPolicy"]
        if policy == "Never" or (policy == "OnFailure" and exit_code == 0):
            container.step = Step.ENDED
            return
        container.step = Step.RESTART_WAIT
        wait = container.restart_backoff_s
        # The first restart comes at once; only who ends again has to wait.
        container.restart_backoff_s = min(max(wait * 2, FIRST_BACKOFF_S), LONGEST_BACKOFF_S)
        if wait:
            self._soon(pod, container, 1, lambda pod, run: self._back_off_restart(pod, run, wait))
        else:
            self._soon(pod, container, 1, self._prepare)

    def _back_off_restart(self, pod: Record, container: ContainerRun, seconds: float) -> None:
        where = f"{pod.key[1]}_{pod.key[0]}({pod.uid})"
        self._warn(pod, container, "BackOff", f"Back-off restarting failed container {container.name} in pod {where}")
        wait = f"{int(seconds)}s" if seconds < 60 else f"{int(seconds) // 60}m{int(seconds) % 60}s"
        message = f"back-off {wait} restarting failed container={container.name} pod={where}"
        self._wait(pod, container, "CrashLoopBackOff", message)
        self._soon(pod, container, max(1.0, seconds - 1), self._prepare)

    def _wait(self, pod: Record, container: ContainerRun, reason: str, message: str) -> None:
        state = show.waiting(reason, message)
        self._write(pod, lambda obj: show.show_waiting(obj, container.name, state, self._now))

    def _write(self, pod: Record, change: Callable[[JsonObject], None]) -> None:
        self._world.update_status(POD, pod.key, change)

    def _say(self, pod: Record, container: ContainerRun, reason: str, message: str) -> None:
        self._event(pod, container, reason, message, warning=False)

    def _warn(self, pod: Record, container: ContainerRun, reason: str, message: str) -> None:
        self._event(pod, container, reason, message, warning=True)

    def _event(self, pod: Record, container: ContainerRun, reason: str, message: str, *, warning: bool) -> None:
        self._machinery.recorder.record(
            pod,
            reason,
            message,
            source="kubelet",
            host=pod.obj["spec"]["nodeName"],
            warning=warning,
            field_path=f"spec.containers{{{container.name}}}",
        )


def _memory_limit(pod: JsonObject, name: str) -> str | None:
    for container in pod["spec"]["containers"]:
        if container["name"] == name:
            limit: str | None = container.get("resources", {}).get("limits", {}).get("memory")
            return limit
    return None
