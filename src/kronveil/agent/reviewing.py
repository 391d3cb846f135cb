"""Read-only steps that need no cluster: what Kronveil itself kept of an incident, found while the plan is made.

``review_memory`` looks at measured values, ``review_changes`` at the ledger of changes. Before it: rehearsing. What
cannot be read now is unknown, never a plan that fails.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from kronveil.agent.repertoire import Repertoire
from kronveil.logic.expressions import ExpressionError
from kronveil.logic.expressions.kinds import Duration, Quantity, duration
from kronveil.logic.memory_trend import Trend, Usage, usage_of
from kronveil.model.change import Change
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.model.incident import Incident
from kronveil.model.signal import SubjectKind
from kronveil.sdk.actions import Finding, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent, PluginError
from kronveil.sdk.signals import Series, SeriesPage, SeriesQuery
from kronveil.sdk.storage import ChangePage, ChangeQuery

KRONVEIL = "kronveil"
MEMORY = "container.memory.working_set"
MOST_SERIES, MOST_CHANGES = 50, 50
TEMPLATE_KINDS = frozenset({"image", "command", "env", "config", "secret", "resources"})
"""What a change of a workload's pods is called; replicas and the like start no new ones."""
Findings = Mapping[str, object]


class History(Protocol):
    """What the agent kept: measured values, and the ledger of changes. All raise Transient when they cannot be read."""

    def now(self) -> datetime:
        """The agent's clock, UTC."""
        ...

    async def series(self, query: SeriesQuery) -> SeriesPage:
        """Series of measured values."""
        ...

    async def changes(self, query: ChangeQuery) -> ChangePage:
        """A page of the ledger of changes."""
        ...


@dataclass(frozen=True, slots=True)
class Review:
    """Such a step, as an action declares itself."""

    name: str
    summary: str
    takes: Sequence[Parameter]
    finds: Sequence[Finding]
    look: Callable[[History, Step], Awaitable[tuple[str, Findings]]]
    effect: Effect = Effect.READ


class Reviewing:
    """See ``Action``. Looks when it is rehearsed; performing says again what was found."""

    def __init__(self, review: Review, history: History) -> None:
        self._review = review
        self._history = history

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        found: Findings = {}
        try:
            words, found = await self._review.look(self._history, step)
        except PluginError as error:
            words = f"not known: {error}"
        findings = {each.name: found.get(each.name) for each in self._review.finds}
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.READ,
            target=target,
            parameters={name: json.dumps(value) for name, value in step.parameters.items()},
            summary=words,
            findings={name: json.dumps(value) for name, value in findings.items()},
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - it was read already
        """See ``Action.perform``."""
        return Outcome(plan.summary, findings=plan.findings)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent("what was only read needs no undoing")


async def _memory(history: History, step: Step) -> tuple[str, Findings]:
    incident, now = step.incident, history.now()
    wanted = {held.part for held in incident.conditions if held.part}
    page = await _series(history, step, now)
    found = [each for each in page.items if not wanted or each.key.part in wanted]
    judged = [(each, usage_of(each.points, each.bounds.memory_limit, each.interval_s)) for each in found if each.points]
    if not judged:
        return "not known: no memory of it was measured", {"trend": Trend.UNKNOWN.value, "samples": 0}
    # One that tells something before one that does not; of those the one that was watched longest.
    series, usage = max(judged, key=lambda pair: (pair[1].trend is not Trend.UNKNOWN, pair[1].samples))
    return f"{series.key.name}/{series.key.part}: {usage.words}", _of_memory(series, usage)


async def _series(history: History, step: Step, now: datetime) -> SeriesPage:
    owner, is_pod = step.incident.resource, step.incident.resource.kind == "Pod"
    query = SeriesQuery(
        since=now - _span(step, "within", timedelta(hours=3)),
        until=now,
        signals=(MEMORY,),
        cluster=step.incident.cluster.name,
        kind=SubjectKind.CONTAINER,
        namespace=owner.namespace,
        name=owner.name if is_pod else None,
        owner_kind=None if is_pod else owner.kind,
        owner=None if is_pod else owner.name,
        limit=MOST_SERIES,
    )
    return await history.series(query)


def _of_memory(series: Series, usage: Usage) -> Findings:
    return {
        "trend": usage.trend.value,
        "words": usage.words,
        "container": series.key.part,
        "pod": series.key.name,
        "limit": _bytes(series.bounds.memory_limit),
        "usage": _bytes(usage.last),
        "peak": _bytes(usage.peak),
        "samples": usage.samples,
        "minutes": usage.minutes,
    }


async def _changes(history: History, step: Step) -> tuple[str, Findings]:
    incident = step.incident
    within = _span(step, "within", timedelta(hours=1))
    page = await history.changes(_last_of(incident, within))
    suspected = {each.change_id: each.score for each in incident.suspects}
    own = [each for each in page.items if _is_of_target(each, incident)]
    last = max(own, key=lambda each: each.at, default=None)
    worst = incident.suspects[0] if incident.suspects else None
    if last is None:
        words = f"suspected: {worst.what}" if worst else "nothing is known to have been changed before"
        return words, {"found": False, "suspect": worst.what if worst else None}
    before = (incident.opened_at - last.at).total_seconds() / 60
    return f"{last.summary}, {abs(before):.0f} min {'before' if before >= 0 else 'after'} it began", {
        "found": True,
        "what": last.summary,
        "kind": last.kind,
        "actor": last.actor or None,
        "minutes_before": round(before, 1),
        "score": suspected.get(last.id),
        "suspect": worst.what if worst else None,
        # What Kronveil changed itself is undone by its own run, and the revision before it is the one that failed.
        "can_roll_back": last.actor != KRONVEIL and before >= 0 and incident.resource.kind == "Deployment",
    }


def _last_of(incident: Incident, within: timedelta) -> ChangeQuery:
    return ChangeQuery(
        limit=MOST_CHANGES,
        cluster=incident.cluster.name,
        namespace=incident.resource.namespace,
        name=incident.resource.name,
        around=incident.opened_at,
        within=within,
    )


def _is_of_target(change: Change, incident: Incident) -> bool:
    found, target = change.resource, incident.resource
    same = (found.kind, found.namespace, found.name) == (target.kind, target.namespace, target.name)
    return same and any(field.kind in TEMPLATE_KINDS for field in change.fields)


def _span(step: Step, name: str, usual: timedelta) -> timedelta:
    text = step.parameters.get(name)
    if text is None:
        return usual
    try:
        found: Duration = duration(str(text))
    except ExpressionError as error:
        raise Permanent(f"{step.name}: {name}: {error.message}") from None
    return found.span


def _bytes(value: float | None) -> str | None:
    return None if value is None else str(Quantity(round(value) * 1000))


_WITHIN = "How far back it looks."
REVIEWS: tuple[Review, ...] = (
    Review(
        "review_memory",
        "Look at what the containers' memory did: a leak, a spike, a limit that is too tight, or unknown.",
        (Parameter("within", "duration", _WITHIN, "3h"),),
        (
            Finding("trend", "text", "leak, spike, tight or unknown."),
            Finding("words", "text", "The same in a sentence."),
            Finding("container", "text", "The container that tells most."),
            Finding("pod", "text", "Its pod."),
            Finding("limit", "text", "Its memory limit, as 512Mi."),
            Finding("usage", "text", "What was measured last, as 300Mi."),
            Finding("peak", "text", "The most that was measured."),
            Finding("samples", "number", "How many values were measured in one life of the container."),
            Finding("minutes", "number", "How long that was."),
        ),
        _memory,
    ),
    Review(
        "review_changes",
        "Look for the last change of the target's pods around the time that the incident began.",
        (Parameter("within", "duration", _WITHIN, "1h"),),
        (
            Finding("found", "flag", "Whether there was one."),
            Finding("what", "text", "What was changed."),
            Finding("kind", "text", "image, command, env, config, secret or resources."),
            Finding("actor", "text", "Who changed it."),
            Finding("minutes_before", "number", "How long before the incident; negative for after."),
            Finding("score", "number", "How strongly it is suspected, 0 to 1."),
            Finding("suspect", "text", "The change that is suspected most, of whatever object."),
            Finding("can_roll_back", "flag", "Whether it preceded and an earlier revision would take it back."),
        ),
        _changes,
    ),
)


def with_reviews(repertoire: Repertoire, history: History) -> Repertoire:
    """The same, and these steps."""
    actions = {each.name: Reviewing(each, history) for each in REVIEWS}
    effects = {each.name: each.effect for each in REVIEWS}
    return replace(repertoire, actions={**repertoire.actions, **actions}, effects={**repertoire.effects, **effects})
