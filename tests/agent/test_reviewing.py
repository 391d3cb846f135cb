"""What a plan learns from what Kronveil itself kept: memory that was measured, and changes before an incident."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kronveil.agent.reviewing import MEMORY, REVIEWS, Reviewing
from kronveil.model.change import Change, Suspect
from kronveil.model.execution import Target
from kronveil.model.facts import FieldChange
from kronveil.model.incident import Incident
from kronveil.model.resource import Resource
from kronveil.model.signal import Bounds, SubjectKind
from kronveil.sdk.actions import Step
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.signals import Series, SeriesKey, SeriesPage, SeriesQuery
from kronveil.sdk.storage import ChangePage, ChangeQuery
from tests.logic.scenes import CHECKOUT, EAST, START
from tests.logic.test_resolving import INCIDENT

pytestmark = pytest.mark.anyio
MI = 2**20
NOW = START + timedelta(minutes=2)


class Kept:
    """What the agent kept: a few series and changes, or a store that is down."""

    def __init__(self, series: Sequence[Series] = (), changes: Sequence[Change] = (), *, is_down: bool = False) -> None:
        self._series, self._changes, self._is_down = tuple(series), tuple(changes), is_down
        self.asked: list[SeriesQuery | ChangeQuery] = []

    def now(self) -> datetime:
        return NOW

    async def series(self, query: SeriesQuery) -> SeriesPage:
        self._ask(query)
        return SeriesPage(self._series, has_more=False, is_truncated=False)

    async def changes(self, query: ChangeQuery) -> ChangePage:
        self._ask(query)
        return ChangePage(self._changes, None)

    def _ask(self, query: SeriesQuery | ChangeQuery) -> None:
        self.asked.append(query)
        if self._is_down:
            raise Transient("the disk is full")


def series(pod: str, *values: float, part: str = "app", limit: float | None = 512 * MI) -> Series:
    points = tuple((int(START.timestamp()) + 15 * index, value * MI) for index, value in enumerate(values))
    key = SeriesKey("us-east-prod", SubjectKind.CONTAINER, "payments", pod, part, MEMORY)
    return Series(key, points, points[-1], 15.0, "worker-1", "Deployment", "checkout-api", Bounds(memory_limit=limit))


def change(minutes_before: float, kind: str = "image", *, actor: str = "kubectl", of: Resource = CHECKOUT) -> Change:
    at = START - timedelta(minutes=minutes_before)
    fields = (FieldChange(kind, f"spec.{kind}", "1", "2"),)
    return Change(f"chg-{minutes_before}", kind, at, at, EAST, of, f"{kind} 1 -> 2", fields, actor)


async def found(name: str, kept: Kept, incident: Incident = INCIDENT, **told: object) -> tuple[str, dict[str, object]]:
    """The summary and the findings of a review."""
    (review,) = [each for each in REVIEWS if each.name == name]
    target = Target("uid-east", "us-east-prod", CHECKOUT)
    plan = await Reviewing(review, kept).rehearse(Step("look", name, told, incident), target)
    findings = {each: json.loads(text) for each, text in (plan.findings or {}).items()}
    assert set(findings) == {each.name for each in review.finds}
    return plan.summary, findings


async def test_a_leak_is_told_with_its_container_and_limit():
    kept = Kept([series("a", *range(50, 500, 45)), series("b", 60, 61), series("c", *[500] * 20, part="proxy")])
    summary, findings = await found("review_memory", kept, within="30m")
    assert summary == "a/app: it rose steadily from 10 % to 89 % of the limit"
    assert (findings["trend"], findings["pod"], findings["limit"], findings["peak"]) == ("leak", "a", "512Mi", "455Mi")
    (asked,) = kept.asked
    assert isinstance(asked, SeriesQuery)
    assert (asked.owner_kind, asked.owner, asked.since) == ("Deployment", "checkout-api", NOW - timedelta(minutes=30))


async def test_without_values_the_trend_is_unknown_and_nothing_is_a_zero():
    summary, findings = await found("review_memory", Kept())
    assert summary == "not known: no memory of it was measured"
    assert (findings["trend"], findings["usage"], findings["limit"]) == ("unknown", None, None)


async def test_a_store_that_is_down_is_unknown_and_no_plan_fails_for_it():
    for name in ("review_memory", "review_changes"):
        summary, findings = await found(name, Kept(is_down=True))
        assert summary == "not known: the disk is full"
        assert set(findings.values()) == {None}


async def test_the_last_change_of_the_targets_pods_is_what_can_be_taken_back():
    summary, findings = await found("review_changes", Kept(changes=[change(40), change(3), change(1, "replicas")]))
    assert summary == "image 1 -> 2, 3 min before it began"
    assert (findings["found"], findings["kind"], findings["can_roll_back"]) == (True, "image", True)


@pytest.mark.parametrize(
    ("last", "target"),
    [
        (change(1, actor="kronveil"), CHECKOUT),
        (change(-2), CHECKOUT),
        (change(3, of=Resource("StatefulSet", "db", "payments")), Resource("StatefulSet", "db", "payments")),
    ],
    ids=["our own", "after it began", "no revisions to return to"],
)
async def test_what_cannot_or_should_not_be_taken_back_is_said_so(last: Change, target: Resource):
    incident = replace(INCIDENT, resource=target)
    _, findings = await found("review_changes", Kept(changes=[change(30, of=target), last]), incident)
    assert (findings["found"], findings["can_roll_back"]) == (True, False)


async def test_a_change_of_something_else_is_named_as_suspect_and_not_taken_back():
    other = change(2, "config", of=Resource("ConfigMap", "settings", "payments"))
    incident = replace(INCIDENT, suspects=(Suspect("chg-2", "configuration settings changed", 0.7),))
    summary, findings = await found("review_changes", Kept(changes=[other]), incident)
    assert summary == "suspected: configuration settings changed"
    assert (findings["found"], findings["can_roll_back"]) == (False, None)


async def test_a_span_that_is_none_is_told_in_words():
    summary, _ = await found("review_memory", Kept(), within="soon")
    assert summary == "not known: look: within: 'soon' is not a duration."


async def test_performing_says_again_what_was_found_and_nothing_is_undone():
    review = Reviewing(REVIEWS[1], Kept(changes=[change(3)]))
    step = Step("look", "review_changes", {}, INCIDENT)
    plan = await review.rehearse(step, Target("uid-east", "us-east-prod", CHECKOUT))
    outcome = await review.perform(plan, "key")
    assert (outcome.message, outcome.findings, outcome.has_changed) == (plan.summary, plan.findings, False)
    with pytest.raises(Permanent):
        await review.compensate(plan, "key")
