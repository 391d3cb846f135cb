"""What must last before it counts, what is over because others do well, what comes and goes; operators' own rules."""

from datetime import timedelta

import pytest

from kronveil.logic.triage import KindRule, Rules, Triage
from kronveil.model.event import Severity
from kronveil.model.facts import (
    BudgetFacts,
    CertificateFacts,
    ClaimFacts,
    CronJobFacts,
    Facts,
    GoneFacts,
    HpaFacts,
    JobFacts,
    ListedFacts,
    NodeFacts,
    PodFacts,
    QuotaFacts,
    ReachFacts,
    SyncFacts,
    WarningFacts,
    WorkloadFacts,
)
from kronveil.model.incident import IncidentStatus
from kronveil.model.resource import Resource
from tests.logic.scenes import CHECKOUT, NODE, Stage, at, container, crashing, healthy, pod, pod_facts, pulling, whats

RESOLVED = IncidentStatus.RESOLVED
DAY = 86_400.0
NIGHTLY = Resource("CronJob", "nightly", "payments", "c-1")
CLAIM = Resource("PersistentVolumeClaim", "data", "payments", "pvc-1")
HPA = Resource("HorizontalPodAutoscaler", "checkout-api", "payments", "h-1")
BUDGET = Resource("PodDisruptionBudget", "checkout-api", "payments", "b-1")
CERTIFICATE = Resource("Certificate", "checkout-tls", "payments", "x-1")
QUOTA = Resource("ResourceQuota", "compute", "payments", "q-1")
CLUSTER = Resource("Cluster", "us-east-prod", None, "uid-east")

UNREADY = pod_facts(container(ready=False), unready_since=at(0))
DOWN = WorkloadFacts(3, 3, 0)
UP = WorkloadFacts(3, 3, 3)
SATURATED = HpaFacts(10, 10, 2, 10, "checkout-api", is_limited=True)
BLIND = HpaFacts(3, 3, 2, 10, "checkout-api", is_blind=True, reason="FailedGetResourceMetric")
SEEING = HpaFacts(3, 3, 2, 10, "checkout-api")
PENDING = ClaimFacts("Pending", "fast", created_at=at(0))
BLOCKING = BudgetFacts(0, 3, 3, 3)


@pytest.mark.parametrize(
    ("resource", "sick", "well", "after", "kind", "severity"),
    [
        (pod(), UNREADY, healthy(), 600, "pod.not_ready_long", "medium"),
        (pod(), pod_facts(terminating=True, delete_by=at(0)), GoneFacts(), 300, "pod.stuck_terminating", "low"),
        (CHECKOUT, DOWN, UP, 120, "workload.unavailable", "high"),
        (CLAIM, PENDING, ClaimFacts("Bound"), 300, "volume.pending", "high"),
        (HPA, SATURATED, SEEING, 600, "hpa.saturated", "medium"),
        (HPA, BLIND, SEEING, 180, "hpa.blind", "medium"),
        (BUDGET, BLOCKING, BudgetFacts(1, 3, 2, 3), 1800, "pdb.blocking", "low"),
        (
            CERTIFICATE,
            CertificateFacts(ready=False),
            CertificateFacts(ready=True, expires_at=at(90 * DAY)),
            600,
            "certificate.expiring",
            "high",
        ),
        (
            CERTIFICATE,
            CertificateFacts(ready=True, expires_at=at(15 * DAY)),
            CertificateFacts(ready=True, expires_at=at(90 * DAY)),
            DAY,
            "certificate.expiring",
            "high",
        ),
        (
            CERTIFICATE,
            CertificateFacts(ready=True, expires_at=at(2 * DAY)),
            CertificateFacts(ready=True, expires_at=at(90 * DAY)),
            0,
            "certificate.expiring",
            "critical",
        ),
        (
            NIGHTLY,
            CronJobFacts("5 12 * * *", suspended=False, last_scheduled_at=at(-DAY + 300)),
            CronJobFacts("5 12 * * *", suspended=False, last_scheduled_at=at(300)),
            360,
            "cronjob.missed",
            "medium",
        ),
    ],
)
def test_it_counts_once_it_has_lasted_and_is_over_when_seen_to_be(  # noqa: PLR0917 - one column each
    resource: Resource, sick: Facts, well: Facts, after: float, kind: str, severity: str
) -> None:
    stage = Stage()
    stage.sees(0, resource, sick)
    if after:
        stage.tick(after - 0.1)
        assert stage.incidents() == {}
        stage.tick(after)
    incident = stage.only()
    assert (incident.kind, str(incident.severity)) == (kind, severity)
    assert [one.kind for one in stage.events()][-1] == kind
    # It is still so: nothing new. Time alone never ends it.
    stage.sees(after + 10, resource, sick)
    stage.tick(after + 1000)
    assert stage.only().resolved_at is None
    stage.sees(after + 1010, resource, well)
    stage.tick(after + 1070)
    assert stage.only().status is RESOLVED


@pytest.mark.parametrize(
    ("resource", "sick", "well"),
    [(pod(), UNREADY, healthy()), (CHECKOUT, DOWN, UP), (CLAIM, PENDING, GoneFacts()), (HPA, SATURATED, SEEING)],
)
def test_what_does_not_last_never_counts(resource: Resource, sick: Facts, well: Facts) -> None:
    stage = Stage()
    stage.sees(0, resource, sick)
    stage.sees(50, resource, well)
    stage.tick(5000)
    assert stage.incidents() == {}
    assert len(stage.triage._judging.waiting) == 0


def test_being_unready_is_counted_from_the_last_time_it_was_ready() -> None:
    stage = Stage()
    stage.sees(0, pod(), UNREADY)
    # It was ready in between, unseen: the time begins anew.
    stage.sees(500, pod(), pod_facts(container(ready=False), unready_since=at(490)))
    stage.tick(700)
    assert stage.incidents() == {}
    stage.tick(1090)
    assert stage.kinds() == ["pod.not_ready_long"]
    stage.sees(1200, pod(), pod_facts(container(ready=False), unready_since=at(1195)))
    assert whats(stage.only())[-1] == "recovered"


def test_what_lasted_before_the_start_counts_at_once_and_only_once() -> None:
    stage = Stage()
    stage.sees(700, pod(), UNREADY, received=700)
    assert stage.kinds() == ["pod.not_ready_long"]
    stage.restart()
    stage.sees(900, pod(), UNREADY)
    stage.tick(2000)
    assert len(stage.incidents()) == 1


def test_a_raised_symptom_has_the_same_event_after_a_restart() -> None:
    one, other = Stage(), Stage()
    one.sees(0, pod(), UNREADY)
    other.sees(0, pod(), UNREADY)
    other.sees(100, pod(), UNREADY, key="later@100")
    assert [stage.tick(600 + nth)[0] for nth, stage in enumerate((one, other))]
    assert one.events()[-1].id == other.events()[-1].id


def test_a_nearer_cause_says_enough_of_a_pod_that_is_not_ready() -> None:
    stage = Stage()
    stage.sees(0, pod(), pod_facts(crashing().containers[0], unready_since=at(-900)))
    stage.tick(1000)
    assert stage.kinds() == ["pod.crash_looping"]


def test_a_claim_that_waits_for_its_first_pod_is_well_and_a_lost_one_is_not() -> None:
    stage = Stage()
    stage.sees(0, CLAIM, ClaimFacts("Pending", created_at=at(-900), waits_for_consumer=True))
    stage.tick(1000)
    assert stage.incidents() == {}
    stage.sees(1001, CLAIM, ClaimFacts("Lost", volume="pv-7"))
    assert stage.only().title == "Claim payments/data has lost its volume"


def test_a_schedule_that_was_missed_before_the_start_has_a_minute_to_be_made_good() -> None:
    stage = Stage()
    late = CronJobFacts("5 11 * * *", suspended=False, last_scheduled_at=at(-DAY))
    stage.sees(-DAY, NIGHTLY, late, received=0)
    stage.tick(59)
    assert stage.incidents() == {}
    stage.tick(60)
    assert stage.kinds() == ["cronjob.missed"]
    stage.sees(70, NIGHTLY, CronJobFacts("5 11 * * *", suspended=True, last_scheduled_at=at(-DAY)))
    assert whats(stage.only())[-1] == "recovered"


def test_a_first_list_calls_off_what_was_expected_of_objects_it_does_not_have() -> None:
    stage = Stage()
    stage.sees(0, HPA, SATURATED)
    stage.sees(100, CLUSTER, ListedFacts("horizontalpodautoscalers", at(50)))
    stage.tick(1000)
    assert stage.incidents() == {}


def test_a_mount_that_fails_counts_when_it_is_told_again_after_a_minute() -> None:
    stage = Stage()
    failed = WarningFacts("FailedMount")
    stage.pod(0, failed, message="MountVolume.SetUp failed")
    stage.pod(20, failed, message="MountVolume.SetUp failed", key="again")
    stage.tick(500)
    assert stage.incidents() == {}
    stage.pod(130, failed, message="MountVolume.SetUp failed", key="and again")
    incident = stage.only()
    assert (incident.kind, incident.family, incident.resource) == ("volume.mount_failed", "volume", CHECKOUT)
    stage.pod(140, pod_facts(container("waiting", "ContainerCreating"), phase="Pending"))
    stage.tick(900)
    assert stage.only().resolved_at is None
    stage.pod(1000, healthy())
    stage.tick(1060)
    assert stage.only().status is RESOLVED


def test_one_failed_mount_while_a_pod_starts_is_nothing() -> None:
    stage = Stage()
    stage.pod(0, WarningFacts("FailedMount"), message="not yet")
    stage.pod(5, healthy())
    stage.pod(200, WarningFacts("FailedMount"), message="not yet", key="another start")
    stage.tick(900)
    assert stage.incidents() == {}


def test_an_eviction_is_over_when_another_pod_of_the_owner_is_ready() -> None:
    stage = Stage()
    evicted = PodFacts("Failed", reason="Evicted", message="The node was low on resource: memory")
    stage.pod(0, evicted)
    stage.pod(5, healthy(), "other", key="old@1", received=5)
    incident = stage.only()
    assert (incident.kind, incident.family, str(incident.severity)) == ("pod.evicted", "eviction", "medium")
    assert whats(incident) == ["opened", "recovered"]
    stage.pod(10, evicted, key="again")
    stage.tick(65)
    assert stage.only().status is RESOLVED


def test_an_old_eviction_found_at_the_start_is_no_news() -> None:
    stage = Stage()
    stage.sees(-7200, pod(), PodFacts("Failed", reason="Evicted"), owner=CHECKOUT, received=0)
    assert stage.incidents() == {}


def test_a_failed_job_is_over_when_a_later_one_of_the_same_owner_succeeds() -> None:
    stage = Stage()
    first, second = (Resource("Job", name, "payments", name) for name in ("nightly-1", "nightly-2"))
    failed = JobFacts(failed=True, succeeded=False, reason="BackoffLimitExceeded", at=at(0))
    stage.sees(0, first, failed, owner=NIGHTLY)
    assert stage.only().title == "A job of payments/nightly failed: BackoffLimitExceeded"
    stage.sees(5, second, JobFacts(failed=False, succeeded=True, at=at(-500)), owner=NIGHTLY)
    assert whats(stage.only()) == ["opened"]
    stage.sees(300, second, JobFacts(failed=False, succeeded=True, at=at(299)), owner=NIGHTLY)
    stage.sees(310, first, failed, owner=NIGHTLY)
    stage.tick(400)
    assert stage.only().status is RESOLVED


def test_a_quota_refuses_and_is_over_when_there_is_room_or_the_workload_is_whole() -> None:
    said = (
        'Error creating: pods "x" is forbidden: exceeded quota: compute, requested: cpu=1, used: cpu=4, limited: cpu=4'
    )
    for well in ((QUOTA, QuotaFacts((("cpu", 0.9),))), (CHECKOUT, UP)):
        stage = Stage()
        replicas = Resource("ReplicaSet", "checkout-api-1", "payments", "r-1")
        stage.sees(0, replicas, WarningFacts("FailedCreate"), owner=CHECKOUT, message=said)
        incident = stage.only()
        assert (incident.kind, incident.family, incident.resource.name) == ("quota.exceeded", "scheduling", "compute")
        # What is down for want of it belongs to it.
        stage.sees(1, CHECKOUT, WorkloadFacts(3, 1, 2, progressing=False, reason="ProgressDeadlineExceeded"))
        stage.sees(2, CHECKOUT, UP) if well[0] is QUOTA else None
        stage.sees(10, *well)
        stage.tick(70)
        assert stage.only().status is RESOLVED


def test_a_quota_that_is_used_up_shows_by_itself() -> None:
    stage = Stage()
    stage.sees(0, QUOTA, QuotaFacts((("pods", 1.0), ("cpu", 0.2))))
    assert stage.only().kind == "quota.exceeded"
    stage.sees(10, QUOTA, QuotaFacts((("pods", 0.9), ("cpu", 0.2))))
    assert whats(stage.only()) == ["opened", "recovered"]


def test_a_node_tells_of_its_pressures_and_an_unknown_one_says_nothing_of_them() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=True, pressures=("DiskPressure", "PIDPressure")))
    incident = stage.only()
    assert (incident.title, incident.family) == ("Node worker-3 is short of disk space", "node")
    stage.sees(10, NODE, NodeFacts(ready=None))
    assert [one.kind for one in stage.only().conditions if one.cleared_at is None] == [
        "node.disk_pressure",
        "node.pid_pressure",
        "node.not_ready",
    ]
    assert str(stage.only().severity) == "critical"
    stage.sees(20, NODE, NodeFacts(ready=True))
    stage.tick(80)
    assert stage.only().status is RESOLVED


def test_pods_evicted_from_a_node_under_pressure_belong_to_its_incident() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=True, pressures=("MemoryPressure",)))
    stage.pod(1, PodFacts("Failed", node="worker-3", reason="Evicted"))
    stage.pod(2, pulling())
    assert stage.kinds() == ["node.memory_pressure", "pod.image_pull_failed"]


def test_a_node_that_comes_and_goes_stays_one_trouble_until_it_is_calm() -> None:
    stage = Stage()
    for nth in range(6):
        stage.sees(nth * 60, NODE, NodeFacts(ready=nth % 2 == 0))
    assert [one.kind for one in stage.only().conditions] == ["node.not_ready"]
    stage.sees(360, NODE, NodeFacts(ready=True))
    assert [one.kind for one in stage.only().conditions] == ["node.not_ready", "node.flapping"]
    stage.tick(900)
    assert stage.only().resolved_at is None
    stage.sees(955, CLUSTER, ReachFacts("unreachable"))
    stage.tick(960)
    assert all(one.resolved_at is None for one in stage.incidents().values())
    stage.sees(965, CLUSTER, ReachFacts("live"))
    stage.tick(966)
    stage.tick(1100)
    assert {one.status for one in stage.incidents().values()} == {RESOLVED}


def test_what_clears_and_returns_again_and_again_is_held_open_for_longer() -> None:
    stage = Stage()
    for nth in range(6):
        stage.pod(nth * 60, crashing())
        stage.pod(nth * 60 + 30, healthy())
    stage.restart()
    stage.tick(400)
    assert stage.only().resolved_at is None
    stage.tick(330 + 599)
    assert stage.only().resolved_at is None
    stage.tick(330 + 600)
    assert stage.only().status is RESOLVED
    assert "come and gone 6 times" in stage.only().timeline[-1].message


def test_many_pods_that_recover_at_once_are_no_flapping() -> None:
    stage = Stage()
    for nth in range(10):
        stage.pod(nth, crashing(), f"pod-{nth}")
        stage.pod(nth + 20, healthy(), f"pod-{nth}")
    stage.tick(90)
    assert stage.only().status is RESOLVED


def test_a_workload_that_is_down_belongs_to_the_trouble_of_its_pods() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    stage.sees(1, CHECKOUT, DOWN)
    stage.tick(121)
    assert [one.kind for one in stage.only().conditions] == ["pod.image_pull_failed", "workload.unavailable"]


def test_a_pod_that_waits_for_its_volume_belongs_to_the_volume() -> None:
    stage = Stage()
    stage.sees(0, CLAIM, ClaimFacts("Lost"))
    stage.pod(1, PodFacts("Pending", scheduled=False, claims=("data",)))
    stage.pod(2, PodFacts("Pending", scheduled=False, claims=("other",)), "b", owner=None)
    assert stage.kinds() == ["volume.pending", "pod.unschedulable"]


def test_what_git_could_not_bring_in_step_is_over_when_it_is() -> None:
    stage = Stage()
    application = Resource("Application", "shop", "argocd", "a-1")
    stage.sees(0, application, SyncFacts(is_failing=True, revision="abc", message="boom"))
    stage.sees(1, application, SyncFacts(is_failing=None))
    assert whats(stage.only()) == ["opened"]
    stage.sees(2, application, SyncFacts(is_failing=False))
    assert whats(stage.only()) == ["opened", "recovered"]


def test_an_operator_turns_a_kind_off_or_gives_it_a_time_and_a_severity() -> None:
    rules = Rules(
        kinds={
            "pod.unschedulable": KindRule(enabled=False),
            "pod.not_ready_long": KindRule(after=timedelta(seconds=60), severity=Severity.CRITICAL),
            "pod.crash_looping": KindRule(after=timedelta(seconds=30)),
            "certificate.expiring": KindRule(after=timedelta(days=30)),
        }
    )
    stage = Stage(Triage(rules))
    stage.sees(0, pod("a"), PodFacts("Pending", scheduled=False))
    stage.sees(0, pod("b"), UNREADY)
    stage.sees(0, pod("c"), crashing())
    stage.sees(0, CERTIFICATE, CertificateFacts(ready=True, expires_at=at(20 * DAY)))
    assert stage.kinds() == ["certificate.expiring"]
    stage.tick(30)
    stage.tick(60)
    assert stage.kinds() == ["certificate.expiring", "pod.crash_looping", "pod.not_ready_long"]
    assert str(list(stage.incidents().values())[-1].severity) == "critical"


def test_changed_rules_hold_from_then_on() -> None:
    stage = Stage()
    stage.triage.adopt(Rules(resolve_after=timedelta(seconds=10), kinds={"pod.unschedulable": KindRule(enabled=False)}))
    stage.sees(0, pod("a"), PodFacts("Pending", scheduled=False))
    stage.pod(1, crashing())
    stage.pod(2, healthy())
    stage.tick(12)
    assert (stage.kinds(), stage.only().status) == (["pod.crash_looping"], RESOLVED)
