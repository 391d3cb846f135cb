"""The other controllers of a simulated cluster, each broken by a cause and well again without it."""

from dataclasses import replace

import pytest

from kronveil.lab import App, Behaviour
from kronveil.lab.extras import AutoscalerPlan, BudgetPlan, CertificatePlan, JobPlan, QuotaPlan, SyncPlan
from kronveil.lab.kinds import (
    BUDGET,
    CERTIFICATE,
    CLAIM,
    CRONJOB,
    DAEMONSET,
    HELM_RELEASE,
    HPA,
    JOB,
    NODE,
    POD,
    QUOTA,
    STATEFULSET,
    VOLUME,
)
from kronveil.lab.more_moves import (
    BreakStorage,
    CleanUp,
    ClearPressure,
    CreateConfig,
    HoldPod,
    LoseMetrics,
    MendStorage,
    ReleasePods,
    RestoreMetrics,
    RunJob,
    SetCertificate,
    SetConfig,
    SetLoad,
    SetPressure,
    SetQuota,
    StartController,
    StopController,
    Suspend,
    Sync,
)
from kronveil.lab.moves import DeletePod, Scale, SetBehaviour, SetImage, StopNode
from kronveil.lab.objects import condition, is_active
from tests.lab.living import (
    API,
    BAD,
    BETTER,
    GOOD,
    container_states,
    deployment,
    events,
    living,
    pass_time,
    pods,
    ready_count,
    story,
)

DB = App("shop", "db", "registry.test/shop/db:1", replicas=3, kind="StatefulSet", storage="10Gi")
AGENT = App("shop", "agent", "registry.test/shop/agent:1", kind="DaemonSet")


def with_plan(*apps, **plan):
    told = story(apps=apps or (API,))
    return replace(told, clusters=(replace(told.clusters[0], **plan),))


def names(cluster):
    return [pod["metadata"]["name"] for pod in pods(cluster)]


def status_of(cluster, kind, name):
    return cluster.world.get(kind, ("shop", name)).obj["status"]


def reasons(cluster, reason):
    return [event["message"] for event in events(cluster, reason)]


def test_a_stateful_set_numbers_its_pods_and_gives_each_a_bound_claim():
    cluster = living(story(apps=(DB,)))
    assert names(cluster) == ["db-0", "db-1", "db-2"]
    assert ready_count(cluster) == 3
    claims = cluster.world.list(CLAIM, "shop")
    assert [claim.key[1] for claim in claims] == ["data-db-0", "data-db-1", "data-db-2"]
    assert {claim.obj["status"]["phase"] for claim in claims} == {"Bound"}
    assert len(cluster.world.list(VOLUME)) == 3
    assert status_of(cluster, STATEFULSET, "db")["readyReplicas"] == 3


def test_a_stateful_set_rolls_from_the_highest_and_stops_at_what_does_not_get_ready():
    cluster = living(story(apps=(DB,)))
    SetImage("shop/db", "registry.test/shop/db:2-typo").make(cluster)
    pass_time(cluster, 60)
    assert container_states(cluster)[:2] == ["running", "running"]
    status = status_of(cluster, STATEFULSET, "db")
    assert (status["readyReplicas"], status["updatedReplicas"]) == (2, 1)
    cluster.registry.declare("registry.test/shop/db:2-typo")
    pass_time(cluster, 400)
    status = status_of(cluster, STATEFULSET, "db")
    assert (status["readyReplicas"], status["updatedReplicas"]) == (3, 3)
    Scale("shop/db", 1).make(cluster)
    pass_time(cluster, 30)
    assert names(cluster) == ["db-0"]


def test_a_daemon_set_has_a_pod_on_each_node_and_rolls_one_at_a_time():
    cluster = living(story(apps=(AGENT,)))
    assert {pod["spec"]["nodeName"] for pod in pods(cluster)} == {node.key[1] for node in cluster.world.list(NODE)}
    assert status_of(cluster, DAEMONSET, "agent")["numberReady"] == 3
    SetImage("shop/agent", "registry.test/shop/agent:2-typo").make(cluster)
    pass_time(cluster, 60)
    assert status_of(cluster, DAEMONSET, "agent")["numberUnavailable"] == 1
    SetImage("shop/agent", "registry.test/shop/agent:1").make(cluster)
    pass_time(cluster, 60)
    status = status_of(cluster, DAEMONSET, "agent")
    assert (status["numberReady"], status["updatedNumberScheduled"]) == (3, 3)


def test_a_job_ends_well_or_gives_up_after_its_limit():
    cluster = living()
    cluster.registry.declare("registry.test/shop/job:1", Behaviour(crashes_after_s=5, exit_code=0))
    cluster.registry.declare("registry.test/shop/job:2", Behaviour(crashes_after_s=5, exit_code=3))
    RunJob("shop", "good", "registry.test/shop/job:1").make(cluster)
    RunJob("shop", "bad", "registry.test/shop/job:2", backoff_limit=2).make(cluster)
    pass_time(cluster, 120)
    good, bad = (cluster.world.get(JOB, ("shop", name)).obj for name in ("good", "bad"))
    assert condition(good, "Complete")["status"] == "True"
    assert (good["status"]["succeeded"], "completionTime" in good["status"]) == (1, True)
    assert condition(bad, "Failed")["reason"] == "BackoffLimitExceeded"
    assert bad["status"]["failed"] == 3
    assert reasons(cluster, "BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]
    assert cluster.is_idle


def test_a_cron_job_runs_on_schedule_keeps_a_short_history_and_can_be_suspended():
    plan = JobPlan("shop", "report", "registry.test/shop/job:1", schedule="*/5 * * * *")
    told = with_plan(jobs=(plan,))
    told.images["registry.test/shop/job:1"] = Behaviour(crashes_after_s=5, exit_code=0)
    cluster = living(told)
    pass_time(cluster, 1500)
    status = status_of(cluster, CRONJOB, "report")
    assert status["lastScheduleTime"] == cluster.world.now.strftime("%Y-%m-%dT%H:%M:00Z")
    assert 3 <= len(cluster.world.list(JOB)) <= 4
    Suspend("shop/report").make(cluster)
    pass_time(cluster, 1500)
    assert status_of(cluster, CRONJOB, "report")["lastScheduleTime"] == status["lastScheduleTime"]


def test_a_stopped_controller_misses_its_schedule_and_catches_up():
    plan = JobPlan("shop", "report", "registry.test/shop/job:1", schedule="*/5 * * * *")
    cluster = living(with_plan(jobs=(plan,)))
    before = status_of(cluster, CRONJOB, "report")["lastScheduleTime"]
    StopController("cronJob").make(cluster)
    pass_time(cluster, 1200)
    assert status_of(cluster, CRONJOB, "report")["lastScheduleTime"] == before
    StartController("cronJob").make(cluster)
    assert status_of(cluster, CRONJOB, "report")["lastScheduleTime"] > before


def test_a_claim_stays_pending_while_its_storage_class_cannot_provision():
    cluster = living(story(apps=(DB,)))
    BreakStorage().make(cluster)
    Scale("shop/db", 4).make(cluster)
    pass_time(cluster, 60)
    assert status_of(cluster, CLAIM, "data-db-3")["phase"] == "Pending"
    assert "ResourceExhausted" in reasons(cluster, "ProvisioningFailed")[0]
    assert ready_count(cluster) == 3
    MendStorage().make(cluster)
    pass_time(cluster, 30)
    assert status_of(cluster, CLAIM, "data-db-3")["phase"] == "Bound"
    assert ready_count(cluster) == 4


def test_a_pod_of_an_unbound_immediate_claim_is_unschedulable_and_says_why():
    cluster = living(story(apps=(replace(DB, storage_class="gp3-immediate"),)))
    assert ready_count(cluster) == 3
    BreakStorage("gp3-immediate").make(cluster)
    Scale("shop/db", 4).make(cluster)
    pass_time(cluster, 30)
    pod = cluster.world.get(POD, ("shop", "db-3")).obj
    assert "unbound immediate PersistentVolumeClaims" in condition(pod, "PodScheduled")["message"]


def test_a_volume_that_cannot_be_mounted_keeps_its_container_from_being_made():
    cluster = living(story(apps=(DB,)))
    BreakStorage(mounts=True).make(cluster)
    DeletePod("shop/db").make(cluster)
    pass_time(cluster, 40)
    assert container_states(cluster)[0] == "ContainerCreating"
    assert "MountDevice failed" in reasons(cluster, "FailedMount")[0]
    MendStorage().make(cluster)
    pass_time(cluster, 30)
    assert ready_count(cluster) == 3


def test_a_missing_config_map_stalls_the_rollout_until_it_is_created():
    cluster = living(story(apps=(replace(API, config="api-config"),)))
    assert ready_count(cluster) == 4
    SetConfig("shop/api", config="api-config-v2").make(cluster)
    pass_time(cluster, 60)
    assert "CreateContainerConfigError" in container_states(cluster)
    assert 'Error: configmap "api-config-v2" not found' in reasons(cluster, "Failed")
    CreateConfig("shop/api-config-v2").make(cluster)
    pass_time(cluster, 60)
    assert container_states(cluster) == ["running"] * 4


def test_a_quota_refuses_pods_in_the_words_of_the_api_server():
    cluster = living(with_plan(quotas=(QuotaPlan("shop", cpu="1"),)))
    assert status_of(cluster, QUOTA, "compute")["used"] == {"requests.cpu": "800m"}
    Scale("shop/api", 8).make(cluster)
    pass_time(cluster, 30)
    assert len(pods(cluster)) == 5
    message = reasons(cluster, "FailedCreate")[0]
    assert "exceeded quota: compute, requested: requests.cpu=200m, used: requests.cpu=1, limited:" in message
    assert status_of(cluster, QUOTA, "compute")["used"] == {"requests.cpu": "1"}
    SetQuota("shop", cpu="4").make(cluster)
    pass_time(cluster, 60)
    assert ready_count(cluster) == 8


def test_an_autoscaler_follows_the_load_within_its_bounds_and_tells_when_it_cannot():
    cluster = living(with_plan(autoscalers=(AutoscalerPlan("shop", "api", least=2, most=6),)))
    SetLoad("shop/api", 350).make(cluster)
    pass_time(cluster, 30)
    assert (deployment(cluster)["spec"]["replicas"], ready_count(cluster)) == (5, 5)
    SetLoad("shop/api", 900).make(cluster)
    pass_time(cluster, 30)
    hpa = cluster.world.get(HPA, ("shop", "api")).obj
    assert (hpa["status"]["currentReplicas"], hpa["status"]["desiredReplicas"]) == (6, 6)
    assert condition(hpa, "ScalingLimited")["reason"] == "TooManyReplicas"
    LoseMetrics().make(cluster)
    pass_time(cluster, 60)
    hpa = cluster.world.get(HPA, ("shop", "api")).obj
    assert condition(hpa, "ScalingActive")["status"] == "False"
    assert events(cluster, "FailedGetResourceMetric")[0]["count"] > 2
    RestoreMetrics().make(cluster)
    SetLoad("shop/api", 200).make(cluster)
    hpa = cluster.world.get(HPA, ("shop", "api")).obj
    assert condition(hpa, "ScalingActive")["status"] == "True"
    assert deployment(cluster)["spec"]["replicas"] == 3


def test_a_budget_counts_what_may_go():
    cluster = living(with_plan(budgets=(BudgetPlan("shop", "api", "4"),)))
    assert status_of(cluster, BUDGET, "api")["disruptionsAllowed"] == 0
    Scale("shop/api", 6).make(cluster)
    pass_time(cluster, 20)
    status = status_of(cluster, BUDGET, "api")
    assert (status["disruptionsAllowed"], status["currentHealthy"], status["expectedPods"]) == (2, 6, 6)


@pytest.mark.parametrize(
    ("resource", "kind"), [("disk", "DiskPressure"), ("memory", "MemoryPressure"), ("pid", "PIDPressure")]
)
def test_a_node_under_pressure_evicts_and_recovers(resource, kind):
    cluster = living()
    SetPressure(1, resource).make(cluster)
    pass_time(cluster, 30)
    node = cluster.world.list(NODE)[0]
    assert condition(node.obj, kind)["status"] == "True"
    failed = [pod for pod in pods(cluster) if pod["status"]["phase"] == "Failed"]
    assert [pod["status"]["reason"] for pod in failed] == ["Evicted"]
    assert "low on resource" in failed[0]["status"]["message"]
    assert sum(map(is_active, pods(cluster))) == 4 == ready_count(cluster)
    ClearPressure(1).make(cluster)
    CleanUp("shop").make(cluster)
    node = cluster.world.list(NODE)[0]
    assert condition(node.obj, kind)["status"] == "False"
    assert not node.obj["spec"].get("taints")
    assert len(pods(cluster)) == 4


def test_a_failing_probe_takes_running_pods_out_of_service_and_back():
    cluster = living()
    SetBehaviour(GOOD, never_ready=True).make(cluster)
    pass_time(cluster, 30)
    assert (ready_count(cluster), container_states(cluster)) == (0, ["running"] * 4)
    assert events(cluster, "Unhealthy")
    SetBehaviour(GOOD).make(cluster)
    pass_time(cluster, 30)
    assert ready_count(cluster) == 4


def test_a_held_pod_stays_terminating_after_its_grace_period_until_it_is_released():
    cluster = living()
    HoldPod("shop/api").make(cluster)
    pass_time(cluster, 120)
    held = [pod for pod in pods(cluster) if "deletionTimestamp" in pod["metadata"]]
    assert len(held) == 1
    assert held[0]["metadata"]["deletionTimestamp"] < cluster.world.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (len(pods(cluster)), ready_count(cluster)) == (5, 4)
    ReleasePods("shop/api").make(cluster)
    pass_time(cluster, 5)
    assert len(pods(cluster)) == 4


def test_a_pod_deleted_on_a_dead_node_stays_terminating():
    cluster = living()
    StopNode(1).make(cluster)
    for _ in range(4):
        DeletePod("shop/api").make(cluster)
    pass_time(cluster, 100)
    assert any("deletionTimestamp" in pod["metadata"] for pod in pods(cluster))


def test_certificates_and_gitops_objects_say_how_they_are():
    told = with_plan(
        certificates=(CertificatePlan("shop", "web"),),
        gitops=(SyncPlan("HelmRelease", "shop", "api"), SyncPlan("Application", "shop", "api")),
    )
    cluster = living(told)
    SetCertificate("shop/web", 3600, problem="the order failed").make(cluster)
    certificate = cluster.world.get(CERTIFICATE, ("shop", "web")).obj
    assert condition(certificate, "Issuing")["message"] == "the order failed"
    assert condition(certificate, "Ready")["status"] == "True"
    Sync("shop/api", "HelmRelease", problem="timed out waiting for the condition").make(cluster)
    assert condition(cluster.world.get(HELM_RELEASE, ("shop", "api")).obj, "Ready")["reason"] == "UpgradeFailed"
    Sync("shop/api", "HelmRelease").make(cluster)
    assert condition(cluster.world.get(HELM_RELEASE, ("shop", "api")).obj, "Ready")["status"] == "True"


def test_an_app_tells_what_deployed_it_and_moves_tell_who_made_them():
    cluster = living(story(apps=(replace(API, helm="api-1.2.0"),)))
    metadata = deployment(cluster)["metadata"]
    assert metadata["labels"]["helm.sh/chart"] == "api-1.2.0"
    assert metadata["annotations"]["meta.helm.sh/release-name"] == "api"
    SetImage("shop/api", BETTER, by="helm").make(cluster)
    SetImage("shop/api", BAD, by="anna").make(cluster)
    managers = {item["manager"]: item for item in deployment(cluster)["metadata"]["managedFields"]}
    assert set(managers) == {"helm", "anna"}
    assert "f:spec" in managers["anna"]["fieldsV1"]
