"""What metrics.k8s.io says becomes numbers; what it does not say stays absent, and what makes no sense is counted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.collectors.kubernetes.kinds import KINDS
from kronveil.collectors.kubernetes.translate.kept import Moment, Shelves
from kronveil.collectors.kubernetes.translate.usage import (
    PodPlaces,
    amount_of,
    node_samples,
    pod_samples,
    summary_samples,
)
from kronveil.collectors.kubernetes.wire_metrics import decode_summary, read_node_metrics, read_pod_metrics
from kronveil.model.signal import UNBOUNDED, Bounds, Sample, Subject

NOW = datetime(2026, 11, 25, 10, 0, 0, 400_000, tzinfo=UTC)
AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("156789n", 0.000156789),
        ("2500000000n", 2.5),
        ("250u", 0.00025),
        ("250m", 0.25),
        ("2", 2.0),
        ("0", 0.0),
        (0, 0.0),
        (1.5, 1.5),
        ("12Ki", 12288.0),
        ("1.5Mi", 1572864.0),
        ("3Gi", 3221225472.0),
        ("1Ti", 1099511627776.0),
        ("128974848", 128974848.0),
        ("129e6", 129e6),
        ("129M", 129e6),
        ("1E3", 1000.0),
        ("2k", 2000.0),
        (" 7Ki ", 7168.0),
        (None, None),
        ("", None),
        ("Ki", None),
        ("n", None),
        ("-5m", None),
        (-1, None),
        ("NaN", None),
        ("inf", None),
        ("1e400", None),
        ("9" * 60, None),
        ("9" * 30 + "Ki", None),
        ("12KiB", None),
        ("one", None),
    ],
)
def test_a_quantity_is_read_as_kubernetes_writes_it(written: Any, means: float | None) -> None:
    assert amount_of(written) == (means if means is None else pytest.approx(means))


@given(st.one_of(st.none(), st.text(max_size=60), st.integers(), st.floats()))
def test_whatever_is_written_it_is_a_number_that_can_be_drawn_or_absent(written: Any) -> None:
    value = amount_of(written)
    assert value is None or 0 <= value <= 1e18


def pod(name: str = "api-1", *, at: object = "2026-11-25T09:59:50Z", **containers: Any) -> dict[str, Any]:
    told = [{"name": each, "usage": usage} for each, usage in containers.items()]
    return {"metadata": {"name": name, "namespace": "shop"}, "timestamp": at, "window": "15s", "containers": told}


def read(*items: Any, shelves: Shelves | None = None) -> tuple[list[Sample], Counter[str]]:
    dropped: Counter[str] = Counter()
    found, unread = read_pod_metrics(msgspec.json.encode({"metadata": {}, "items": items}))
    if unread:
        dropped["unreadable"] += unread
    return list(pod_samples(found, PodPlaces(shelves or Shelves()), NOW, dropped)), dropped


def test_each_container_is_a_sample_at_the_time_it_was_measured() -> None:
    samples, dropped = read(pod(app={"cpu": "250m", "memory": "64Mi"}, proxy={"cpu": "1m", "memory": "8Mi"}))
    assert samples == [
        Sample(Subject("shop", "api-1", "app"), AT - 10, 0.25, 64 * 2.0**20),
        Sample(Subject("shop", "api-1", "proxy"), AT - 10, 0.001, 8 * 2.0**20),
    ]
    assert not dropped


@pytest.mark.parametrize(
    ("usage", "values", "why"),
    [
        ({"cpu": "1m"}, (0.001, None), None),
        ({"memory": "1Ki"}, (None, 1024.0), None),
        ({"cpu": None, "memory": "1Ki"}, (None, 1024.0), None),
        ({"cpu": "0", "memory": "0"}, (0.0, 0.0), None),
        ({"cpu": "much", "memory": "1Ki"}, (None, 1024.0), None),
        ({}, None, "no value"),
        (None, None, "no value"),
        ({"cpu": "much", "memory": "-3"}, None, "unreadable"),
    ],
)
def test_what_is_absent_is_absent_and_never_zero(usage: Any, values: Any, why: str | None) -> None:
    samples, dropped = read(pod(app=usage))
    assert [(each.cpu, each.memory) for each in samples] == ([values] if values else [])
    assert dict(dropped) == ({why: 1} if why else {})


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (None, "no time"),
        ("yesterday", "no time"),
        ((NOW - timedelta(minutes=11)).isoformat(), "too old"),
        ((NOW + timedelta(minutes=6)).isoformat(), "from the future"),
        ("0001-01-01T00:00:00Z", "too old"),
        ("0001-01-01T00:00:00+14:00", "no time"),
        ("9999-12-31T23:59:59-14:00", "no time"),
    ],
)
def test_a_time_that_tells_nothing_about_now_is_no_sample(at: str | None, why: str) -> None:
    samples, dropped = read(pod(at=at, app={"cpu": "1m"}, proxy={"cpu": "1m"}), pod("api-2", app={"cpu": "1m"}))
    assert [each.subject.name for each in samples] == ["api-2"]
    assert dropped == {why: 2}


def test_one_odd_item_costs_only_itself() -> None:
    odd = [{"metadata": 5}, "text", None, pod("api-3", at=7), {**pod("api-4"), "containers": [{"name": ["x"]}]}]
    samples, dropped = read(*odd, pod("api-2", app={"cpu": "1m"}))
    assert [each.subject.name for each in samples] == ["api-2"]
    assert dropped == {"unreadable": len(odd)}


def test_a_container_comes_once_and_needs_a_name() -> None:
    twice = pod()
    twice["containers"] = [
        {"name": name, "usage": {"cpu": cpu}}
        for name, cpu in (("app", "1m"), ("app", "9m"), ("", "1m"), ("a\nb", "1m"))
    ]
    samples, dropped = read(twice)
    assert [(each.subject.part, each.cpu) for each in samples] == [("app", 0.001)]
    assert dropped == {"unreadable": 3}


def test_a_null_list_is_an_empty_one_and_what_is_no_list_is_not() -> None:
    assert read_pod_metrics(b'{"metadata":{},"items":null}') == ([], 0)
    for body in (b"", b"<html>", b"[]", b'{"items":{}}', b'{"metadata":{},"items":[{]}'):
        with pytest.raises(msgspec.DecodeError):
            read_pod_metrics(body)


def test_a_node_is_a_sample_too() -> None:
    dropped: Counter[str] = Counter()
    items = [
        {"metadata": {"name": name}, "timestamp": "2026-11-25T10:00:00Z", "usage": {"cpu": "1500m", "memory": "7Gi"}}
        for name in ("node-1", "")
    ]
    found, _ = read_node_metrics(msgspec.json.encode({"metadata": {}, "items": items}))
    assert list(node_samples(found, NOW, dropped)) == [Sample(Subject("", "node-1"), AT, 1.5, 7 * 2.0**30)]
    assert dropped == {"unreadable": 1}


def shelves_with(resources: dict[str, Any]) -> Shelves:
    """A deployment, its replica set and its pod, as the reflectors keep them."""
    shelves = Shelves()
    controlled = {"controller": True}
    template = {"spec": {"containers": [{"name": "app", "image": "a:1", "resources": resources}]}}
    objects: dict[str, dict[str, Any]] = {
        "deployments": {
            "metadata": {"name": "api", "namespace": "shop", "uid": "d"},
            "spec": {"template": template, "replicas": 1},
        },
        "replicasets": {
            "metadata": {
                "name": "api-1",
                "namespace": "shop",
                "uid": "r",
                "ownerReferences": [{"kind": "Deployment", "name": "api", "uid": "d", **controlled}],
            }
        },
        "pods": {
            "metadata": {
                "name": "api-1",
                "namespace": "shop",
                "uid": "p",
                "ownerReferences": [{"kind": "ReplicaSet", "name": "api-1", "uid": "r", **controlled}],
            },
            "spec": {"nodeName": "node-1"},
        },
    }
    for kind in KINDS:
        if kind.name in objects:
            item = kind.decode_object(msgspec.json.encode(objects[kind.name]))
            kept, _ = kind.translate(item, None, shelves, Moment(NOW, NOW))
            shelves.of(kind.name)[kept.resource.uid] = kept
    return shelves


def test_a_sample_says_whose_it_is_where_it_runs_and_what_it_may_use() -> None:
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}
    samples, _ = read(pod(app={"cpu": "1m"}, other={"cpu": "1m"}), shelves=shelves_with(resources))
    app, other = [each.subject for each in samples]
    bounds = Bounds(0.1, None, 64 * 2.0**20, 2.0**30)
    assert app == Subject("shop", "api-1", "app", "node-1", "Deployment", "api", bounds)
    assert other == Subject("shop", "api-1", "other", "node-1", "Deployment", "api", UNBOUNDED)


def test_an_amount_in_a_template_that_is_none_is_not_known() -> None:
    samples, _ = read(pod(app={"cpu": "1m"}), shelves=shelves_with({"limits": {"memory": "plenty", "cpu": 2}}))
    assert samples[0].subject.bounds == Bounds(cpu_limit=2.0)


def stats(*, cpu: Any = 250_000_000, memory: Any = 1024, at: str = "2026-11-25T09:59:50Z") -> dict[str, Any]:
    return {"cpu": {"time": at, "usageNanoCores": cpu}, "memory": {"time": at, "workingSetBytes": memory}}


def summed(*containers: dict[str, Any], namespaces: list[str] | None = None) -> tuple[list[Sample], Counter[str]]:
    dropped: Counter[str] = Counter()
    pods = [{"podRef": {"name": "api-1", "namespace": "shop", "uid": "u"}, "containers": containers}]
    body = {"node": {"nodeName": "node-1", **stats(cpu=2_000_000_000, memory=2**30)}, "pods": pods}
    summary = decode_summary(msgspec.json.encode(body))
    return list(summary_samples(summary, PodPlaces(Shelves()), namespaces, NOW, dropped)), dropped


def test_a_kubelets_summary_tells_of_its_node_and_its_containers() -> None:
    samples, dropped = summed({"name": "app", **stats()})
    assert samples == [
        Sample(Subject("", "node-1"), AT - 10, 2.0, 2.0**30),
        Sample(Subject("shop", "api-1", "app"), AT - 10, 0.25, 1024.0),
    ]
    assert not dropped


@pytest.mark.parametrize(
    ("told", "values", "why"),
    [
        ({"cpu": {"time": "2026-11-25T09:59:50Z", "usageNanoCores": 0}}, (0.0, None), None),
        ({"memory": {"time": "2026-11-25T09:59:50Z", "workingSetBytes": 7}}, (None, 7.0), None),
        ({}, None, "no value"),
        ({"cpu": {"time": "2026-11-25T09:59:50Z"}, "memory": None}, None, "no value"),
        (stats(cpu=-5, memory=-1), None, "unreadable"),
        (stats(at="2026-11-25T09:00:00Z"), None, "too old"),
        ({"cpu": {"usageNanoCores": 5}}, None, "no time"),
    ],
)
def test_what_a_kubelet_does_not_say_is_absent(told: Any, values: Any, why: str | None) -> None:
    samples, dropped = summed({"name": "app", **told})
    assert [(each.cpu, each.memory) for each in samples[1:]] == ([values] if values else [])
    assert dict(dropped) == ({why: 1} if why else {})


def test_of_a_kubelet_only_the_named_namespaces_are_told() -> None:
    assert len(summed({"name": "app", **stats()}, namespaces=["bank"])[0]) == 1
    assert len(summed({"name": "app", **stats()}, namespaces=["shop"])[0]) == 2
