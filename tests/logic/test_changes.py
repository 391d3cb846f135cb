"""The ledger of changes in words, and which change is suspected of what."""

import pytest

from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import RecordChange
from kronveil.model.facts import CertificateFacts, FieldChange, NodeFacts, PodFacts, SyncFacts, WorkloadFacts
from kronveil.model.incident import Incident
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource
from tests.logic.scenes import (
    CHECKOUT,
    EAST,
    IMAGE,
    NODE,
    WEST,
    Stage,
    at,
    crashing,
    healthy,
    killed,
    observe,
    pulling,
)

UP = WorkloadFacts(3, 3, 3)
OLD = IMAGE.replace("2.31.0", "2.30.0")
NEW_IMAGE = FieldChange("image", "containers[app].image", OLD, IMAGE)
MORE = FieldChange("replicas", "spec.replicas", "3", "5")
LEDGER = Resource("Deployment", "ledger", "payments", "d-2")
MEMORY = FieldChange("resources", "containers[app].resources.limits.memory", "512Mi", "256Mi")


def changed(stage: Stage, seconds: float, *fields: FieldChange, resource: Resource = CHECKOUT, **more: object) -> None:
    stage.sees(seconds, resource, UP, changes=fields, **{"received": seconds, **more})  # type: ignore[arg-type]


def suspected(incident: Incident) -> list[str]:
    return [one.what for one in incident.suspects]


@pytest.mark.parametrize(
    ("fields", "summary", "kind"),
    [
        ([NEW_IMAGE], "image 2.30.0 -> 2.31.0", "image"),
        ([MORE, NEW_IMAGE], "image 2.30.0 -> 2.31.0, replicas 3 -> 5", "image"),
        (
            [FieldChange("image", "containers[app].image", "old/app:1", "new/app:1")],
            "image old/app:1 -> new/app:1",
            "image",
        ),
        (
            [FieldChange("image", "containers[app].image", "a:5000/app", "a:5000/app:2")],
            "image a:5000/app -> a:5000/app:2",
            "image",
        ),
        (
            [FieldChange("image", "containers[app].image", f"app:1@sha256:{'a' * 64}", f"app:1@sha256:{'b' * 64}")],
            "image 1@aaaaaaaaaaaa -> 1@bbbbbbbbbbbb",
            "image",
        ),
        (
            [NEW_IMAGE, FieldChange("image", "containers[proxy].image", "envoy:1", "envoy:2")],
            "image of app 2.30.0 -> 2.31.0, image of proxy 1 -> 2",
            "image",
        ),
        ([MEMORY], "limits.memory 512Mi -> 256Mi", "resources"),
        (
            [FieldChange("env", "containers[app].env[URL]", "set", "set to another value")],
            "variable URL changed",
            "env",
        ),
        ([FieldChange("env", "containers[app].env[URL]", "", "set")], "variable URL added", "env"),
        ([FieldChange("env", "containers[app].env[URL]", "set", "")], "variable URL removed", "env"),
        ([FieldChange("config", "volumes[conf]", "app-1", "app-2")], "configuration conf app-1 -> app-2", "config"),
        ([FieldChange("secret", "volumes[tls]", "tls-1", "tls-2")], "secret tls changed", "secret"),
        ([FieldChange("command", "containers[app].args", "digest 1", "digest 2")], "command args changed", "command"),
        (
            [FieldChange("schedule", "spec.schedule", "0 3 * * *", "0 4 * * *")],
            "schedule 0 3 * * * -> 0 4 * * *",
            "schedule",
        ),
        (
            [FieldChange("revision", "metadata.labels[helm.sh/chart]", "shop-1", "shop-2")],
            "revision chart shop-1 -> shop-2",
            "revision",
        ),
        (
            [FieldChange("env", f"containers[app].env[V{nth}]", "", "set") for nth in range(5)],
            "variable V0 added, variable V1 added, variable V2 added and 2 more",
            "env",
        ),
        ([FieldChange("node", "spec.unschedulable", "", "true")], "unschedulable none -> true", "node"),
    ],
)
def test_a_change_reads_like_a_sentence(fields: list[FieldChange], summary: str, kind: str) -> None:
    stage = Stage()
    changed(stage, 0, *fields, actor="kubectl-edit")
    (change,) = stage.changes()
    assert (change.summary, change.kind, change.actor, change.resource) == (summary, kind, "kubectl-edit", CHECKOUT)


def test_the_same_change_has_the_same_id_and_another_another() -> None:
    one, other = Stage(), Stage(origin=WEST)
    changed(one, 0, NEW_IMAGE, key="d-1@7")
    changed(one, 5, NEW_IMAGE, key="d-1@7")
    changed(one, 9, NEW_IMAGE, key="d-1@9")
    changed(other, 0, NEW_IMAGE, key="d-1@7")
    first, again, later = one.changes()
    assert first.id == again.id
    assert len({first.id, later.id, other.changes()[0].id}) == 3


@pytest.mark.parametrize(
    ("attributes", "source"),
    [({"helm.release": "shop"}, "helm"), ({"gitops.application": "shop"}, "gitops"), ({}, "spec")],
)
def test_a_change_says_how_it_came(attributes: dict[str, str], source: str) -> None:
    observation = Observation(
        "workload.changed", at(0), CHECKOUT, "d-1@1", UP, None, "", attributes, (NEW_IMAGE,), "helm"
    )
    effects = Triage(Rules()).consider(observation, EAST, at(0))
    (change,) = [one.change for one in effects if isinstance(one, RecordChange)]
    assert change.source == source


def test_the_image_that_cannot_be_pulled_is_the_first_suspect() -> None:
    stage = Stage()
    changed(stage, 0, FieldChange("image", "containers[app].image", "app:1", "app:2"), resource=LEDGER)
    changed(stage, 100, NEW_IMAGE)
    stage.pod(130, pulling())
    (suspect,) = stage.only().suspects
    assert suspect.what == "payments/checkout-api: image 2.30.0 -> 2.31.0"
    assert suspect.change_id == stage.changes()[1].id
    assert 0.9 < suspect.score <= 0.95
    assert suspect.reasons == (
        "for: it changed the very thing that is in trouble",
        "for: it came 30 s before the onset",
        "for: it named the very image that cannot be pulled",
    )
    assert suspect.evidence_for == stage.only().evidence[:1]


def test_nearer_in_time_and_fitter_in_kind_come_first() -> None:
    stage = Stage()
    changed(stage, 0, NEW_IMAGE)
    changed(stage, 1100, MORE)
    changed(stage, 1150, FieldChange("env", "containers[app].env[URL]", "", "set"))
    stage.pod(1200, crashing())
    assert suspected(stage.only()) == [
        "payments/checkout-api: variable URL added",
        "payments/checkout-api: image 2.30.0 -> 2.31.0",
    ]
    scores = [one.score for one in stage.only().suspects]
    assert scores == sorted(scores, reverse=True)


def test_less_memory_is_suspected_of_a_kill_hours_later() -> None:
    stage = Stage()
    changed(stage, 0, MEMORY)
    stage.pod(7200, killed(at(7200)), received=7200)
    assert suspected(stage.only()) == ["payments/checkout-api: limits.memory 512Mi -> 256Mi"]


@pytest.mark.parametrize(
    ("seconds", "field", "resource"),
    [
        (-86_401, NEW_IMAGE, CHECKOUT),
        (-10_000, NEW_IMAGE, CHECKOUT),
        (-10, MORE, CHECKOUT),
        (-10, NEW_IMAGE, LEDGER),
        (-10, FieldChange("node", "spec.unschedulable", "", "true"), NODE),
    ],
)
def test_nothing_is_suspected_when_nothing_that_matters_was_changed(
    seconds: float, field: FieldChange, resource: Resource
) -> None:
    stage = Stage()
    changed(stage, seconds, field, resource=resource)
    stage.pod(0, crashing())
    assert stage.only().suspects == ()


def test_a_change_that_is_told_late_is_suspected_and_one_made_late_is_not() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    assert stage.only().suspects == ()
    changed(stage, -20, NEW_IMAGE, received=60, key="d-1@1")
    assert len(stage.only().suspects) == 1
    other = Stage()
    other.pod(0, pulling())
    changed(other, 120, NEW_IMAGE)
    assert other.only().suspects == ()
    # Long after the opening nobody reckons anew.
    late = Stage()
    late.pod(0, pulling())
    changed(late, -20, NEW_IMAGE, received=400)
    assert late.only().suspects == ()


def test_a_rollback_to_another_image_is_not_suspected_of_the_pull_that_failed_before() -> None:
    stage = Stage()
    changed(stage, 0, FieldChange("image", "containers[app].image", IMAGE, OLD))
    stage.pod(10, pulling())
    assert stage.only().suspects == ()


def test_a_rollback_after_the_onset_is_accused_of_nothing_however_well_it_fits() -> None:
    stage = Stage()
    changed(stage, 0, FieldChange("resources", "spec.template.resources", "1Gi", "256Mi"))
    stage.pod(10, killed(at(10)))
    changed(stage, 60, FieldChange("resources", "spec.template.resources", "256Mi", "1Gi"))
    (blamed,) = suspected(stage.only())
    assert "1Gi -> 256Mi" in blamed


def test_a_change_made_in_all_clusters_in_trouble_is_suspected_for_them_together() -> None:
    stage = Stage()
    changed(stage, 0, NEW_IMAGE, key="d-1@1")
    changed(stage, 5, NEW_IMAGE, key="d-1@2", origin=WEST)
    stage.pod(30, pulling())
    stage.pod(31, pulling(), origin=WEST)
    parent = next(one for one in stage.incidents().values() if one.children)
    (suspect,) = parent.suspects
    assert "for: it was made in all 2 clusters that are in trouble" in suspect.reasons
    other = Stage()
    changed(other, 0, NEW_IMAGE)
    other.pod(30, pulling())
    other.pod(31, pulling(), origin=WEST)
    parent = next(one for one in other.incidents().values() if one.children)
    (half,) = parent.suspects
    assert half.score < suspect.score
    assert "against: it was made in 1 of the 2 clusters that are in trouble" in half.reasons


def test_a_cordoned_node_is_suspected_when_pods_find_no_node_but_not_a_taint_of_the_control_plane() -> None:
    stage = Stage()
    stage.sees(0, NODE, NodeFacts(ready=True), changes=(FieldChange("node", "spec.unschedulable", "", "true"),))
    stage.pod(5, PodFacts("Pending", scheduled=False))
    assert suspected(stage.only()) == ["worker-3: unschedulable none -> true"]
    other = Stage()
    taint = FieldChange("node", "spec.taints[node.kubernetes.io/unreachable]", "", "NoSchedule")
    other.sees(0, NODE, NodeFacts(ready=True), changes=(taint,))
    other.pod(5, PodFacts("Pending", scheduled=False))
    assert other.only().suspects == ()


def test_a_new_revision_of_the_application_is_suspected_by_its_name() -> None:
    stage = Stage()
    application = Resource("Application", "checkout", "argocd", "a-1")
    revision = FieldChange("revision", "status.revision", "abc", "def")
    stage.sees(0, application, SyncFacts(is_failing=False), changes=(revision,))
    stage.pod(60, crashing())
    stage.pod(61, crashing(), "ledger-a", owner=LEDGER)
    checkout, ledger = stage.incidents().values()
    assert (suspected(checkout), suspected(ledger)) == (["argocd/checkout: revision abc -> def"], [])


def test_changes_before_a_start_are_suspected_after_it() -> None:
    stage = Stage()
    changed(stage, 0, NEW_IMAGE)
    stage.triage = Triage(Rules(), changes=stage.changes())
    stage.pod(60, pulling())
    assert len(stage.only().suspects) == 1


def test_an_incident_reopened_by_another_change_suspects_that_one() -> None:
    stage = Stage()
    stage.pod(0, crashing())
    stage.pod(10, healthy())
    stage.tick(70)
    changed(stage, 300, FieldChange("env", "containers[app].env[URL]", "", "set"))
    stage.pod(330, crashing(), "another")
    assert suspected(stage.only()) == ["payments/checkout-api: variable URL added"]


def test_a_certificate_suspects_nothing_of_pods() -> None:
    stage = Stage()
    changed(stage, 0, NEW_IMAGE)
    certificate = Resource("Certificate", "tls", "payments", "x-1")
    stage.sees(5, certificate, CertificateFacts(ready=True, expires_at=at(86_400)))
    assert stage.only().suspects == ()


def test_the_ledger_is_bounded() -> None:
    triage = Triage(Rules())
    for nth in range(12_000):
        observation = observe(nth, Resource("Deployment", f"d-{nth}", "x"), UP, key=f"k@{nth}")
        triage._suspecting.changed(
            Observation(observation.kind, at(nth), observation.resource, observation.key, UP, changes=(NEW_IMAGE,)),
            EAST,
            at(nth),
        )
    assert len(triage._suspecting._ledger._of) == 10_000


def test_a_first_symptom_before_the_change_is_evidence_against_it() -> None:
    stage = Stage()
    stage.pod(0, pulling())
    changed(stage, 20, NEW_IMAGE)
    (suspect,) = stage.only().suspects
    assert "against: it came 20 s after the onset" in suspect.reasons
    assert (suspect.evidence_for, suspect.evidence_against) == ((), stage.only().evidence[:1])


def elsewhere(seconds: float, *, is_well: bool) -> Incident:
    """Trouble in the east after a change that was made in the west ``seconds`` before."""
    stage = Stage()
    changed(stage, -seconds, NEW_IMAGE, origin=WEST)
    if not is_well:
        stage.pod(-seconds + 60, crashing(), origin=WEST)
    changed(stage, 0, NEW_IMAGE)
    stage.pod(30, crashing())
    return next(one for one in stage.incidents().values() if one.cluster.name == EAST.cluster_name)


def test_the_same_change_without_harm_in_another_cluster_speaks_against_it() -> None:
    (suspect,), (other,), (soon,) = (
        elsewhere(3600, is_well=True).suspects,
        elsewhere(3600, is_well=False).suspects,
        elsewhere(300, is_well=True).suspects,
    )
    assert "against: the same change did no harm in 1 other cluster" in suspect.reasons
    assert suspect.score < other.score
    assert not [each for one in (other, soon) for each in one.reasons if "no harm" in each]
