"""Which pods a step is about, when it names none."""

from kronveil.actions.kubernetes_answers import listed, read
from kronveil.actions.kubernetes_kinds import list_path, path_of
from kronveil.actions.sections import Json, is_object, section
from kronveil.actions.surroundings import selector_text
from kronveil.model.execution import Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import ClusterDoor, Step
from kronveil.sdk.errors import Permanent


def pod_named(step: Step, target: Target) -> Target | None:
    """The pod that is meant: named, the target itself, or the first that still has the incident's symptom."""
    named, found = step.parameters.get("pod"), target.resource
    if isinstance(named, str) and named:
        pod = Resource("Pod", named, found.namespace)
    elif found.kind == "Pod":
        pod = found
    else:
        held = [each.subject for each in step.incident.conditions if each.cleared_at is None]
        pods = [each for each in held if each.kind == "Pod" and each.namespace == found.namespace]
        if not pods:
            return None
        pod = pods[0]
    return Target(target.cluster_uid, target.cluster_name, Resource(pod.kind, pod.name, pod.namespace))


async def pods_of(door: ClusterDoor, target: Target) -> list[Json]:
    """The pods of a workload, or the pod itself."""
    obj = await read(door, path_of(target), target)
    if target.resource.kind == "Pod":
        return [obj]
    selector = section(obj, "spec").get("selector")
    if not is_object(selector):
        raise Permanent(f"a {target.resource.kind} has no pods that could be looked at")
    return await listed(door, list_path("Pod", target.resource.namespace), labelSelector=selector_text(selector))


def container_of(step: Step) -> str:
    """The container that is meant: named, or the one that the incident is about; empty for none in particular."""
    named = step.parameters.get("container")
    if isinstance(named, str):
        return named
    return next((each.part for each in step.incident.conditions if each.part and each.cleared_at is None), "")
