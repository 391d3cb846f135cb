"""Which change may be the cause of an incident: by owner, by time before the onset, by kind, by where else it was made.

The score is relation x time x fit (docs/reference/symptoms.md), 0 to 0.95: a change that comes just before is never
proof.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kronveil.logic.changes import GITOPS_KINDS, headline
from kronveil.logic.identity import cluster_identity, cluster_of, place
from kronveil.logic.kinds import IMAGE_PULL_FAILED
from kronveil.model.change import Change, Suspect
from kronveil.model.incident import Incident

MOST_SUSPECTS = 5
TURNS = frozenset({"opened", "reopened"})
LEAST_SCORE = 0.15
MOST_SCORE = 0.95
# The clocks of two machines differ; what was made later than that has caused nothing.
SAME_TIME = timedelta(seconds=30)
LONGEST_AFTER = timedelta(minutes=5)
AFTER_ONSET = 0.8
HARMLESS_ELSEWHERE = 0.6

_HALF_LIVES: Mapping[str, timedelta] = {"memory": timedelta(hours=2), "certificate": timedelta(hours=12)}
_HALF_LIFE = timedelta(minutes=20)
_CODE = {"image": 0.9, "command": 0.9, "env": 0.9, "config": 0.9, "secret": 0.8, "revision": 0.8}
_FITS: Mapping[str, Mapping[str, float]] = {
    "image": {"image": 1.0, "revision": 0.7, "secret": 0.6, "config": 0.2, "node": 0.3},
    "crash": {**_CODE, "resources": 0.5, "other": 0.6, "node": 0.2},
    "memory": {"resources": 1.0, "image": 0.8, "env": 0.7, "config": 0.7, "command": 0.7, "revision": 0.7},
    "scheduling": {"resources": 0.9, "replicas": 0.9, "node": 0.9, "other": 0.4, "revision": 0.4, "image": 0.2},
    "rollout": {**_CODE, "resources": 0.7, "other": 0.7, "replicas": 0.4, "node": 0.3},
    "volume": {"other": 0.7, "config": 0.6, "secret": 0.6, "revision": 0.5, "node": 0.4, "replicas": 0.3},
    "job": {**_CODE, "schedule": 0.7, "resources": 0.6, "other": 0.5},
    "scale": {"resources": 0.8, "replicas": 0.7, "other": 0.6, "image": 0.5, "revision": 0.5},
    "eviction": {"resources": 0.9, "replicas": 0.6, "node": 0.7, "image": 0.4},
    "node": {"node": 0.9},
    "deletion": {"node": 0.6, "other": 0.4},
    "certificate": {"other": 0.7, "secret": 0.6, "revision": 0.5},
    "resource": {**_CODE, "other": 0.9, "resources": 0.5, "node": 0.2},
}
_UNFIT = 0.1


@dataclass(slots=True)
class _Weighing:
    score: float
    reasons: list[str]
    evidence_for: list[str]
    evidence_against: list[str]

    def weigh(self, factor: float, reason: str, *, speaks_for: bool) -> None:
        self.score *= factor
        self.reasons.append(f"{'for' if speaks_for else 'against'}: {reason}")


def rank(
    incident: Incident,
    changes: Iterable[Change],
    now: datetime,
    clusters: Collection[str] = (),
    harmless: Callable[[Change], int] = lambda _: 0,
) -> tuple[Suspect, ...]:
    """The suspects, most likely first; empty when nothing that was changed may be the cause.

    ``clusters`` are the identities of those a systemic incident is in; without, the incident's own. ``harmless`` says
    in how many others the same change was made without such a trouble.
    """
    where = set(clusters) or {cluster_identity(incident.cluster.uid, incident.cluster.name)}
    alike: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if cluster_of(change.origin) in where and change.at <= now:
            alike.setdefault((place(change.resource), change.summary), []).append(change)
    suspects = [_suspect(incident, same, where, harmless) for same in alike.values()]
    found = [one for one in suspects if one is not None]
    return tuple(sorted(found, key=lambda one: (-one.score, one.what))[:MOST_SUSPECTS])


def _suspect(
    incident: Incident, same: list[Change], where: set[str], harmless: Callable[[Change], int]
) -> Suspect | None:
    onset = _onset(incident)
    # Of the same change made several times, or in several clusters, the nearest before the onset is weighed.
    change = min(same, key=lambda one: (one.at > onset + SAME_TIME, abs(onset - one.at), one.id))
    relation, why = _relation(incident, change)
    if not relation or change.at > onset + SAME_TIME:
        return None  # what came afterwards, a roll-back above all, is told with the incident but accused of nothing
    weighing = _Weighing(MOST_SCORE, [], [], [])
    weighing.weigh(relation, why, speaks_for=relation >= 0.5)
    _weigh_time(weighing, incident, change, onset)
    _weigh_kind(weighing, incident, change)
    _weigh_clusters(weighing, same, where)
    elsewhere = harmless(change)
    if elsewhere:
        said = f"the same change did no harm in {elsewhere} other cluster{'s' if elsewhere > 1 else ''}"
        weighing.weigh(HARMLESS_ELSEWHERE, said, speaks_for=False)
    if weighing.score < LEAST_SCORE:
        return None
    return Suspect(
        change.id,
        headline(change),
        round(weighing.score, 2),
        tuple(weighing.reasons),
        tuple(weighing.evidence_for),
        tuple(weighing.evidence_against),
    )


def _onset(incident: Incident) -> datetime:
    """Since when it is as it is: when it was opened last, or before that when its symptoms began earlier.

    Symptoms alone would not do: those of new pods begin anew while the trouble goes on.
    """
    opened = max((one.at for one in incident.timeline if one.what in TURNS), default=incident.opened_at)
    return min([opened, *(one.since for one in incident.conditions if one.cleared_at is None)])


def _relation(incident: Incident, change: Change) -> tuple[float, str]:
    """How near the change is to what is in trouble."""
    about, owner = incident.resource, change.owner or change.resource
    if place(owner) == place(about):
        return 1.0, "it changed the very thing that is in trouble"
    kind = change.resource.kind
    if kind in GITOPS_KINDS:
        is_named = change.resource.name == about.name or about.name.startswith(f"{change.resource.name}-")
        return (0.7, "it brought a new revision of what is in trouble") if is_named else (0.0, "")
    if kind == "Node":
        is_of_nodes = incident.family in ("scheduling", "eviction", "deletion")
        return (0.5, "it changed a node of the same cluster") if is_of_nodes else (0.0, "")
    if kind == "HorizontalPodAutoscaler" and change.resource.name != about.name:
        return 0.0, ""
    return (0.5, "it changed something in the same namespace") if owner.namespace == about.namespace else (0.0, "")


def _weigh_time(weighing: _Weighing, incident: Incident, change: Change, onset: datetime) -> None:
    before = onset - change.at
    if before < timedelta():
        # By as much clocks may differ; what is told speaks against it all the same.
        weighing.evidence_against += incident.evidence[:1]
        weighing.weigh(AFTER_ONSET, f"it came {_span(-before)} after the onset", speaks_for=False)
        return
    weighing.evidence_for += incident.evidence[:1]
    half_life = _HALF_LIVES.get(incident.family, _HALF_LIFE)
    factor = 0.5 ** (max(before, timedelta()) / half_life)
    said = f"it came {_span(before)} before the onset" if before > timedelta() else "it came with the onset"
    weighing.weigh(factor, said, speaks_for=factor >= 0.5)


def _weigh_kind(weighing: _Weighing, incident: Incident, change: Change) -> None:
    fit = _FITS.get(incident.family, {}).get(change.kind, _UNFIT)
    if change.kind == "node" and all("node.kubernetes.io/" in field.path + field.after for field in change.fields):
        weighing.weigh(_UNFIT, "the control plane sets this when a node is in trouble", speaks_for=False)
        return
    images = [field.after for field in change.fields if field.kind == "image"]
    if (
        incident.kind == IMAGE_PULL_FAILED
        and images
        and place(change.owner or change.resource) == place(incident.resource)
    ):
        if any(image and image in incident.title for image in images):
            weighing.weigh(1.0, "it named the very image that cannot be pulled", speaks_for=True)
        else:
            weighing.weigh(_UNFIT, "it named another image than the one that cannot be pulled", speaks_for=False)
        return
    said = f"a change of {change.kind} {'often' if fit >= 0.5 else 'seldom'} does this"
    weighing.weigh(fit, said, speaks_for=fit >= 0.5)


def _weigh_clusters(weighing: _Weighing, same: list[Change], where: set[str]) -> None:
    if len(where) < 2:
        return
    made_in = {cluster_of(change.origin) for change in same}
    if made_in >= where:
        weighing.score = 1 - (1 - weighing.score) * 0.7
        weighing.reasons.append(f"for: it was made in all {len(where)} clusters that are in trouble")
        weighing.score = min(weighing.score, MOST_SCORE)
    else:
        said = f"it was made in {len(made_in)} of the {len(where)} clusters that are in trouble"
        weighing.weigh(0.5, said, speaks_for=False)


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
