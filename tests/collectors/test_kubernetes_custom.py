"""Any custom resource by configuration: found at the version the cluster prefers, told by its conditions."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kronveil.collectors.kubernetes.config import (
    WATCHED_ANYWAY,
    ClusterConfig,
    CustomResource,
    KubernetesConfig,
    WatchedCondition,
)
from kronveil.collectors.kubernetes.custom import kinds_of
from kronveil.collectors.kubernetes.kinds import KINDS, Kind
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves
from kronveil.lab.kinds import Kind as Served
from kronveil.model.facts import ResourceFacts
from kronveil.model.observation import Observation
from tests.acceptance.agents import agent_in_process, configured
from tests.acceptance.world import quiet_lab
from tests.collectors.sampled import FIRST, LATER
from tests.real.waiting import eventually

DATABASE = CustomResource(group="db.example.com", resource="databases", kind="Database")
SERVED = Served("Database", "databases", "db.example.com", "v1beta1", subresources=("status",))


def database(status: str | None, *, size: int = 1, **more: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": status, "lastTransitionTime": "2026-11-25T01:05:00Z", **more}]
    return {
        "metadata": {"name": "orders", "namespace": "shop", "uid": "uid-1", "resourceVersion": "7"},
        "spec": {"size": size},
        "status": {"conditions": conditions if status else None},
    }


def named(*resources: CustomResource) -> list[Kind]:
    return [one for one in kinds_of(ClusterConfig(name="x", custom_resources=resources)) if one.is_named]


def translated(
    item: dict[str, Any], before: Kept | None = None, *, at: Moment = LATER
) -> tuple[Kept, Observation | None]:
    (kind,) = named(DATABASE)
    return kind.translate(kind.decode_object(msgspec.json.encode(item)), before, Shelves(), at)


def test_without_conditions_of_its_own_it_is_ready_that_is_looked_at() -> None:
    _, observation = translated(database("False", reason="Crashed", message="out of disk"), at=FIRST)
    assert observation is not None
    assert isinstance(observation.facts, ResourceFacts)
    (one,) = observation.facts.conditions
    assert (one.type, one.status, one.reason, one.symptom) == ("Ready", "False", "Crashed", "resource.unhealthy")
    assert (observation.kind, observation.resource.kind) == ("resource.changed", "Database")
    assert observation.message == "Ready is False: Crashed: out of disk"
    assert observation.at == one.since


@pytest.mark.parametrize(("status", "is_told"), [("True", False), ("False", True), ("Unknown", True), (None, True)])
def test_the_first_list_leaves_out_what_is_plainly_good(status: str | None, *, is_told: bool) -> None:
    assert (translated(database(status), at=FIRST)[1] is not None) is is_told


def test_what_a_controller_writes_while_all_is_well_is_no_news_and_a_new_specification_is_a_change() -> None:
    kept, _ = translated(database("True", message="backup at 01:00"))
    kept, observation = translated(database("True", message="backup at 02:00"), kept)
    assert observation is None
    _, observation = translated(database("True", size=3), kept)
    assert observation is not None
    (change,) = observation.changes
    assert (change.kind, change.path) == ("other", "spec")
    assert change.after.startswith("digest ")


def test_one_of_a_name_that_others_have_is_told_apart_by_its_group() -> None:
    mesh = CustomResource(group="mesh.example.com", resource="services", kind="Service")
    other = CustomResource(group="other.example.com", resource="databases", kind="Database")
    called = {one.name: one.object_kind for one in named(mesh, DATABASE, other)}
    assert called == {
        "services.mesh.example.com": "Service.mesh.example.com",
        "databases.db.example.com": "Database.db.example.com",
        "databases.other.example.com": "Database.other.example.com",
    }
    assert named(mesh)[0].path_in("shop", "v1") == "/apis/mesh.example.com/v1/namespaces/shop/services"


def test_the_configuration_knows_what_is_watched_without_being_named() -> None:
    with_dots = {(kind.group, kind.name) for kind in KINDS if "." in kind.group}
    assert with_dots <= WATCHED_ANYWAY


def test_a_cluster_has_those_of_the_section_unless_it_names_them_itself() -> None:
    own = CustomResource(group="db.example.com", resource="databases", kind="Database", version="v2")
    other = CustomResource(group="db.example.com", resource="users", kind="User")
    section = KubernetesConfig(custom_resources=(DATABASE, other))
    cluster = ClusterConfig(name="x", custom_resources=(own,))
    assert section.custom_resources_of(cluster) == (own, other)
    assert section.custom_resources_of(ClusterConfig(name="y")) == (DATABASE, other)


def test_a_condition_counts_after_five_minutes_and_is_medium_unless_told_otherwise() -> None:
    condition = WatchedCondition(type="Ready")
    assert (condition.bad, condition.after, condition.severity) == (("False",), timedelta(minutes=5), "medium")


@pytest.mark.anyio
async def test_from_its_condition_to_an_incident_and_back_through_the_whole_agent(tmp_path: Path) -> None:
    watched = {
        "group": "db.example.com",
        "resource": "databases",
        "kind": "Database",
        "conditions": [{"type": "Ready", "after": "0s", "symptom": "resource.database_down", "severity": "high"}],
    }
    missing = {"group": "none.example.com", "resource": "things", "kind": "Thing"}
    wrong = {"group": "db.example.com", "resource": "zones", "kind": "Zone"}
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        east = next(iter(lab.clusters.values()))
        # As a group that serves another of its kinds at a newer version.
        east.world.add_kind(Served("Zone", "zones", "db.example.com", "v1", namespaced=False))
        east.world.add_kind(SERVED)
        east.world.create(SERVED, database("True"))
        file = configured(tmp_path, [east.name], kubernetes={"custom_resources": [watched, missing, wrong]})
        async with agent_in_process(file) as agent:
            # What was asked for and cannot be read is a lack; what is not installed is none.

            async def is_read() -> bool:
                kinds = (await agent.cluster(east.name))["kinds"]
                return bool(kinds) and (
                    kinds["databases.db.example.com"]["count"] == 1
                    and kinds["things.none.example.com"]["error"] == "not served by this cluster"
                    and "Write namespaced: false" in (kinds["zones.db.example.com"]["error"] or "")
                )

            await eventually(is_read, "each kind is read, or says why not", within_s=30)
            assert (await agent.cluster(east.name))["state"] == "partial"
            assert not await agent.incidents()

            def say(status: str) -> None:
                condition = {"type": "Ready", "status": status, "reason": "DiskFull"}
                east.world.update(
                    SERVED, ("shop", "orders"), lambda one: one.update(status={"conditions": [condition]})
                )

            say("False")
            found = await agent.the_incident("resource", east.name, "open", within_s=30)
            assert (found["kind"], found["severity"]) == ("resource.database_down", "high")
            assert found["title"] == "Database shop/orders: Ready is False"
            say("True")
            await agent.the_incident("resource", east.name, "resolved", within_s=30)
