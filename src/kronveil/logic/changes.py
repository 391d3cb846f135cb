"""The ledger of changes: a changed specification becomes a line in words, remembered by what it may have broken."""

import re
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from kronveil.logic.identity import cluster_of, place
from kronveil.logic.wording import called
from kronveil.model.change import Change
from kronveil.model.facts import FieldChange
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin, Resource

# Weightiest first: what most often breaks what it changes.
WEIGHTS = (
    "image",
    "command",
    "env",
    "config",
    "secret",
    "resources",
    "schedule",
    "revision",
    "replicas",
    "node",
    "other",
)
REMEMBERED_FOR = timedelta(hours=24)
REMEMBERED_EACH, REMEMBERED_PLACES = 16, 10_000
FORGETS_EVERY = timedelta(minutes=5)
SHOWN_FIELDS = 3
LONGEST_VALUE = 60
GITOPS_KINDS = frozenset({"Application", "Kustomization", "HelmRelease"})
SHARED_KINDS = frozenset({"ConfigMap", "Secret", "ResourceQuota", "HorizontalPodAutoscaler"})

_CONTAINER = re.compile(r"(?:containers|initContainers)\[([^\]]+)\]\.(.+)")
_NAMED = re.compile(r"\[([^\]]+)\]")


def change_of(observation: Observation, origin: Origin, now: datetime) -> Change | None:
    """The line for what was changed, None when nothing was."""
    fields = observation.changes
    if not fields:
        return None
    return Change(
        id=_change_id(cluster_of(origin), observation),
        kind=min((field.kind for field in fields), key=_weight),
        at=min(observation.at, now),
        received_at=now,
        origin=origin,
        resource=observation.resource,
        summary=_summary(fields),
        fields=fields,
        actor=observation.actor,
        source=_source(observation),
        owner=observation.owner,
    )


def _change_id(cluster: str, observation: Observation) -> str:
    parts = [cluster, observation.key, place(observation.resource)]
    parts += [f"{field.path}\x1e{field.before}\x1e{field.after}" for field in observation.changes]
    return "chg_" + sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def _weight(kind: str) -> int:
    return WEIGHTS.index(kind) if kind in WEIGHTS else len(WEIGHTS)


def _source(observation: Observation) -> str:
    attributes: Mapping[str, object] = observation.attributes
    kind = observation.resource.kind
    if kind == "HelmRelease" or "helm.release" in attributes or "helm.chart" in attributes:
        return "helm"
    is_gitops = kind in GITOPS_KINDS or "gitops.application" in attributes or "gitops.tracking_id" in attributes
    return "gitops" if is_gitops else "spec"


def _summary(fields: tuple[FieldChange, ...]) -> str:
    """What changed in words, weightiest first: ``image 4.18.2 -> 4.19.0, replicas 3 -> 5``."""
    several = len({_container_of(field.path) for field in fields if field.kind == "image"}) > 1
    ordered = sorted(fields, key=lambda field: _weight(field.kind))
    lines = list(dict.fromkeys(_phrase(field, is_one_of_several=several) for field in ordered))
    shown = ", ".join(lines[:SHOWN_FIELDS])
    return f"{shown} and {len(lines) - SHOWN_FIELDS} more" if len(lines) > SHOWN_FIELDS else shown


def _container_of(path: str) -> str:
    found = _CONTAINER.match(path)
    return found.group(1) if found else ""


def _phrase(field: FieldChange, *, is_one_of_several: bool) -> str:
    found = _CONTAINER.match(field.path)
    container, rest = (found.group(1), found.group(2)) if found else ("", field.path)
    if field.kind == "image":
        of = f" of {container}" if container and is_one_of_several else ""
        return f"image{of} {_between(*_short_images(field.before, field.after))}"
    if field.kind in ("replicas", "schedule"):
        return f"{field.kind} {_between(field.before, field.after)}"
    named = _NAMED.search(rest)
    if field.kind == "env":
        what = f"variable {named.group(1) if named else rest}"
        return f"{what} {'removed' if not field.after else 'added' if not field.before else 'changed'}"
    if field.kind == "resources":
        return f"{rest.removeprefix('resources.')} {_between(field.before, field.after)}"
    return _other_phrase(field, named.group(1) if named else rest.rpartition(".")[2])


def _other_phrase(field: FieldChange, name: str) -> str:
    word = {"config": "configuration", "secret": "secret", "revision": "revision", "command": "command"}.get(field.kind)
    name = name.removeprefix("helm.sh/").removeprefix("app.kubernetes.io/")
    what = word if word == name or word is None else f"{word} {name}"
    if field.kind in ("command", "secret") or field.before.startswith("digest ") or field.after.startswith("digest "):
        return f"{what or name} changed"
    return f"{what or name} {_between(field.before, field.after)}"


def _between(before: str, after: str) -> str:
    return f"{_short(before) or 'none'} -> {_short(after) or 'none'}"


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def _short_images(before: str, after: str) -> tuple[str, str]:
    """Two tags when the repository is the same, else both whole; digests cut to what tells them apart."""
    (one, old), (other, new) = _split(before), _split(after)
    return (old, new) if one == other and old and new else (before, after)


def _split(image: str) -> tuple[str, str]:
    name, at, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    short = digest.removeprefix("sha256:")[:12]
    return repository, "@".join(filter(None, (tag, short))) if at else tag


class Ledger:
    """The changes of the last day, by cluster and by what they may have broken; bounded for each place and in all."""

    def __init__(self, restored: Iterable[Change] = ()) -> None:
        self._of: dict[tuple[str, str], deque[Change]] = {}
        self._clusters: set[str] = set()
        self._forgot_at: datetime | None = None
        for change in restored:
            self.remember(change)

    def remember(self, change: Change) -> bool:
        """Keep it; whether it is news."""
        cluster = cluster_of(change.origin)
        self._clusters.add(cluster)
        owner = change.owner or change.resource
        places = [(cluster, place(owner))]
        if change.resource.kind in SHARED_KINDS:
            places.append((cluster, f"namespace {owner.namespace}"))
        elif change.resource.kind in GITOPS_KINDS:
            places.append((cluster, "gitops"))
        elif change.resource.kind == "Node":
            places.append((cluster, "nodes"))
        is_news = True
        for where in places:
            known = self._of.get(where) or deque(maxlen=REMEMBERED_EACH)
            is_news = is_news and all(one.id != change.id for one in known)
            if is_news:
                known.append(change)
                # The place changed last comes last: a busy one must not be the first to be forgotten.
                self._of.pop(where, None)
                self._of[where] = known
        while len(self._of) > REMEMBERED_PLACES:
            del self._of[next(iter(self._of))]
        return is_news

    def forget(self, now: datetime) -> None:
        """Let go of what nothing is suspected for any more. Looks at all, so only now and then."""
        if self._forgot_at is not None and timedelta() <= now - self._forgot_at < FORGETS_EVERY:
            return
        self._forgot_at = now
        for where, known in list(self._of.items()):
            while known and now - known[0].at > REMEMBERED_FOR:
                known.popleft()
            if not known:
                del self._of[where]
        self._clusters = {cluster for cluster, _ in self._of}

    def alike(self, change: Change, apart_from: Collection[str], by: datetime) -> list[str]:
        """The other clusters in which the same was changed at the same place, up to a time."""
        where, what = place(change.owner or change.resource), (change.summary, place(change.resource))
        return [
            cluster
            for cluster in self._clusters.difference(apart_from)
            if any(
                one.at <= by and (one.summary, place(one.resource)) == what
                for one in self._of.get((cluster, where), ())
            )
        ]

    def about(self, cluster: str, owner: Resource, now: datetime) -> list[Change]:
        """What may have to do with a trouble of this owner: its own, its namespace's, nodes', and GitOps' changes."""
        found: dict[str, Change] = {}
        if not self._of:
            return []
        for where in (place(owner), f"namespace {owner.namespace}", "gitops", "nodes"):
            for change in self._of.get((cluster, where), ()):
                if now - change.at <= REMEMBERED_FOR:
                    found[change.id] = change
        return list(found.values())


def headline(change: Change) -> str:
    """What was changed in one line for a table."""
    return f"{called(change.resource)}: {change.summary}"
