"""What only shows when values are seen together: clashing names, clashing ports, times in the wrong order.

It reads the converted tree, not the validated sections, so that these problems show together with all others.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from kronveil.collectors.kubernetes.config import WATCHED_ANYWAY, KubernetesConfig
from kronveil.config.convert import Conversion
from kronveil.config.document import KeyPath, is_converted_list, is_section
from kronveil.config.durations import format_duration
from kronveil.config.sections import IncidentsConfig, ListenConfig
from kronveil.config.shape import shape_of
from kronveil.logic.kinds import RESOURCE_NEUTRAL

# Quicker than this a probe is a burden on the API server, not a sign of life.
SHORTEST_POLL = timedelta(milliseconds=100)
SHORTEST_METRICS = timedelta(seconds=1)
# What was over an hour ago may still tell a start what was told already (``Rules.memory``).
LEAST_KEPT = timedelta(hours=1)
# A section with its path.
_Place = tuple[KeyPath, Mapping[str, object]]
_TIMES = ("poll_interval", "stale_after", "unreachable_after")
# Names stand in addresses of the API and at the start of lines.
_GOOD_NAME = "Use letters, digits, dots and dashes, no spaces or slashes."
_SYMPTOM = re.compile(r"resource\.[a-z][a-z0-9_]{0,60}")
# As `kubectl api-resources` shows them.
_RESOURCE_NAMES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "group": (
        re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+"),
        "Write the group alone, as postgresql.cnpg.io.",
    ),
    "resource": (re.compile(r"[a-z0-9][-a-z0-9]{0,62}"), "Write the plural in small letters, as clusters."),
    "kind": (re.compile(r"[A-Z][A-Za-z0-9]{0,62}"), "Write the kind as objects have it, as Cluster."),
    "version": (re.compile(r"v[0-9]+((alpha|beta)[0-9]+)?"), "Write v1, v1beta1 and the like, or leave it out."),
}
_CLUSTER_NAME = re.compile(r"[^\s/?#%\\\x00-\x1f\x7f]{1,200}")


def crosscheck(conversion: Conversion, tree: object) -> None:
    """Report every clash in the converted tree."""
    checks = _Checks(conversion)
    checks.ports(_section(tree, "listen"))
    collectors = _section(tree, "collectors")
    for name, section in collectors.items():
        if is_section(section):
            checks.poll(("collectors", str(name)), section)
    for kept in ("event_retention", "signal_retention"):
        checks.lasting(("store", kept), _section(tree, "store").get(kept))
    checks.outlasting(_section(tree, "store"), _section(tree, "incidents"))
    kubernetes = _section(collectors, "kubernetes")
    base: KeyPath = ("collectors", "kubernetes")
    checks.times([(base, kubernetes)])
    clusters = [((*base, "clusters", index), cluster) for index, cluster in _sections(kubernetes.get("clusters"))]
    for at, cluster in clusters:
        checks.poll(at, cluster)
        checks.name(at, cluster)
        checks.times([(at, cluster), (base, kubernetes)])
    checks.unique_names(clusters)
    for at, section in [(base, kubernetes), *clusters]:
        checks.resources((*at, "custom_resources"), section.get("custom_resources"))


class _Checks:
    """The single checks. Each reports the value that was written, with a reference as it was written."""

    def __init__(self, conversion: Conversion) -> None:
        self.report = conversion.document.report
        self.place = conversion.document.place
        self.references = conversion.references

    def ports(self, listen: Mapping[str, object]) -> None:
        taken: dict[int, str] = {}
        for key, member in shape_of(ListenConfig).fields.items():
            port = listen.get(key, member.default)
            if not isinstance(port, int) or isinstance(port, bool) or port == 0:
                continue
            if port in taken:
                # The one that was written is the one to edit; the other may be a default.
                culprit, other = (key, taken[port]) if key in listen else (taken[port], key)
                at = ("listen", culprit)
                self.report(at, f"port {self._said(at, port)} is also that of listen.{other}.", "Choose another port.")
            taken.setdefault(port, key)

    def times(self, sections: Sequence[_Place]) -> None:
        """Hold poll_interval < stale_after < unreachable_after, each as the first section that has it says.

        A default in the longer place stretches instead (``times_of``). The first of a pair that was written in the
        first section is blamed; what was written further out is not.
        """
        found = {key: self._time(key, sections) for key in _TIMES}
        for small, large in pairwise(_TIMES):
            (low_at, low), (high_at, high) = found[small], found[large]
            if low is None or high is None or low < high or high_at is None:
                continue
            at, section = sections[0]
            blamed = next((key for key in (small, large) if section.get(key) is not None), None)
            if blamed:
                low_said, high_said = (self._said(low_at, low), self._said(high_at, high))
                text = f"{small} ({low_said}) must be shorter than {large} ({high_said})."
                self.report((*at, blamed), text)

    def _time(self, key: str, sections: Sequence[_Place]) -> tuple[KeyPath | None, timedelta | None]:
        """Give the time and where it was written; a default was written nowhere."""
        for at, section in sections:
            if (value := section.get(key)) is not None:
                return (*at, key), value if isinstance(value, timedelta) else None
        default = shape_of(KubernetesConfig).fields[key].default
        return None, default if isinstance(default, timedelta) else None

    def poll(self, at: KeyPath, section: Mapping[str, object]) -> None:
        for key, shortest in (("poll_interval", SHORTEST_POLL), ("metrics_interval", SHORTEST_METRICS)):
            every, place = section.get(key), (*at, key)
            if isinstance(every, timedelta) and every < shortest:
                least = format_duration(shortest)
                self.report(place, f"{self._said(place, every)} is too often.", f"Write at least {least}.")

    def lasting(self, at: KeyPath, value: object) -> None:
        if value == timedelta():
            self.report(at, "nothing would be kept.", "Write 7d, or another time.")

    def outlasting(self, store: Mapping[str, object], incidents: Mapping[str, object]) -> None:
        """Hold incident_retention to more than what may still change: an incident forgotten too early comes back."""
        kept, reopens = store.get("incident_retention"), incidents.get("reopen_within", IncidentsConfig().reopen_within)
        if not isinstance(kept, timedelta) or not isinstance(reopens, timedelta) or kept > max(reopens, LEAST_KEPT):
            return
        at: KeyPath = ("store", "incident_retention")
        said = self._said(at, kept)
        text = f"{said} is too short: it must be longer than 1h and than incidents.reopen_within."
        self.report(at, text, "Write 90d, or another time.")

    def name(self, at: KeyPath, cluster: Mapping[str, object]) -> None:
        name = cluster.get("name")
        if isinstance(name, str) and not _CLUSTER_NAME.fullmatch(name):
            self.report((*at, "name"), "cannot be a cluster's name.", _GOOD_NAME)

    def unique_names(self, clusters: Sequence[_Place]) -> None:
        first: dict[str, KeyPath] = {}
        for section_at, cluster in clusters:
            name, at = cluster.get("name"), (*section_at, "name")
            if not isinstance(name, str):
                continue
            if name in first:
                text = f'"{self._said(at, name)}" is already the name of another cluster ({self.place(first[name])}).'
                self.report(at, text, "Give each cluster its own name.")
            first.setdefault(name, at)

    def resources(self, at: KeyPath, value: object) -> None:
        """Custom resources: each named as the API server names it, once, and not one that is watched anyway."""
        first: dict[tuple[object, object], KeyPath] = {}
        for index, resource in _sections(value):
            here = (*at, index)
            for key, (pattern, right) in _RESOURCE_NAMES.items():
                self._named((*here, key), resource.get(key), pattern, right)
            group, plural = resource.get("group"), resource.get("resource")
            if (group, plural) in WATCHED_ANYWAY:
                text = f"{plural} of {group} are watched without being named."
                self.report((*here, "resource"), text, "Leave the entry out.")
            if (group, plural) in first:
                text = f"{plural} of {group} are named before ({self.place(first[group, plural])})."
                self.report((*here, "resource"), text, "Put all conditions into one entry.")
            elif isinstance(group, str) and isinstance(plural, str):
                first[group, plural] = (*here, "resource")
            self._conditions((*here, "conditions"), resource.get("conditions"))

    def _conditions(self, at: KeyPath, value: object) -> None:
        seen: set[object] = set()
        for index, condition in _sections(value):
            here, kind, symptom = (*at, index), condition.get("type"), condition.get("symptom")
            if isinstance(kind, str):
                if not kind or kind in seen:
                    words = "is named twice." if kind else "is empty."
                    self.report((*here, "type"), f"the condition {words}", "Name each condition once, as Ready.")
                seen.add(kind)
            if isinstance(symptom, str) and (symptom in RESOURCE_NEUTRAL or not _SYMPTOM.fullmatch(symptom)):
                text = f'"{self._said((*here, "symptom"), symptom)}" cannot be a symptom of a custom resource.'
                self.report((*here, "symptom"), text, "Write resource. and a word, as resource.backup_failed.")
            bad = condition.get("bad")
            if is_converted_list(bad) and (not bad or {"True", "False"} <= {str(one) for one in bad}):
                words = "there is no status left that is good" if bad else "no status is bad"
                self.report((*here, "bad"), f"{words}.", 'Write ["False"], ["True"] or ["False", "Unknown"].')

    def _named(self, at: KeyPath, value: object, pattern: re.Pattern[str], right: str) -> None:
        if isinstance(value, str) and not pattern.fullmatch(value):
            self.report(at, f'"{self._said(at, value)}" cannot be that.', right)

    def _said(self, at: KeyPath | None, value: object) -> str:
        written = self.references.get(at) if at else None
        if written is not None:
            return written
        return format_duration(value) if isinstance(value, timedelta) else str(value)


def _section(tree: object, key: str) -> Mapping[str, object]:
    section = tree.get(key) if is_section(tree) else None
    return section if is_section(section) else {}


def _sections(value: object) -> list[tuple[int, Mapping[str, object]]]:
    items = value if is_converted_list(value) else ()
    return [(index, item) for index, item in enumerate(items) if is_section(item)]
