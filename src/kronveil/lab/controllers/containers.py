"""How a kubelet writes what its containers do into a pod's status. Each function changes the object it is given."""

from kronveil.lab.kinds import JsonObject
from kronveil.lab.objects import condition, set_condition


def waiting(reason: str, message: str = "") -> JsonObject:
    """A container state: not running, and why."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def first_status(pod: JsonObject, *, host_ip: str, now: str) -> None:
    """The status of a pod its kubelet has just taken on: every container is being created."""
    status = pod["status"]
    status["hostIP"] = host_ip
    status["hostIPs"] = [{"ip": host_ip}]
    status["startTime"] = now
    status["containerStatuses"] = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "started": False,
            "state": waiting("ContainerCreating"),
        }
        for container in pod["spec"]["containers"]
    ]
    set_condition(pod, {"type": "PodReadyToStartContainers", "status": "False"}, now)
    set_condition(pod, {"type": "Initialized", "status": "True"}, now)
    summarise(pod, now)


def container_status(pod: JsonObject, name: str) -> JsonObject:
    """The status entry of a container, to change in place."""
    found: JsonObject = next(item for item in pod["status"]["containerStatuses"] if item["name"] == name)
    return found


def summarise(pod: JsonObject, now: str) -> None:
    """Bring phase and conditions in line with the containers."""
    statuses = pod["status"]["containerStatuses"]
    names = [item["name"] for item in statuses if not item["ready"]]
    finished = [item["state"]["terminated"] for item in statuses if "terminated" in item["state"]]
    if all("running" in item["state"] or item["lastState"] or "terminated" in item["state"] for item in statuses):
        pod["status"]["phase"] = "Running"
    if len(finished) == len(statuses) and pod["spec"]["restartPolicy"] != "Always":
        failed = any(state["exitCode"] for state in finished)
        if not failed or pod["spec"]["restartPolicy"] == "Never":
            pod["status"]["phase"] = "Failed" if failed else "Succeeded"
    if pod["status"]["phase"] == "Running":
        set_condition(pod, {"type": "PodReadyToStartContainers", "status": "True"}, now)
    for kind in ("Ready", "ContainersReady"):
        wanted: JsonObject = {"type": kind, "status": "False" if names else "True"}
        if names:
            message = f"containers with unready status: [{' '.join(names)}]"
            wanted |= {"reason": "ContainersNotReady", "message": message}
        set_condition(pod, wanted, now)
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None:
        pod["status"]["conditions"].remove(scheduled)
        pod["status"]["conditions"].append(scheduled)


def show_running(pod: JsonObject, name: str, *, ids: tuple[str, str], pod_ip: str, now: str) -> None:
    """The container has started; it is not ready yet."""
    pod["status"]["podIP"] = pod_ip
    pod["status"]["podIPs"] = [{"ip": pod_ip}]
    status = container_status(pod, name)
    if "terminated" in status["state"]:
        status["lastState"] = status["state"]
    if status["lastState"]:
        status["restartCount"] += 1
    image = next(item["image"] for item in pod["spec"]["containers"] if item["name"] == name)
    status |= {
        "image": image,
        "imageID": ids[0],
        "containerID": ids[1],
        "state": {"running": {"startedAt": now}},
        "started": True,
        "ready": False,
    }
    summarise(pod, now)


def show_ready(pod: JsonObject, name: str, now: str) -> None:
    """The container answers its readiness probe."""
    container_status(pod, name)["ready"] = True
    summarise(pod, now)


def show_unready(pod: JsonObject, name: str, now: str) -> None:
    """The container no longer answers its readiness probe."""
    container_status(pod, name)["ready"] = False
    summarise(pod, now)


def show_evicted(pod: JsonObject, message: str, now: str) -> None:
    """The kubelet has ended the pod for want of a resource; what ran was killed."""
    for status in pod["status"].get("containerStatuses", ()):
        if "running" in status["state"]:
            show_ended(pod, status["name"], reason="Error", exit_code=137, now=now)
    pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": message}
    why = {"reason": "TerminationByKubelet", "message": message}
    set_condition(pod, {"type": "DisruptionTarget", "status": "True", **why}, now)
    for kind in ("Ready", "ContainersReady"):
        set_condition(pod, {"type": kind, "status": "False", "reason": "PodFailed"}, now)


def show_ended(pod: JsonObject, name: str, *, reason: str, exit_code: int, now: str) -> None:
    """The container has ended."""
    status = container_status(pod, name)
    started = status["state"]["running"]["startedAt"]
    status["state"] = {
        "terminated": {
            "exitCode": exit_code,
            "reason": reason,
            "startedAt": started,
            "finishedAt": now,
            "containerID": status.get("containerID", ""),
        }
    }
    status["ready"] = status["started"] = False
    summarise(pod, now)


def show_waiting(pod: JsonObject, name: str, state: JsonObject, now: str) -> None:
    """The container waits; how it ended last, if it did, moves to ``lastState``."""
    status = container_status(pod, name)
    if "terminated" in status["state"]:
        status["lastState"] = status["state"]
    status |= {"state": state, "ready": False, "started": False}
    summarise(pod, now)
