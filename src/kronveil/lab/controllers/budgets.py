"""Pod disruption budgets: how many of the selected pods may go now."""

from kronveil.lab.kinds import BUDGET, POD, JsonObject
from kronveil.lab.machinery import Machinery
from kronveil.lab.objects import is_active, is_ready, set_condition
from kronveil.lab.quantities import share
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record, World


class BudgetController:
    """Keeps the status of budgets true."""

    def __init__(self, machinery: Machinery) -> None:
        self._world = machinery.world

    def reconcile(self, key: Key) -> None:
        """Count one budget's pods."""
        budget = self._world.find(BUDGET, key)
        if budget is None:
            return
        pods = [pod for pod in self._world.list(POD, key[0]) if is_active(pod.obj) and selects(budget.obj, pod.obj)]
        healthy = sum(is_ready(pod.obj) for pod in pods)
        wanted = _wanted(budget.obj["spec"], len(pods))
        allowed = max(0, healthy - wanted)
        enough = allowed > 0

        def write(obj: JsonObject) -> None:
            status = obj.setdefault("status", {})
            status |= {
                "disruptionsAllowed": allowed,
                "currentHealthy": healthy,
                "desiredHealthy": wanted,
                "expectedPods": len(pods),
                "observedGeneration": obj["metadata"].get("generation", 1),
            }
            reason = "SufficientPods" if enough else "InsufficientPods"
            wish = {"type": "DisruptionAllowed", "status": str(enough), "reason": reason, "message": ""}
            set_condition(obj, wish, stamp(self._world.now))

        self._world.update_status(BUDGET, key, write)


def budget_against(world: World, pod: Record) -> Record | None:
    """The budget that forbids to evict a pod now, if one does."""
    if not is_active(pod.obj) or not is_ready(pod.obj):
        return None
    for budget in world.list(BUDGET, pod.key[0]):
        status = budget.obj.get("status", {})
        if selects(budget.obj, pod.obj) and status.get("disruptionsAllowed", 0) < 1:
            return budget
    return None


def selects(budget: JsonObject, pod: JsonObject) -> bool:
    """Whether a budget is about a pod."""
    labels: JsonObject = pod["metadata"].get("labels") or {}
    selector: JsonObject = budget["spec"].get("selector") or {}
    wanted: JsonObject = selector.get("matchLabels") or {}
    return bool(wanted) and all(labels.get(name) == value for name, value in wanted.items())


def _wanted(spec: JsonObject, pods: int) -> int:
    if "minAvailable" in spec:
        return share(spec["minAvailable"], pods, up=True)
    return max(0, pods - share(spec.get("maxUnavailable", 1), pods, up=True))
