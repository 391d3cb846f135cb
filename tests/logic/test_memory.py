"""What is remembered of what comes and goes: given back in time, whether its end was told or not."""

from dataclasses import replace
from datetime import timedelta

from kronveil.logic import changes, groups, kills, waiting
from kronveil.logic.cases import MOST_INTERVALS
from kronveil.logic.changes import REMEMBERED_FOR
from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import RecordIncident
from kronveil.model.facts import FieldChange, GoneFacts, JobFacts, PodFacts, WarningFacts, WorkloadFacts
from kronveil.model.resource import Resource
from tests.logic.scenes import EAST, Stage, at, container, healthy, killed, observe, pod, pod_facts, pulling
from tests.logic.test_groups import owner

DAY_S = REMEMBERED_FOR.total_seconds()
IMAGE = FieldChange("image", "containers[app].image", "app:1", "app:2")


def starting(seconds: float) -> PodFacts:
    return pod_facts(container(ready=False), unready_since=at(seconds))


def mount_fails(stage: Stage, seconds: float, name: str) -> None:
    stage.pod(seconds, WarningFacts("FailedMount"), name, message="a secret is missing")


def job(nth: int) -> Resource:
    return Resource("Job", f"job-{nth}", "batch", f"uid-job-{nth}")


def test_what_was_ready_soon_is_not_remembered_until_it_would_have_counted() -> None:
    stage = Stage()
    for nth in range(3_000):
        stage.pod(nth / 100, starting(nth / 100), f"pod-{nth}", key=f"{nth}@1")
        assert len(stage.triage._judging.waiting) == 1
        stage.pod(nth / 100 + 0.005, healthy(), f"pod-{nth}", key=f"{nth}@2")
    assert len(stage.triage._judging.waiting) == 0
    assert len(stage.triage._judging.waiting._heap) <= waiting.FEW + 1


def test_what_lasts_counts_in_its_time_however_much_else_was_called_off() -> None:
    stage = Stage()
    stage.pod(0, starting(0), "slow")
    for nth in range(3_000):
        stage.pod(1 + nth / 100, starting(1), f"pod-{nth}", key=f"{nth}@1")
        stage.pod(1 + nth / 100, healthy(), f"pod-{nth}", key=f"{nth}@2")
    stage.tick(599)
    assert stage.kinds() == []
    stage.tick(601)
    assert stage.kinds() == ["pod.not_ready_long"]


def test_a_warning_that_was_never_told_again_is_not_waited_for_for_ever() -> None:
    stage = Stage()
    for nth in range(200):
        mount_fails(stage, nth, f"gone-{nth}")
    assert len(stage.triage._judging.waiting) == 200
    stage.tick(3_000)
    assert len(stage.triage._judging.waiting) == 200
    stage.tick(4_000)
    assert (len(stage.triage._judging.waiting), stage.triage._judging.waiting._heap) == (0, [])


def test_a_warning_that_is_told_again_within_the_hour_counts_from_its_first_time() -> None:
    stage = Stage()
    mount_fails(stage, 0, "a")
    stage.tick(1_800)
    mount_fails(stage, 3_500, "a")
    assert stage.kinds() == ["volume.mount_failed"]


def test_the_hour_counts_from_the_last_time_that_it_was_told() -> None:
    stage = Stage()
    mount_fails(stage, 0, "a")
    mount_fails(stage, 20, "a")
    stage.tick(3_610)
    mount_fails(stage, 3_615, "a")
    assert stage.kinds() == ["volume.mount_failed"]


def test_kills_of_pods_that_went_unseen_are_bounded_and_the_newest_are_known() -> None:
    stage = Stage()
    for nth in range(kills.REMEMBERED_PODS + 500):
        stage.triage._judging.kills.remember(("uid-east", f"pod-{nth}"), "app", kills.Kill(f"mark-{nth:09}"))
    stage.pod(1, killed(at(1)), "a")
    assert len(stage.triage._judging.kills._of) == kills.REMEMBERED_PODS
    stage.pod(2, killed(at(1)), "a")
    assert stage.kinds() == ["pod.oom_killed"]


def test_changes_of_more_than_a_day_ago_are_given_back() -> None:
    stage = Stage()
    for nth in range(100):
        owner = Resource("Deployment", f"d-{nth}", "shop")
        stage.sees(nth, owner, WorkloadFacts(1, 1, 1), changes=(IMAGE,))
    ledger = stage.triage._suspecting._ledger
    stage.tick(DAY_S - 60)
    assert len(ledger._of) == 100
    stage.tick(DAY_S + 400)
    assert (ledger._of, ledger._clusters) == ({}, set())


def test_a_place_that_is_changed_often_is_not_the_first_to_be_forgotten() -> None:
    ledger = changes.Ledger()
    busy = Resource("Deployment", "busy", "shop")

    def change(nth: int, resource: Resource) -> None:
        seen = observe(nth, resource, WorkloadFacts(1, 1, 1), key=f"{resource.name}@{nth}")
        found = changes.change_of(replace(seen, changes=(IMAGE,)), EAST, at(nth))
        assert found is not None
        ledger.remember(found)

    for nth in range(changes.REMEMBERED_PLACES + 2_000):
        change(nth, Resource("Deployment", f"d-{nth}", "shop"))
        if nth in (0, 9_000):
            change(nth, busy)
    assert ledger.about("uid-east", busy, at(12_000))


def test_a_group_that_lasts_for_weeks_does_not_name_all_that_were_ever_in_it() -> None:
    stage = Stage(Triage(Rules(reopen_within=timedelta(minutes=1))))
    for nth in range(3 * groups.MOST_OVER):
        seconds = nth * 5.0
        failed = JobFacts(failed=True, succeeded=False, reason="BackoffLimitExceeded", at=at(seconds))
        stage.sees(seconds, job(nth), failed)
        if nth >= 30:
            stage.sees(seconds + 1, job(nth - 30), GoneFacts())
        stage.tick(seconds + 2)
    storm = next(one for one in stage.triage.held() if one.children)
    assert len(storm.children) <= groups.MOST_OVER + 100
    assert len(stage.triage.held()) < 200
    assert sum(len(one.open) for one in stage.triage._judging.groups._groups.values()) < 200


def test_a_group_of_thousands_is_told_now_and_then_and_in_the_end_as_it_is() -> None:
    stage = Stage()
    told = 0
    for nth in range(4_000):
        seen = observe(nth / 100, pod(f"many-{nth}"), pulling(), owner=owner(nth), key=f"many-{nth}@{nth}")
        stage.triage.consider(seen, EAST, at(nth / 100))
        if nth % 100 == 0:
            effects = stage.tick(nth / 100)
            told += sum(isinstance(one, RecordIncident) and len(one.incident.children) > 100 for one in effects)
    assert told < 20
    stage.tick(60 + MOST_INTERVALS)
    (storm,) = [one for one in stage.triage.held() if one.parent_id is None]
    assert len(storm.children) == 4_000
