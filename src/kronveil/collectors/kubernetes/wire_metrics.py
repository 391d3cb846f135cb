# ruff: noqa: D101 - each struct is the part of Kubernetes' own object of that name that is read
"""What metrics.k8s.io and kubelets send: the usage of containers and nodes, only the fields that are read."""

from typing import Any

import msgspec

from kronveil.collectors.kubernetes.wire import Page, Wire

Amount = str | int | float


class UsageMetadata(Wire):
    name: str = ""
    namespace: str = ""


class Usage(Wire):
    cpu: Amount | None = None
    memory: Amount | None = None


class ContainerMetrics(Wire):
    name: str = ""
    usage: Usage | None = None


class PodMetrics(Wire):
    metadata: UsageMetadata
    timestamp: str | None = None
    containers: tuple[ContainerMetrics, ...] | None = None


class NodeMetrics(Wire):
    metadata: UsageMetadata
    timestamp: str | None = None
    usage: Usage | None = None


class CpuStats(Wire):
    time: str | None = None
    usage_nano_cores: int | None = None


class MemoryStats(Wire):
    time: str | None = None
    working_set_bytes: int | None = None


class ContainerStats(Wire):
    name: str = ""
    cpu: CpuStats | None = None
    memory: MemoryStats | None = None


class NodeStats(Wire):
    node_name: str = ""
    cpu: CpuStats | None = None
    memory: MemoryStats | None = None


class PodStats(Wire):
    pod_ref: UsageMetadata
    containers: tuple[ContainerStats, ...] | None = None


class Summary(Wire):
    """What a kubelet says of its node and its pods."""

    node: NodeStats
    pods: tuple[PodStats, ...] | None = None


decode_summary = msgspec.json.Decoder(Summary).decode
_pods = msgspec.json.Decoder(Page[PodMetrics])
_nodes = msgspec.json.Decoder(Page[NodeMetrics])
_raw = msgspec.json.Decoder(Page[msgspec.Raw])
_pod = msgspec.json.Decoder(PodMetrics)
_node = msgspec.json.Decoder(NodeMetrics)


def read_pod_metrics(body: bytes) -> tuple[list[PodMetrics], int]:
    """Those of a list, and how many could not be read. Raises msgspec.DecodeError for what is no list."""
    return _read(body, _pods, _pod)


def read_node_metrics(body: bytes) -> tuple[list[NodeMetrics], int]:
    """See ``read_pod_metrics``."""
    return _read(body, _nodes, _node)


def _read(body: bytes, whole: Any, single: Any) -> tuple[list[Any], int]:
    try:
        return whole.decode(body).items or [], 0
    except msgspec.DecodeError:
        pass
    found: list[Any] = []
    items = _raw.decode(body).items or []
    for item in items:
        try:
            found.append(single.decode(item))
        except msgspec.DecodeError:
            continue
    return found, len(items) - len(found)
