"""What stands around a workload: who depends on it, which budgets guard its pods, what would fight a change of it.

``look_around`` asks the API server; the rest is pure and says it in words. What may not be asked is said to be unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from kronveil.actions.kubernetes_answers import listed_if_allowed
from kronveil.actions.kubernetes_kinds import WORKLOADS
from kronveil.actions.quantities import to_number
from kronveil.actions.sections import Json, items, section, texts
from kronveil.model.execution import Check
from kronveil.sdk.actions import ClusterDoor

Found: TypeAlias = Sequence[Mapping[str, Any]] | None
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was found; None for what may not be asked."""

    services: Found
    budgets: Found
    autoscalers: Found
    quotas: Found


async def look_around(door: ClusterDoor, obj: Json) -> Surroundings | None:
    """Ask for what stands around a workload; None for any other object."""
    if obj.get("kind") not in WORKLOADS:
        return None
    namespace = obj["metadata"]["namespace"]
    return Surroundings(
        services=await listed_if_allowed(door, "Service", namespace),
        budgets=await listed_if_allowed(door, "PodDisruptionBudget", namespace),
        autoscalers=await listed_if_allowed(door, "HorizontalPodAutoscaler", namespace),
        quotas=await listed_if_allowed(door, "ResourceQuota", namespace),
    )


def touched(around: Surroundings, labels: Mapping[str, str]) -> list[str]:
    """Who notices when pods with these labels come and go, in words."""
    words: list[str] = []
    serving = [_name(one) for one in around.services or () if _is_selected((one["spec"].get("selector")), labels)]
    if serving:
        words.append(f"{_named(serving)} {'sends' if len(serving) == 1 else 'send'} requests to them (service)")
    words += [_guarded(one) for one in guards(around.budgets, labels)]
    unknown = [name for name, found in (("services", around.services), ("budgets", around.budgets)) if found is None]
    return words + [f"{name}: unknown, they may not be listed" for name in unknown]


def guards(budgets: Found, labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The disruption budgets that are about pods with these labels."""
    return [one for one in budgets or () if selects((one["spec"].get("selector")), labels)]


def budget_checks(budgets: Found, labels: Mapping[str, str]) -> list[Check]:
    """Whether each budget would let a pod go now. What is rolled out is not held by it, what is evicted is."""
    if budgets is None:
        return [Check("disruption budget", "unknown", "disruption budgets may not be listed")]
    return [
        Check("disruption budget", "passed" if _allowed(one) > 0 else "failed", _guarded(one))
        for one in guards(budgets, labels)
    ]


def autoscaler_checks(around: Surroundings, obj: Json, replicas: int | None) -> list[Check]:
    """Whether an autoscaler would set another number of replicas than ``replicas``; None: it is not changed."""
    if replicas is None:
        return []
    if around.autoscalers is None:
        return [Check("autoscaler", "unknown", "autoscalers may not be listed")]
    found: list[Check] = []
    for one in around.autoscalers:
        about = section(one["spec"], "scaleTargetRef")
        if (about.get("kind"), about.get("name")) == (obj["kind"], obj["metadata"]["name"]):
            least, most = one["spec"].get("minReplicas", 1), one["spec"].get("maxReplicas", "?")
            words = f"{_name(one)} keeps it between {least} and {most} by load, and will set {replicas} replicas again"
            found.append(Check("autoscaler", "warned", f"{words}: change its bounds instead"))
    return found


def quota_checks(around: Surroundings, obj: Json, more_pods: int) -> list[Check]:
    """Whether a quota leaves room for so many pods more."""
    if more_pods <= 0:
        return []
    if around.quotas is None:
        return [Check("quota", "unknown", "resource quotas may not be listed")]
    asked = _asked(items(obj["spec"]["template"]["spec"], "containers"))
    found: list[Check] = []
    for quota in around.quotas:
        status = section(quota, "status")
        hard, used = section(status, "hard"), section(status, "used")
        short = [name for name in hard if not _is_room(name, hard, used, asked.get(name, Decimal(0)) * more_pods)]
        if short:
            held = ", ".join(f"{name} ({used.get(name, 0)} of {hard[name]} used)" for name in short[:MOST_NAMED])
            found.append(Check("quota", "failed", f"{_name(quota)} leaves no room for {more_pods} pods more: {held}"))
        else:
            found.append(Check("quota", "passed", f"{_name(quota)} leaves room for {more_pods} pods more"))
    return found


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector, as of a budget or a workload, is about pods with these labels. None is about none."""
    if selector is None:
        return False
    wanted: Mapping[str, str] = section(selector, "matchLabels")
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _meets(one, labels) for one in items(selector, "matchExpressions")
    )


def selector_text(selector: Mapping[str, Any]) -> str:
    """The selector as the API takes it in a query."""
    parts = [f"{name}={value}" for name, value in section(selector, "matchLabels").items()]
    for one in items(selector, "matchExpressions"):
        key, values = one["key"], ",".join(texts(one, "values"))
        parts.append(
            {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}.get(
                one["operator"], f"!{key}"
            )
        )
    return ",".join(parts)


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels of a workload's pods, or of the object itself."""
    template = section(obj, "spec").get("template") or obj
    found: Mapping[str, str] = section(section(template, "metadata"), "labels")
    return found


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    has, value = expression["key"] in labels, labels.get(expression["key"])
    values = texts(expression, "values")
    match expression["operator"]:
        case "In":
            return has and value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return has
        case _:
            return not has


def _is_selected(selector: Mapping[str, str] | None, labels: Mapping[str, str]) -> bool:
    """A service without a selector selects nothing."""
    return bool(selector) and all(labels.get(name) == value for name, value in (selector or {}).items())


def _guarded(budget: Mapping[str, Any]) -> str:
    allowed = _allowed(budget)
    status = section(budget, "status")
    healthy = f"{status.get('currentHealthy', '?')} are healthy, {status.get('desiredHealthy', '?')} must be"
    return f"{_name(budget)} allows {allowed} of them to be disrupted now ({healthy}) (disruption budget)"


def _allowed(budget: Mapping[str, Any]) -> int:
    found = section(budget, "status").get("disruptionsAllowed", 0)
    return found if isinstance(found, int) else 0


def _asked(containers: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """What one pod asks of a quota, by the quota's own words."""
    total: dict[str, Decimal] = {"pods": Decimal(1), "count/pods": Decimal(1)}
    for container in containers:
        resources = section(container, "resources")
        limits, requests = section(resources, "limits"), section(resources, "requests")
        for name, value in (limits | requests).items():
            for written in (f"requests.{name}", name):
                total[written] = total.get(written, Decimal(0)) + _number(value)
        for name, value in limits.items():
            total[f"limits.{name}"] = total.get(f"limits.{name}", Decimal(0)) + _number(value)
    return total


def _is_room(name: str, hard: Mapping[str, Any], used: Mapping[str, Any], more: Decimal) -> bool:
    return not more or _number(used.get(name, 0)) + more <= _number(hard[name])


def _number(value: object) -> Decimal:
    try:
        return to_number(str(value))
    except ValueError:
        return Decimal(0)


def _name(obj: Mapping[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def _named(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
