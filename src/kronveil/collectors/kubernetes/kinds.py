"""The kinds that are watched: where each is found, how it is decoded, and what translates it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from kronveil.collectors.kubernetes import wire
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves
from kronveil.collectors.kubernetes.translate.nodes import translate_node
from kronveil.collectors.kubernetes.translate.pods import translate_pod
from kronveil.collectors.kubernetes.translate.warnings import translate_warning
from kronveil.collectors.kubernetes.translate.workloads import (
    translate_deployment,
    translate_namespace,
    translate_replicaset,
)
from kronveil.model.observation import Observation

Translate: TypeAlias = Callable[[Any, Kept | None, Shelves, Moment], tuple[Kept, Observation | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``is_told_gone``: its deletions are observations; ``is_told_listed``: so is its first complete list.
    ``after`` are the kinds that had better be known first."""

    name: str
    path: str
    decode_object: Callable[[bytes | msgspec.Raw], Any]
    decode_page: Callable[[bytes], wire.Page[Any]]
    decode_frame: Callable[[bytes], wire.Frame[Any]]
    translate: Translate
    is_namespaced: bool = True
    is_told_gone: bool = False
    is_told_listed: bool = False
    after: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    def path_in(self, namespace: str | None) -> str:
        """The path of the collection, in one namespace or in all."""
        if namespace is None:
            return f"{self.path}/{self.name}"
        return f"{self.path}/namespaces/{namespace}/{self.name}"


def _kind(name: str, path: str, struct: Any, translate: Translate, **rest: Any) -> Kind:
    return Kind(
        name,
        path,
        msgspec.json.Decoder(struct).decode,
        msgspec.json.Decoder(wire.Page[struct]).decode,
        msgspec.json.Decoder(wire.Frame[struct]).decode,
        translate,
        **rest,
    )


CORE, APPS = "/api/v1", "/apis/apps/v1"
KINDS = (
    _kind("namespaces", CORE, wire.Named, translate_namespace, is_namespaced=False),
    _kind("nodes", CORE, wire.Node, translate_node, is_namespaced=False, is_told_gone=True, is_told_listed=True),
    _kind("deployments", APPS, wire.Deployment, translate_deployment, is_told_gone=True, is_told_listed=True),
    _kind("replicasets", APPS, wire.Named, translate_replicaset),
    _kind(
        "pods",
        CORE,
        wire.Pod,
        translate_pod,
        is_told_gone=True,
        is_told_listed=True,
        after=("deployments", "replicasets"),
    ),
    _kind(
        "events",
        CORE,
        wire.WarningEvent,
        translate_warning,
        after=("pods",),
        parameters={"fieldSelector": "type=Warning"},
    ),
)
