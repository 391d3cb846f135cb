"""What somebody changed in a specification is told with who did it, and without any value that may be secret."""

from datetime import UTC, datetime
from typing import Any

from kronveil.collectors.kubernetes.translate.changes import AUTOSCALER
from kronveil.model.facts import FieldChange
from kronveil.model.observation import Observation
from tests.collectors.sampled import FIRST, told, translate
from tests.collectors.test_translate_more import item

SECRET = "s3cr3t-value"


def managed(*entries: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Manager, minute, subresource."""
    return [
        {
            "manager": manager,
            "operation": "Update",
            "time": f"2026-11-25T01:{minute}:00Z",
            "fieldsV1": {"f:spec": {}},
            **({"subresource": through} if through else {}),
        }
        for manager, minute, through in entries
    ]


def deployment(container: dict[str, Any] | None = None, *, by: Any = (), **rest: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "app", "image": "shop:1"} | (container or {})], **rest.pop("pod", {})}
    template = {"metadata": {"annotations": rest.pop("notes", {})}, "spec": spec}
    metadata = {"managedFields": managed(*by), **rest.pop("metadata", {})}
    status = {"availableReplicas": 3, "updatedReplicas": 3}
    return item(metadata=metadata, spec={"replicas": 3, "template": template, **rest}, status=status)


def changed(before: dict[str, Any], after: dict[str, Any], kind: str = "deployments") -> Observation:
    kept, observation = translate(kind, before, at=FIRST)
    assert observation is None or not observation.changes
    return told(kind, after, before=kept)


def test_a_new_image_is_told_with_who_set_it_and_when() -> None:
    by = [("kubectl-set", "04", ""), ("kube-controller-manager", "06", "status"), ("kube-controller-manager", "07", "")]
    observation = changed(deployment(), deployment({"image": "shop:2"}, by=by))
    assert observation.changes == (FieldChange("image", "containers[app].image", "shop:1", "shop:2"),)
    assert observation.actor == "kubectl-set"
    assert observation.at == datetime(2026, 11, 25, 1, 4, tzinfo=UTC)


def test_variables_are_told_by_name_and_never_by_value() -> None:
    before = deployment({"env": [{"name": "KEY", "value": SECRET}, {"name": "OLD", "value": "x"}]})
    after = deployment({"env": [{"name": "KEY", "value": SECRET + "2"}, {"name": "NEW", "value": SECRET}]})
    kept, _ = translate("deployments", before, at=FIRST)
    observation = told("deployments", after, before=kept)
    assert {(one.path, one.before, one.after) for one in observation.changes} == {
        ("containers[app].env[KEY]", "set", "set to another value"),
        ("containers[app].env[NEW]", "", "set"),
        ("containers[app].env[OLD]", "set", ""),
    }
    assert SECRET not in repr(observation)
    assert SECRET.encode() not in kept.spec


def test_where_a_variable_comes_from_is_part_of_it() -> None:
    reference = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "one", "key": "k"}}}
    other = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "two", "key": "k"}}}
    changes = changed(deployment({"env": [reference]}), deployment({"env": [other]})).changes
    assert [one.after for one in changes] == ["set to another value"]


def test_arguments_and_probes_are_compared_and_not_shown() -> None:
    before = deployment({"args": ["--password", "one"], "livenessProbe": {"httpGet": {"path": "/a"}}})
    after = deployment({"args": ["--password", SECRET], "livenessProbe": {"httpGet": {"path": "/b"}}})
    observation = changed(before, after)
    assert [one.kind for one in observation.changes] == ["command", "other"]
    assert SECRET not in repr(observation)


def test_resources_volumes_and_sources_are_told() -> None:
    before = deployment({"resources": {"limits": {"memory": "256Mi"}}, "envFrom": [{"secretRef": {"name": "s1"}}]})
    volumes = [{"name": "conf", "configMap": {"name": "conf-2"}}, {"name": "key", "secret": {"secretName": "key-1"}}]
    after = deployment({"resources": {"limits": {"memory": "128Mi"}}}, pod={"volumes": volumes})
    assert {(one.kind, one.path, one.before, one.after) for one in changed(before, after).changes} == {
        ("resources", "containers[app].resources.limits.memory", "256Mi", "128Mi"),
        ("secret", "containers[app].envFrom[s1]", "s1", ""),
        ("config", "volumes[conf]", "", "conf-2"),
        ("secret", "volumes[key]", "", "key-1"),
    }


def test_a_restart_by_hand_and_a_checksum_of_the_configuration_are_changes() -> None:
    after = deployment(notes={"kubectl.kubernetes.io/restartedAt": "now", "checksum/config": "a" * 64})
    changes = {one.path: one.kind for one in changed(deployment(), after).changes}
    assert changes == {
        "template.annotations[checksum/config]": "config",
        "template.annotations[kubectl.kubernetes.io/restartedAt]": "other",
    }


def test_a_scale_by_hand_is_told_apart_from_one_by_the_autoscaler() -> None:
    by = [("helm", "01", ""), ("kube-controller-manager", "05", "scale"), ("kube-controller-manager", "06", "status")]
    observation = changed(deployment(), deployment(by=by, replicas=5))
    assert [(one.kind, one.before, one.after) for one in observation.changes] == [("replicas", "3", "5")]
    assert observation.actor == AUTOSCALER
    assert changed(deployment(), deployment(by=[("kubectl", "05", "scale")], replicas=5)).actor == "kubectl"


def test_a_release_shows_by_its_labels_and_revision() -> None:
    metadata = {
        "labels": {"helm.sh/chart": "shop-1.2.0", "app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "shop", "deployment.kubernetes.io/revision": "7"},
    }
    after = deployment(metadata={**metadata, "labels": metadata["labels"] | {"helm.sh/chart": "shop-1.3.0"}})
    observation = changed(deployment(metadata=metadata), after)
    path = "metadata.labels[helm.sh/chart]"
    assert observation.changes == (FieldChange("revision", path, "shop-1.2.0", "shop-1.3.0"),)
    attributes = observation.attributes
    assert attributes["helm.release"] == "shop"
    assert attributes["helm.chart"] == "shop-1.3.0"
    assert attributes["k8s.deployment.revision"] == "7"


def test_nothing_is_a_change_that_is_seen_for_the_first_time() -> None:
    assert not told("deployments", deployment()).changes
    assert translate("deployments", deployment(), at=FIRST)[1] is None


def test_cordoning_labelling_and_upgrading_a_node_are_changes_and_its_own_taints_are_not() -> None:
    before = item(
        status={"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.36.1"}}
    )
    after = item(
        metadata={
            "labels": {"pool": "blue"},
            "managedFields": managed(("kubectl-cordon", "04", ""), ("kubelet", "09", "status")),
        },
        spec={"unschedulable": True, "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]},
        status={"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.37.2"}},
    )
    observation = changed(before, after, "nodes")
    assert {one.path for one in observation.changes} == {
        "metadata.labels[pool]",
        "spec.unschedulable",
        "status.nodeInfo.kubeletVersion",
    }
    assert {one.kind for one in observation.changes} == {"node"}
    assert observation.actor == "kubectl-cordon"


def test_limits_of_an_autoscaler_and_the_schedule_of_a_cron_job_are_changes() -> None:
    before, after = item(spec={"minReplicas": 2, "maxReplicas": 5}), item(spec={"minReplicas": 2, "maxReplicas": 9})
    changes = changed(before, after, "horizontalpodautoscalers").changes
    assert changes == (FieldChange("replicas", "spec.maxReplicas", "5", "9"),)
    changes = changed(item(spec={"schedule": "0 3 * * *"}), item(spec={"schedule": "0 4 * * *"}), "cronjobs").changes
    assert changes == (FieldChange("schedule", "spec.schedule", "0 3 * * *", "0 4 * * *"),)


def test_a_new_revision_of_what_gitops_keeps_is_a_change() -> None:
    before, after = (item(status={"sync": {"status": "Synced", "revision": one}}) for one in ("aaa", "bbb"))
    observation = changed(before, after, "applications")
    assert observation.changes == (FieldChange("revision", "status.revision", "aaa", "bbb"),)
    assert observation.attributes["gitops.revision"] == "bbb"


def test_that_a_config_map_was_written_is_told_and_a_lock_of_a_leader_is_not() -> None:
    by = {"managedFields": managed(("argocd-controller", "05", ""))}
    observation = changed(item(metadata=by), item(version=8, metadata=by) | {"data": {"k": SECRET}}, "configmaps")
    assert (observation.kind, observation.facts, observation.actor) == ("config.changed", None, "argocd-controller")
    assert observation.changes == (FieldChange("config", "content", "version 7", "version 8"),)
    assert SECRET not in repr(observation)
    lock = {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}
    kept, _ = translate("configmaps", item(metadata=lock))
    assert translate("configmaps", item(version=8, metadata=lock), kept)[1] is None
