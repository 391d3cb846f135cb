"""What stands behind a service: told where it is several workloads, from the pods that its endpoint slices name."""

from typing import Any

from kronveil.collectors.kubernetes.translate.kept import Kept, Shelves
from kronveil.model.facts import BackendFacts
from kronveil.model.resource import Resource
from tests.collectors.sampled import FIRST, LATER, translate

STABLE, CANARY = Resource("Deployment", "cart", "shop", "d-1"), Resource("Deployment", "cart-canary", "shop", "d-2")
CART = Resource("Service", "cart", "shop")


def shelves(*owners: Resource) -> Shelves:
    """With two pods of each of these owners."""
    held = Shelves()
    for owner in owners:
        for nth in range(2):
            pod = Resource("Pod", f"{owner.name}-{nth}", "shop", f"{owner.uid}-{nth}")
            held.of("pods")[pod.uid] = Kept(pod, owner, 1, ())
    return held


def endpoint_slice(*uids: str, version: int = 1, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "cart-x7k2p",
            "namespace": "shop",
            "uid": "s-1",
            "resourceVersion": str(version),
            "labels": {"kubernetes.io/service-name": "cart"} if labels is None else labels,
        },
        "endpoints": [{"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "uid": uid}} for uid in uids],
    }


def facts(item: dict[str, Any], before: Kept | None, held: Shelves) -> tuple[Kept, object]:
    kept, observation = translate("endpointslices", item, before, shelves=held, at=LATER)
    return kept, observation.facts if observation is not None else None


def test_several_workloads_behind_a_service_are_told_from_the_first_list_on() -> None:
    held = shelves(STABLE, CANARY)
    item = endpoint_slice("d-1-0", "d-1-1", "d-2-0")
    observation = translate("endpointslices", item, shelves=held, at=FIRST)[1]
    assert observation is not None
    assert observation.facts == BackendFacts(CART, (STABLE, CANARY))
    assert (observation.kind, observation.owner) == ("endpoints.changed", CART)
    assert observation.message == "2 workloads stand behind the service cart"


def test_one_workload_is_nothing_to_tell_but_that_there_are_no_longer_several() -> None:
    held = shelves(STABLE, CANARY)
    kept, told = facts(endpoint_slice("d-1-0"), None, held)
    assert told is None
    kept, told = facts(endpoint_slice("d-1-0", "d-2-0", version=2), kept, held)
    assert told == BackendFacts(CART, (STABLE, CANARY))
    # One pod more or less of the same workloads is no news.
    kept, told = facts(endpoint_slice("d-1-0", "d-1-1", "d-2-1", version=3), kept, held)
    assert told is None
    kept, told = facts(endpoint_slice("d-2-1", version=4), kept, held)
    assert told == BackendFacts(CART, (CANARY,))
    kept, told = facts(endpoint_slice("d-2-1", "d-2-0", version=5), kept, held)
    assert told is None


def test_what_is_not_known_or_belongs_to_no_service_is_left_out() -> None:
    held = shelves(STABLE, CANARY)
    assert facts(endpoint_slice("d-1-0", "unknown"), None, held)[1] is None
    assert facts(endpoint_slice("d-1-0", "d-2-0", labels={}), None, held)[1] is None
    bare = {"metadata": {"name": "x", "uid": "s-2"}, "endpoints": [{"addresses": ["10.0.0.1"]}]}
    assert facts(bare, None, held)[1] is None
    assert facts({**bare, "endpoints": None}, None, held)[1] is None
