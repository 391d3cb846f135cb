"""From what metrics.k8s.io or a kubelet says to samples; no I/O, no clock. What is absent stays absent."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from sys import intern

import msgspec

from kronveil.collectors.kubernetes.translate.kept import Kept, Shelves, parse_time
from kronveil.collectors.kubernetes.translate.quantities import quantity
from kronveil.collectors.kubernetes.wire_metrics import (
    Amount,
    CpuStats,
    MemoryStats,
    NodeMetrics,
    PodMetrics,
    Summary,
    Usage,
)
from kronveil.model.signal import UNBOUNDED, Bounds, Sample, Subject

OLDEST_S = 600
"""What was measured longer ago says nothing about now: a source that stands still repeats itself."""
AHEAD_S = 300
LARGEST = 1e18
LONGEST_NAME = 253
_entries = msgspec.msgpack.Decoder(list[tuple[str, str, str]])
_AMOUNTS = ("requests.cpu", "limits.cpu", "requests.memory", "limits.memory")


class PodPlaces:
    """Where the pods of a cluster run, whose they are and what their containers may use, from what is kept."""

    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._pods = {(kept.resource.namespace or "", kept.resource.name): kept for kept in shelves.of("pods").values()}
        self._bounds: dict[str, Mapping[str, Bounds]] = {}

    def subject(self, namespace: str, pod: str, container: str) -> Subject:
        """The subject that a container is."""
        kept = self._pods.get((namespace, pod))
        if kept is None:
            return Subject(namespace, pod, container)
        owner, node = kept.owner, kept.watched[1]
        where = node if isinstance(node, str) else ""
        if owner is None:
            return Subject(namespace, pod, container, where)
        bounds = self._bounds_of(owner.kind, owner.uid).get(container, UNBOUNDED)
        return Subject(namespace, pod, container, where, owner.kind, owner.name, bounds)

    def _bounds_of(self, kind: str, uid: str) -> Mapping[str, Bounds]:
        """Of the containers of a workload, by what its template says."""
        found = self._bounds.get(uid)
        if found is None:
            kept = self._shelves.find(f"{kind.lower()}s", uid)
            found = self._bounds[uid] = {} if kept is None else bounds_in(kept)
        return found


def bounds_in(workload: Kept) -> Mapping[str, Bounds]:
    """What its template lets each container have, from the summary that is kept of it."""
    if not workload.spec:
        return {}
    amounts: dict[str, dict[str, float]] = {}
    for kind, path, value in _entries.decode(workload.spec):
        if kind != "resources":
            continue
        # As changes.py writes it: containers[NAME].resources.limits.memory
        where, _, what = path.partition("].resources.")
        amount = quantity(value)
        if amount is not None:
            amounts.setdefault(where.partition("[")[2], {})[what] = float(amount)
    return {name: Bounds(*[each.get(what) for what in _AMOUNTS]) for name, each in amounts.items()}


def pod_samples(
    items: Sequence[PodMetrics], places: PodPlaces, now: datetime, dropped: Counter[str]
) -> Iterator[Sample]:
    """Those of the containers; what cannot be used is counted under a reason."""
    for item in items:
        name, namespace = item.metadata.name, intern(item.metadata.namespace)
        at = _time_of(item.timestamp, now, dropped, count=len(item.containers or ()))
        if at is None:
            continue
        if not _is_name(name) or not _is_name(namespace):
            dropped["unreadable"] += len(item.containers or ())
            continue
        names: set[str] = set()
        for container in item.containers or ():
            if not _is_name(container.name) or container.name in names:
                dropped["unreadable"] += 1
                continue
            names.add(container.name)
            values = _values(container.usage, dropped)
            if values is not None:
                yield Sample(places.subject(namespace, name, intern(container.name)), at, *values)


def node_samples(items: Sequence[NodeMetrics], now: datetime, dropped: Counter[str]) -> Iterator[Sample]:
    """Those of the nodes."""
    for item in items:
        at = _time_of(item.timestamp, now, dropped, count=1)
        if at is None:
            continue
        if not _is_name(item.metadata.name):
            dropped["unreadable"] += 1
            continue
        values = _values(item.usage, dropped)
        if values is not None:
            yield Sample(Subject("", item.metadata.name), at, *values)


def summary_samples(
    summary: Summary, places: PodPlaces, namespaces: Sequence[str | None] | None, now: datetime, dropped: Counter[str]
) -> Iterator[Sample]:
    """Those of a kubelet's node and of the containers on it, of these namespaces or all."""
    node = summary.node
    if _is_name(node.node_name):
        yield from _sample(Subject("", node.node_name), node.cpu, node.memory, now, dropped)
    for pod in summary.pods or ():
        name, namespace = pod.pod_ref.name, intern(pod.pod_ref.namespace)
        if namespaces is not None and namespace not in namespaces:
            continue
        for container in pod.containers or ():
            if not (_is_name(name) and _is_name(namespace) and _is_name(container.name)):
                dropped["unreadable"] += 1
                continue
            subject = places.subject(namespace, name, intern(container.name))
            yield from _sample(subject, container.cpu, container.memory, now, dropped)


def _sample(
    subject: Subject, cpu: CpuStats | None, memory: MemoryStats | None, now: datetime, dropped: Counter[str]
) -> Iterator[Sample]:
    measured = None if cpu is None else cpu.usage_nano_cores, None if memory is None else memory.working_set_bytes
    if measured == (None, None):
        dropped["no value"] += 1
        return
    cores, size = [amount_of(each) for each in measured]
    if cores is None and size is None:
        dropped["unreadable"] += 1
        return
    at = _time_of((cpu and cpu.time) or (memory and memory.time) or None, now, dropped, count=1)
    if at is not None:
        yield Sample(subject, at, None if cores is None else cores / 1e9, size)


def _time_of(text: str | None, now: datetime, dropped: Counter[str], *, count: int) -> int | None:
    """When it was measured; None for what is too old to be told, or says no time."""
    moment = parse_time(text)
    if moment is None:
        dropped["no time"] += count
        return None
    age_s = (now - moment).total_seconds()
    if age_s > OLDEST_S:
        dropped["too old"] += count
        return None
    if age_s < -AHEAD_S:
        dropped["from the future"] += count
        return None
    return int(moment.timestamp())


def _values(usage: Usage | None, dropped: Counter[str]) -> tuple[float | None, float | None] | None:
    """Processor time in cores and memory in bytes; None when neither was measured."""
    if usage is None or (usage.cpu is None and usage.memory is None):
        dropped["no value"] += 1
        return None
    cpu, memory = amount_of(usage.cpu), amount_of(usage.memory)
    if cpu is None and memory is None:
        dropped["unreadable"] += 1
        return None
    return cpu, memory


def amount_of(text: Amount | None) -> float | None:
    """A measured quantity as a number; None for what is absent, negative, or no number."""
    if text is None:
        return None
    if isinstance(text, str):
        # Nearly all there are: metrics-server writes nothing else.
        if text.endswith("n") and text[:-1].isdecimal():
            value = int(text[:-1]) / 1e9 if len(text) < 25 else -1.0
        elif text.endswith("Ki") and text[:-2].isdecimal():
            value = float(int(text[:-2]) * 1024) if len(text) < 25 else -1.0
        else:
            exact = quantity(text) if len(text) < 50 else None
            value = -1.0 if exact is None or exact.adjusted() > 18 else float(exact)
    else:
        value = float(text)
    return value if 0 <= value <= LARGEST else None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()
