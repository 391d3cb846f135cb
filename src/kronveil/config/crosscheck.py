"""What only shows when values are seen together: clashing names, clashing ports, times in the wrong order.

It reads the converted tree, not the validated sections, so that these problems show together with all others.
"""

import itertools
import re
from collections.abc import Mapping
from datetime import timedelta

from kronveil.collectors.kubernetes.config import KubernetesConfig
from kronveil.config.document import Document, KeyPath
from kronveil.config.durations import format_duration
from kronveil.config.sections import ListenConfig
from kronveil.config.shape import shape_of

# Quicker than this a probe is a burden on the API server, not a sign of life.
SHORTEST_POLL = timedelta(milliseconds=100)
_TIMES = ("poll_interval", "stale_after", "unreachable_after")
# Names stand in addresses of the API and at the start of lines.
_CLUSTER_NAME = re.compile(r"[^\s/?#%\\\x00-\x1f\x7f]{1,200}")


def crosscheck(document: Document, tree: object) -> None:
    """Report every clash in the converted tree."""
    _ports(document, _section(tree, "listen"))
    collectors = _section(tree, "collectors")
    for name, section in collectors.items():
        if isinstance(section, Mapping):
            _poll(document, ("collectors", str(name)), section)
    kubernetes = _section(collectors, "kubernetes")
    base: KeyPath = ("collectors", "kubernetes")
    defaults = {key: member.default for key, member in shape_of(KubernetesConfig).fields.items()}
    _times(document, base, kubernetes, defaults)
    clusters = _sections(kubernetes.get("clusters"))
    for index, cluster in clusters:
        at = (*base, "clusters", index)
        _poll(document, at, cluster)
        _name(document, at, cluster)
        if any(cluster.get(key) is not None for key in _TIMES):
            _times(document, at, cluster, {**defaults, **{k: v for k, v in kubernetes.items() if v is not None}})
    _unique_names(document, base, clusters)


def _ports(document: Document, listen: Mapping[str, object]) -> None:
    taken: dict[int, str] = {}
    for key, member in shape_of(ListenConfig).fields.items():
        port = listen.get(key, member.default)
        if not isinstance(port, int) or isinstance(port, bool) or port == 0:
            continue
        if port in taken:
            # The one that was written is the one to edit; the other may be a default.
            culprit, other = (key, taken[port]) if key in listen else (taken[port], key)
            document.report(("listen", culprit), f"port {port} is also that of listen.{other}.", "Choose another port.")
        taken.setdefault(port, key)


def _times(document: Document, at: KeyPath, section: Mapping[str, object], defaults: Mapping[str, object]) -> None:
    """Hold poll_interval < stale_after < unreachable_after; blame the first of a pair that was written here."""
    for small, large in itertools.pairwise(_TIMES):
        low, high = (section.get(key) or defaults.get(key) for key in (small, large))
        if not isinstance(low, timedelta) or not isinstance(high, timedelta) or low < high:
            continue
        blamed = small if section.get(small) is not None else large
        if section.get(blamed) is None:
            continue
        text = f"{small} ({format_duration(low)}) must be shorter than {large} ({format_duration(high)})."
        document.report((*at, blamed), text)


def _poll(document: Document, at: KeyPath, section: Mapping[str, object]) -> None:
    poll = section.get("poll_interval")
    if isinstance(poll, timedelta) and poll < SHORTEST_POLL:
        document.report((*at, "poll_interval"), f"{format_duration(poll)} is too often.", "Write at least 100ms.")


def _name(document: Document, at: KeyPath, cluster: Mapping[str, object]) -> None:
    name = cluster.get("name")
    if isinstance(name, str) and not _CLUSTER_NAME.fullmatch(name):
        document.report(
            (*at, "name"), "cannot be a cluster's name.", "Use letters, digits, dots and dashes, no spaces or slashes."
        )


def _unique_names(document: Document, base: KeyPath, clusters: list[tuple[int, Mapping[str, object]]]) -> None:
    first: dict[str, int] = {}
    for index, cluster in clusters:
        name = cluster.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            where = document.place((*base, "clusters", first[name], "name"))
            text = f'"{name}" is already the name of another cluster ({where}).'
            document.report((*base, "clusters", index, "name"), text, "Give each cluster its own name.")
        first.setdefault(name, index)


def _section(tree: object, key: str) -> Mapping[str, object]:
    section = tree.get(key) if isinstance(tree, Mapping) else None
    return section if isinstance(section, Mapping) else {}


def _sections(value: object) -> list[tuple[int, Mapping[str, object]]]:
    items = value if isinstance(value, tuple) else ()
    return [(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]
