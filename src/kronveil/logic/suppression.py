"""Silences and maintenance windows: which incidents need nobody for a while. Hushed is never hidden."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from kronveil.logic.cases import Cases
from kronveil.logic.groups import Groups
from kronveil.logic.lifecycle import Case
from kronveil.model.event import Event
from kronveil.model.incident import Incident, Moment
from kronveil.model.silence import Silence

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def matches(silence: Silence, about: Incident | Event) -> bool:
    """Whether all fields that the silence names are those of the incident or event, whatever the time."""
    if isinstance(about, Incident):
        cluster, resource = about.cluster.name, about.resource
    else:
        cluster, resource = about.origin.cluster_name, about.owner or about.resource
    return _matches(silence, cluster, resource.namespace or "", resource.name, about.kind)


def covering(silences: Iterable[Silence], about: Incident | Event, now: datetime) -> Silence | None:
    """The silence that hushes it now; of several the one that lasts longest."""
    found = [one for one in silences if one.starts_at <= now < one.ends_at and matches(one, about)]
    return max(found, key=lambda one: (one.ends_at, one.id), default=None)


def preview(silences: Iterable[Silence], held: Sequence[Incident]) -> tuple[Incident, ...]:
    """Which of these incidents such silences would hush while they last; those not over first come first."""
    wanted = list(silences)
    return tuple([one for one in held if one.resolved_at is None and any(matches(each, one) for each in wanted)])


def next_edge(silences: Iterable[Silence], now: datetime) -> datetime | None:
    """When the next of them begins or ends."""
    edges = [edge for one in silences for edge in (one.starts_at, one.ends_at) if edge > now]
    return min(edges, default=None)


def _matches(silence: Silence, cluster: str, namespace: str, owner: str, kind: str) -> bool:
    return (
        _fits(silence.cluster, cluster)
        and _fits(silence.namespace, namespace)
        and _fits(silence.owner, owner)
        and _fits(silence.kind, kind)
    )


def _fits(wanted: str, is_: str) -> bool:
    if wanted.endswith("*"):
        return is_.startswith(wanted[:-1])
    return not wanted or is_ == wanted


class Suppression:
    """Keeps the mark of each open incident true to the silences as they begin and end."""

    def __init__(self, cases: Cases, groups: Groups, silences: Sequence[Silence] = ()) -> None:
        self._cases = cases
        self._groups = groups
        self._silences = tuple(silences)
        # What was marked before a start is looked at with the first tick.
        self._edge: datetime | None = _BEFORE_ALL

    def replace(self, silences: Sequence[Silence], now: datetime) -> list[Case]:
        """These are the silences from now on; the cases whose mark changes."""
        self._silences = tuple(silences)
        return self._all(now)

    def at_edge(self, now: datetime) -> list[Case]:
        """The cases whose mark changes because a silence has begun or ended since."""
        return self._all(now) if self._edge is not None and now >= self._edge else []

    def opened(self, case: Case, now: datetime) -> None:
        """Mark an incident that was opened or reopened, and the group it is in."""
        if not self._silences and not case.is_silenced:
            return
        self._mark(case, now)
        parent = self._groups.parent_of(case)
        if parent is not None and parent.is_group:
            self._mark(parent, now)

    def _all(self, now: datetime) -> list[Case]:
        self._edge = next_edge(self._silences, now)
        cases = [case for case in self._cases.newest_first() if not case.is_resolved]
        # Children first: a group is hushed when all that is open under it is.
        cases.sort(key=lambda case: case.is_group)
        return [case for case in cases if self._mark(case, now)]

    def _mark(self, case: Case, now: datetime) -> bool:
        silence = self._of(case, now)
        is_silenced = silence is not None or self._is_hushed_group(case)
        if case.is_silenced is is_silenced:
            return False
        case.is_silenced = is_silenced
        if silence is not None:
            until = silence.ends_at.isoformat(timespec="seconds")
            sort = "maintenance" if silence.is_maintenance else "a silence"
            text = f"Hushed until {until} by {sort} of {silence.created_by}: {silence.reason}"
        else:
            text = "All that is open under it is hushed" if is_silenced else "No silence covers it any more"
        case.tell(Moment(now, "silenced" if is_silenced else "unsilenced", text))
        return True

    def _of(self, case: Case, now: datetime) -> Silence | None:
        found = [
            one
            for one in self._silences
            if one.starts_at <= now < one.ends_at
            and _matches(one, case.cluster.name, case.resource.namespace or "", case.resource.name, case.kind)
        ]
        return None if case.is_group else max(found, key=lambda one: (one.ends_at, one.id), default=None)

    def _is_hushed_group(self, case: Case) -> bool:
        if not case.is_group:
            return False
        alone = [one for one in self._groups.below(case) if not one.is_group and not one.is_resolved]
        return bool(alone) and all(one.is_silenced for one in alone)
