"""What stands around a target, in words: pure tables."""

from typing import Any

import pytest

from kronveil.actions.masking import masked, masked_json
from kronveil.actions.ownership import conflict_checks, owner_checks
from kronveil.actions.surroundings import (
    Surroundings,
    autoscaler_checks,
    budget_checks,
    quota_checks,
    selector_text,
    selects,
    touched,
)
from kronveil.model.execution import FieldDiff

LABELS = {"app": "api", "tier": "web"}
OBJ: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {
        "template": {
            "spec": {"containers": [{"resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "128Mi"}}}]}
        }
    },
}


def named(name: str, **parts: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, **parts}


def around(**found: Any) -> Surroundings:
    return Surroundings(**{"services": [], "budgets": [], "autoscalers": [], "quotas": []} | found)


def hpa(kind: str = "Deployment", name: str = "api") -> dict[str, Any]:
    return named("busy", spec={"scaleTargetRef": {"kind": kind, "name": name}, "minReplicas": 2, "maxReplicas": 9})


def quota(hard: dict[str, str], used: dict[str, str]) -> dict[str, Any]:
    return named("team", status={"hard": hard, "used": used})


def budget(allowed: int, **selector: str) -> dict[str, Any]:
    return named("floor", spec={"selector": {"matchLabels": selector}}, status={"disruptionsAllowed": allowed})


@pytest.mark.parametrize(
    ("selector", "is_about"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "api"}}, True),
        ({"matchLabels": {"app": "cart"}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web", "edge"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "canary", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_a_selector_is_about_the_pods_that_kubernetes_would_take(selector: Any, is_about: bool):  # noqa: FBT001
    assert selects(selector, LABELS) is is_about


def test_a_selector_is_written_as_a_query_takes_it():
    found = selector_text(
        {
            "matchLabels": {"app": "api"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["web", "edge"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }
    )
    assert found == "app=api,tier in (web,edge),!old"


@pytest.mark.parametrize(
    ("autoscalers", "replicas", "results"),
    [
        ([hpa()], 5, ["warned"]),
        ([hpa()], None, []),
        ([hpa(name="cart")], 5, []),
        ([hpa(kind="StatefulSet")], 5, []),
        (None, 5, ["unknown"]),
    ],
)
def test_an_autoscaler_that_would_fight_is_named(autoscalers: Any, replicas: int | None, results: list[str]):
    assert [each.result for each in autoscaler_checks(around(autoscalers=autoscalers), OBJ, replicas)] == results


@pytest.mark.parametrize(
    ("quotas", "more", "results"),
    [
        ([quota({"requests.cpu": "2"}, {"requests.cpu": "1500m"})], 2, ["passed"]),
        ([quota({"requests.cpu": "2"}, {"requests.cpu": "1500m"})], 3, ["failed"]),
        ([quota({"pods": "3"}, {"pods": "3"})], 1, ["failed"]),
        ([quota({"limits.memory": "1Gi"}, {"limits.memory": "896Mi"})], 1, ["passed"]),
        ([quota({"services": "1"}, {"services": "1"})], 1, ["passed"]),
        ([quota({"pods": "3"}, {"pods": "3"})], -1, []),
        (None, 1, ["unknown"]),
    ],
)
def test_a_quota_that_leaves_no_room_is_named(quotas: Any, more: int, results: list[str]):
    assert [each.result for each in quota_checks(around(quotas=quotas), OBJ, more)] == results


@pytest.mark.parametrize(
    ("budgets", "results"),
    [
        ([budget(1, app="api")], ["passed"]),
        ([budget(0, app="api")], ["failed"]),
        ([budget(0, app="x")], []),
        (None, ["unknown"]),
    ],
)
def test_a_budget_says_whether_a_pod_may_go_now(budgets: Any, results: list[str]):
    assert [each.result for each in budget_checks(budgets, LABELS)] == results


def test_who_notices_is_told_and_what_may_not_be_listed_is_unknown():
    service = named("api", spec={"selector": {"app": "api"}})
    words = touched(around(services=[service, named("headless", spec={})], budgets=None), LABELS)
    assert words == ["api sends requests to them (service)", "budgets: unknown, they may not be listed"]


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api"}},
            "Argo CD owns it (shop)",
        ),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux owns it (apps)"),
        ({"annotations": {"meta.helm.sh/release-name": "api"}}, "Helm owns it and its next upgrade"),
        ({"managedFields": [{"manager": "argocd-controller"}]}, "Argo CD owns it and sets back"),
    ],
)
def test_an_owner_is_named_with_the_way_that_lasts(metadata: Any, owner: str):
    (check,) = owner_checks(metadata)
    assert check.detail.startswith(owner)
    assert check.detail.endswith("by a pull request (open_pull_request)")


FIELDS = {
    "f:spec": {
        "f:replicas": {},
        "f:template": {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:image": {}}}}},
    }
}


@pytest.mark.parametrize(
    ("path", "is_conflict"),
    [
        ("spec.replicas", True),
        ("spec.paused", False),
        ("spec.template.spec.containers[app].image", True),
        ("spec.template.spec.containers[app].resources.limits.memory", False),
        ("spec.template.spec.containers[side].image", False),
    ],
)
def test_who_manages_a_field_is_named(path: str, is_conflict: bool):  # noqa: FBT001
    metadata = {
        "managedFields": [{"manager": "kubectl", "fieldsV1": FIELDS}, {"manager": "kronveil", "fieldsV1": FIELDS}]
    }
    found = conflict_checks(metadata, [FieldDiff(path, "1", "2")])
    assert [each.detail.partition(" ")[0] for each in found] == (["kubectl"] if is_conflict else [])


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("spec.template.spec.containers[app].env[DB_PASSWORD].value", '"hunter2"', '"********"'),
        ("data.api_key", '"k"', '"********"'),
        ("spec.template.spec.containers[app].env[MODE].value", '"quiet"', '"quiet"'),
        ("spec.template.spec.automountServiceAccountToken", "true", "true"),
        ("spec.template.spec.volumes[x].secret.secretName", '"certs"', '"certs"'),
    ],
)
def test_a_field_that_is_a_secret_by_its_name_is_masked(path: str, value: str, shown: str):
    assert masked(FieldDiff(path, value, None)) == FieldDiff(path, shown, None)


def test_secrets_deep_in_an_added_container_are_masked():
    container = {"name": "app", "env": [{"name": "API_TOKEN", "value": "t"}, {"name": "MODE", "value": "quiet"}]}
    env = masked_json(container)["env"]
    assert [each["value"] for each in env] == ["********", "quiet"]
