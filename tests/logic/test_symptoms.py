"""Each kind of symptom as a table: what shows it, and what shows that it is over."""

import pytest

from kronveil.logic.symptoms import is_over, symptoms_of
from kronveil.logic.wording import called, neutral_kind, title
from kronveil.model.facts import (
    ContainerFacts,
    Facts,
    GoneFacts,
    NodeFacts,
    PodFacts,
    ReachFacts,
    WarningFacts,
    WorkloadFacts,
)
from kronveil.model.resource import Resource
from tests.logic.scenes import (
    CHECKOUT,
    IMAGE,
    NODE,
    at,
    container,
    crashing,
    healthy,
    killed,
    observe,
    pod,
    pod_facts,
    pulling,
)

STUCK = WorkloadFacts(3, 1, 2, progressing=False, reason="ProgressDeadlineExceeded")
OTHER_TROUBLE = WorkloadFacts(3, 1, 2, progressing=False, reason="ReplicaSetCreateError")
UNSCHEDULED = pod_facts(scheduled=False, phase="Pending")
TWO_SICK = pod_facts(
    ContainerFacts("a", IMAGE, "waiting", "CrashLoopBackOff"), ContainerFacts("b", IMAGE, "waiting", "ErrImagePull")
)


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        pytest.param(healthy(), [], id="healthy"),
        *[
            pytest.param(pulling(reason), ["image/pod.image_pull_failed"], id=reason)
            for reason in (
                "ErrImagePull",
                "ImagePullBackOff",
                "InvalidImageName",
                "ErrImageNeverPull",
                "RegistryUnavailable",
                "ImageInspectError",
            )
        ],
        pytest.param(pulling("ContainerCreating"), [], id="still being made"),
        pytest.param(crashing(), ["crash/pod.crash_looping"], id="crash loop"),
        pytest.param(
            crashing(last_reason="OOMKilled", last_finished_at=at(0)),
            ["memory/pod.oom_killed", "memory/pod.crash_looping"],
            id="crash loop after a kill",
        ),
        pytest.param(killed(at(0)), ["memory/pod.oom_killed"], id="killed now"),
        pytest.param(killed(at(0), "running"), ["memory/pod.oom_killed"], id="killed and runs again"),
        pytest.param(UNSCHEDULED, ["scheduling/pod.unschedulable"], id="unschedulable"),
        pytest.param(PodFacts("Pending"), [], id="the scheduler has said nothing yet"),
        pytest.param(TWO_SICK, ["image/pod.image_pull_failed", "crash/pod.crash_looping"], id="two containers"),
        pytest.param(pod_facts(crashing().containers[0], terminating=True), [], id="on its way out"),
        pytest.param(pod_facts(killed(at(0)).containers[0], phase="Succeeded"), [], id="done"),
        pytest.param(NodeFacts(ready=False), ["node/node.not_ready"], id="node not ready"),
        pytest.param(NodeFacts(ready=None), ["node/node.not_ready"], id="node unknown"),
        pytest.param(NodeFacts(ready=True), [], id="node ready"),
        pytest.param(STUCK, ["rollout/workload.rollout_stuck"], id="past its deadline"),
        pytest.param(OTHER_TROUBLE, [], id="not progressing for another reason"),
        pytest.param(ReachFacts("unreachable"), ["reach/cluster.unreachable"], id="unreachable"),
        pytest.param(ReachFacts("stale"), [], id="stale"),
        pytest.param(WarningFacts("BackOff"), [], id="a warning"),
        pytest.param(GoneFacts(), [], id="gone"),
        pytest.param(None, [], id="no facts"),
    ],
)
def test_facts_show_these_symptoms_worst_first(facts: Facts | None, kinds: list[str]) -> None:
    assert [f"{one.family}/{one.kind}" for one in symptoms_of(facts)] == kinds


@pytest.mark.parametrize(
    ("kind", "facts", "over"),
    [
        ("pod.image_pull_failed", pulling("ErrImagePull"), False),
        ("pod.image_pull_failed", pulling("ContainerCreating"), True),
        ("pod.image_pull_failed", crashing(), True),
        ("pod.image_pull_failed", pod_facts(container("terminated", "Error")), True),
        ("pod.image_pull_failed", pod_facts(container("unknown")), False),
        ("pod.image_pull_failed", pod_facts(), False),
        ("pod.crash_looping", pod_facts(container("running", ready=False)), False),
        ("pod.crash_looping", pod_facts(container("terminated", "Error")), False),
        ("pod.crash_looping", healthy(), True),
        ("pod.crash_looping", pod_facts(container("terminated", "Completed"), phase="Succeeded"), True),
        ("pod.oom_killed", killed(at(0)), False),
        ("pod.oom_killed", killed(at(0), "running", ready=False), False),
        ("pod.oom_killed", killed(at(0), "running"), True),
        ("pod.unschedulable", UNSCHEDULED, False),
        ("pod.unschedulable", PodFacts("Pending"), False),
        ("pod.unschedulable", PodFacts("Pending", scheduled=True), True),
        ("node.not_ready", NodeFacts(ready=None), False),
        ("node.not_ready", NodeFacts(ready=True), True),
        ("workload.rollout_stuck", STUCK, False),
        ("workload.rollout_stuck", OTHER_TROUBLE, True),
        ("cluster.unreachable", ReachFacts("stale"), False),
        ("cluster.unreachable", ReachFacts("partial"), True),
        ("cluster.unreachable", ReachFacts("live"), True),
        ("pod.crash_looping", GoneFacts(), True),
        ("pod.crash_looping", WarningFacts("BackOff"), False),
        ("pod.crash_looping", None, False),
    ],
)
def test_a_symptom_is_over_by_observed_recovery_alone(kind: str, facts: Facts | None, *, over: bool) -> None:
    assert is_over(kind, "app" if kind.startswith("pod.") else "", facts) is over


@pytest.mark.parametrize(
    ("after", "over"),
    [
        ({"state": "terminated", "reason": "Completed", "last_exit_code": 0}, True),
        ({"state": "terminated", "reason": "Error", "last_exit_code": 1}, False),
        ({"state": "running", "reason": ""}, False),
    ],
)
def test_an_init_container_recovers_by_finishing_its_work(after: dict[str, object], *, over: bool) -> None:
    facts = pod_facts(ContainerFacts("migrate", IMAGE, is_init=True, **after))  # type: ignore[arg-type]
    assert is_over("pod.crash_looping", "migrate", facts) is over


@pytest.mark.parametrize(
    ("resource", "facts", "kind"),
    [
        (pod(), healthy(), "pod.running"),
        (pod(), pulling("ContainerCreating"), "pod.pending"),
        (pod(), pod_facts(phase="Succeeded"), "pod.succeeded"),
        (pod(), pod_facts(phase="Failed"), "pod.failed"),
        (pod(), pod_facts(terminating=True), "pod.terminating"),
        (pod(), pod_facts(container(restarts=1, started_at=at(-5))), "pod.restarted"),
        (pod(), pod_facts(container(restarts=1, started_at=at(-500))), "pod.running"),
        (pod(), GoneFacts(), "pod.deleted"),
        (NODE, NodeFacts(ready=True), "node.ready"),
        (NODE, GoneFacts(), "node.deleted"),
        (CHECKOUT, WorkloadFacts(3, 3, 3, progressing=True), "workload.available"),
        (CHECKOUT, WorkloadFacts(3, 1, 3, progressing=True), "workload.progressing"),
        (CHECKOUT, WorkloadFacts(3, 3, 3, generation=2, observed_generation=1), "workload.progressing"),
        (CHECKOUT, GoneFacts(), "workload.deleted"),
        (Resource("Namespace", "payments"), GoneFacts(), "namespace.deleted"),
        (pod(), WarningFacts("BackOff"), "kubernetes.warning"),
        (Resource("Cluster", "east"), ReachFacts("live"), "cluster.live"),
    ],
)
def test_what_is_no_symptom_has_a_neutral_name(resource: Resource, facts: Facts, kind: str) -> None:
    assert neutral_kind(observe(0, resource, facts)) == kind


@pytest.mark.parametrize(
    ("facts", "resource", "text"),
    [
        (pulling(), CHECKOUT, f"payments/checkout-api cannot pull image {IMAGE}"),
        (crashing(), CHECKOUT, "payments/checkout-api keeps crashing: container app, exit code 1"),
        (
            pod_facts(ContainerFacts("app", "", "waiting", "CrashLoopBackOff")),
            CHECKOUT,
            "payments/checkout-api keeps crashing: container app",
        ),
        (
            pod_facts(ContainerFacts("app", "", "waiting", "ErrImagePull")),
            CHECKOUT,
            "payments/checkout-api cannot pull its image",
        ),
        (killed(at(0)), CHECKOUT, "payments/checkout-api runs out of memory: container app was killed"),
        (UNSCHEDULED, CHECKOUT, "payments/checkout-api has a pod that no node can take"),
        (NodeFacts(ready=False), NODE, "Node worker-3 is not ready"),
        (STUCK, CHECKOUT, "The rollout of payments/checkout-api is stuck: 2 of 3 available"),
        (ReachFacts("unreachable"), Resource("Cluster", "ap-south"), "Cluster ap-south cannot be reached"),
        (
            ReachFacts(
                "unreachable", "never heard from: the API server refuses the credentials (401): no. Renew those"
            ),
            Resource("Cluster", "ap-south"),
            "Cluster ap-south cannot be watched: the API server refuses the credentials (401)",
        ),
        (
            ReachFacts("unreachable", "kubeconfig /etc/k.yaml does not exist. Set kubeconfig_path to the file"),
            Resource("Cluster", "ap-south"),
            "Cluster ap-south cannot be watched: kubeconfig /etc/k.yaml does not exist",
        ),
        (
            ReachFacts("unreachable", "connection refused 10.1.0.1:6443"),
            Resource("Cluster", "ap-south"),
            "Cluster ap-south cannot be watched: connection refused 10.1.0.1:6443",
        ),
    ],
)
def test_titles_say_what_is_wrong_with_what_from_what_is_known(facts: Facts, resource: Resource, text: str) -> None:
    assert title(symptoms_of(facts)[0], resource) == text


def test_a_resource_is_called_by_its_namespace_and_name() -> None:
    assert (called(CHECKOUT), called(NODE)) == ("payments/checkout-api", "worker-3")
