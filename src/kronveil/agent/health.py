"""The agent's own health: is intake alive, is the store writable. Incidents do not make the agent ill."""

from collections.abc import Callable, Sequence
from datetime import datetime

from kronveil.agent.intake import Clock
from kronveil.agent.measuring import Measuring
from kronveil.agent.pipeline import Pipeline
from kronveil.agent.roll_call import RollCall
from kronveil.model.fleet import ClusterState, Member, Reason
from kronveil.model.health import ComponentHealth, HealthStatus, PartKind

_WORST_FIRST = (HealthStatus.UNHEALTHY, HealthStatus.DEGRADED, HealthStatus.HEALTHY)


class HealthBoard:
    """Remembers since when each component has had its status."""

    def __init__(self, roll_call: RollCall, pipeline: Pipeline, measuring: Measuring, clock: Clock) -> None:
        self._roll_call = roll_call
        self._pipeline = pipeline
        self._measuring = measuring
        self._clock = clock
        self._since: dict[str, tuple[HealthStatus, datetime]] = {}
        self.configuration_trouble: str | None = None
        self.configured_at = clock()
        self.runs: Callable[[], tuple[str | None, datetime | None]] = lambda: (None, None)
        """Why no run can be changed now, and when that last worked."""
        self.audit: Callable[[], str | None] = lambda: None
        """Why deeds that were done are not in the audit yet."""

    def read(self) -> tuple[HealthStatus, tuple[ComponentHealth, ...]]:
        """The worst status, and every component's."""
        components = (
            self._kubernetes(),
            self._store(),
            self._signals(),
            self._judgement(),
            self._runs(),
            self._configuration(),
        )
        worst = next(status for status in _WORST_FIRST if any(each.status is status for each in components))
        return worst, components

    def _kubernetes(self) -> ComponentHealth:
        members = self._roll_call.members()
        heard = [each.standing.heard_at for each in members if each.standing.heard_at is not None]
        return self._component("kubernetes", PartKind.COLLECTOR, *_intake_health(members), max(heard, default=None))

    def _store(self) -> ComponentHealth:
        if self._pipeline.trouble is None and (untold := self.audit()) is not None:
            return self._component("store", PartKind.STORE, HealthStatus.DEGRADED, untold, self._pipeline.saved_at)
        health = _health(self._pipeline.trouble, "writable", bad=HealthStatus.UNHEALTHY)
        return self._component("store", PartKind.STORE, *health, self._pipeline.saved_at)

    def _signals(self) -> ComponentHealth:
        """Degraded while values are not kept: incidents do not need them."""
        health = _health(self._measuring.trouble, "keeps values")
        return self._component("signals", PartKind.STORE, *health, self._measuring.kept_at)

    def _judgement(self) -> ComponentHealth:
        """Degraded while the judgement breaks at each beat of the clock."""
        health = _health(self._pipeline.beat_trouble, "judges")
        return self._component("judgement", PartKind.AGENT, *health, self._pipeline.beaten_at)

    def _runs(self) -> ComponentHealth:
        """Degraded while no run can be changed, or another agent carries them out."""
        trouble, kept_at = self.runs()
        return self._component("runs", PartKind.AGENT, *_health(trouble, "carried out"), kept_at)

    def _configuration(self) -> ComponentHealth:
        """Degraded while the file on disk is not what runs."""
        health = _health(self.configuration_trouble, "as on disk")
        return self._component("configuration", PartKind.AGENT, *health, self.configured_at)

    def _component(
        self, name: str, kind: PartKind, status: HealthStatus, message: str, last_success: datetime | None
    ) -> ComponentHealth:
        was, since = self._since.get(name, (None, self._clock()))
        if was is not status:
            since = self._clock()
            self._since[name] = (status, since)
        return ComponentHealth(name, kind, status, message, since, last_success)


def _health(trouble: str | None, fine: str, *, bad: HealthStatus = HealthStatus.DEGRADED) -> tuple[HealthStatus, str]:
    return (bad, trouble) if trouble else (HealthStatus.HEALTHY, fine)


def _intake_health(members: Sequence[Member]) -> tuple[HealthStatus, str]:
    """A member that is not live degrades; when none can be heard there is nothing to judge from."""
    if not members:
        return HealthStatus.HEALTHY, "no clusters are configured"
    reporting = [each for each in members if each.state in {ClusterState.LIVE, ClusterState.PARTIAL}]
    odd = [each for each in members if each.state is not ClusterState.LIVE or each.reason is Reason.CLOCK_SKEW]
    if not odd:
        return HealthStatus.HEALTHY, f"{len(members)} of {len(members)} clusters report"
    others = ", ".join(f"{each.name} {_oddity(each)}" for each in odd)
    message = f"{len(reporting)} of {len(members)} clusters report; {others}"
    return (HealthStatus.UNHEALTHY if all(map(_is_lost, members)) else HealthStatus.DEGRADED), message


def _oddity(member: Member) -> str:
    """The state, with what is more than that."""
    told = {Reason.PAUSED, Reason.HELD_UP, Reason.KIND_SILENT, Reason.CLOCK_SKEW}
    if member.reason is None or member.reason not in told:
        return member.state.value
    return f"{member.state.value} ({member.reason.value.replace('_', ' ')})"


def _is_lost(member: Member) -> bool:
    """Unknown without an error is a member that is only starting."""
    is_failing = member.state is ClusterState.UNKNOWN and member.standing.error is not None
    return is_failing or member.state is ClusterState.UNREACHABLE
