"""Resource quotas: what a namespace's pods and claims ask for, counted, and refused when it would be too much."""

from collections.abc import Iterator

from kronveil.lab.kinds import CLAIM, POD, QUOTA, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import is_active
from kronveil.lab.quantities import parse_quantity
from kronveil.lab.world import Key, World

_COUNTED = {"pods": POD, "count/pods": POD, "persistentvolumeclaims": CLAIM}
_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory"}


class QuotaController:
    """Keeps ``status.used`` true."""

    def __init__(self, machinery: Machinery) -> None:
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Count what one quota's namespace uses."""
        quota = self._world.find(QUOTA, key)
        if quota is None:
            return
        hard = dict(quota.obj.get("spec", {}).get("hard", {}))
        used = {name: shown(name, used_of(self._world, key[0], name)) for name in hard}
        self._world.update_status(QUOTA, key, lambda obj: obj.update(status={"hard": hard, "used": used}))


def quota_refusal(world: World, pod: JsonObject) -> str | None:
    """Why a namespace's quotas forbid one more pod, in an API server's words; None when they do not."""
    namespace = pod["metadata"]["namespace"]
    for quota in world.list(QUOTA, namespace) if world.shelves[QUOTA].records else ():
        hard = quota.obj.get("spec", {}).get("hard", {})
        wanted = {name: _of_pod(pod, name) for name in hard}
        used = {name: used_of(world, namespace, name) for name in hard}
        over = [
            name
            for name in sorted(hard)
            if wanted[name] and used[name] + wanted[name] > parse_quantity(hard[name]) + 1e-9
        ]
        if over:
            words = (
                ",".join(f"{name}={shown(name, values[name])}" for name in over)
                for values in (wanted, used, {name: parse_quantity(hard[name]) for name in over})
            )
            requested, so_far, limited = words
            return f"exceeded quota: {quota.key[1]}, requested: {requested}, used: {so_far}, limited: {limited}"
    return None


def used_of(world: World, namespace: str, resource: str) -> float:
    """How much of a resource the namespace uses."""
    if resource == "persistentvolumeclaims":
        return float(len(world.list(CLAIM, namespace)))
    if resource == "requests.storage":
        claims = (claim.obj["spec"]["resources"]["requests"]["storage"] for claim in world.list(CLAIM, namespace))
        return sum(map(parse_quantity, claims))
    return sum(_of_pod(pod.obj, resource) for pod in world.list(POD, namespace) if _counts(pod.obj))


def _counts(pod: JsonObject) -> bool:
    return is_active(pod) or pod["status"].get("phase") not in ("Failed", "Succeeded")


def _of_pod(pod: JsonObject, resource: str) -> float:
    if _COUNTED.get(resource) is POD:
        return 1.0
    part, _, name = _SHORT.get(resource, resource).partition(".")
    return sum(map(parse_quantity, _asked(pod, part, name))) if part in ("requests", "limits") else 0.0


def _asked(pod: JsonObject, part: str, name: str) -> Iterator[object]:
    for container in pod["spec"]["containers"]:
        asked: JsonObject = container.get("resources", {}).get(part) or {}
        if asked.get(name) is not None:
            yield asked[name]


def shown(resource: str, amount: float) -> str:
    """An amount as a quantity: ``3``, ``250m``, ``512Mi``."""
    if resource.endswith(("memory", "storage")):
        return f"{round(amount / 1024**2)}Mi" if amount else "0"
    thousandths = round(amount * 1000)
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)
