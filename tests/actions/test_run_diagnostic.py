"""What diagnostics find: typed values that later steps can use, and unknown where nothing is known."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kronveil.actions.diagnostics.cluster import _text
from kronveil.actions.run_diagnostic import CATALOGUE, component
from kronveil.lab import ClusterPlan, Story, open_lab
from kronveil.model.execution import StepPlan, Target
from kronveil.sdk.actions import Means
from kronveil.sdk.errors import Permanent
from kronveil.sdk.outside import AllowedHost, Outside
from tests.actions.ground import Ground, lab_ground
from tests.actions.scenes import APP, deployment, running_pods, step
from tests.receiver import Said, served

pytestmark = pytest.mark.anyio
TYPES: dict[str, tuple[type, ...]] = {"text": (str,), "number": (int,), "flag": (bool,), "texts": (list,)}


async def looked(means: Means, target: Target, **parameters: Any) -> tuple[StepPlan, dict[str, Any]]:
    plan = await component.make(means).rehearse(step("run_diagnostic", **parameters), target)
    found = {name: json.loads(value) for name, value in (plan.findings or {}).items()}
    declared = CATALOGUE[parameters["check"]].finds
    assert set(found) == set(declared)
    for name, value in found.items():
        assert value is None or isinstance(value, TYPES[declared[name]]), (name, value)
    return plan, found


async def on(ground: Ground, check: str, **parameters: Any) -> dict[str, Any]:
    parameters = {"container": "main"} | parameters if check != "events" else parameters
    return (await looked(Means(ground.doors), ground.target("Deployment", APP), check=check, **parameters))[1]


async def test_a_workload_is_described_with_its_pods_and_limits(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        await ground.create("Deployment", deployment())
        await running_pods(ground, 2)
        found = await on(ground, "describe")
        assert (found["replicas"], found["pods"], found["restarts"]) == (2, 2, 0)
        assert (found["limit_bytes"], found["request_bytes"]) == (128 * 2**20, 64 * 2**20)


async def test_use_is_told_beside_the_limit_and_unknown_without_metrics(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        await ground.create("Deployment", deployment())
        await running_pods(ground, 2)

        async def is_measured() -> dict[str, Any] | None:
            found = await on(ground, "top")
            return found if found["usage_bytes"] else None

        found = await ground.until(is_measured, "its pods are measured")
        assert found["usage_percent"] == round(100 * found["usage_bytes"] / (128 * 2**20))
        assert ground.lab is not None
        ground.lab.serve_metrics(served=False)
        assert (await on(ground, "top"))["usage_bytes"] is None


async def test_the_last_lines_of_a_log_are_told_and_those_before_a_restart_are_unknown(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        await ground.create("Deployment", deployment())
        pods = await running_pods(ground, 2)
        name = pods[0]["metadata"]["name"]
        found = await on(ground, "logs", pod=name)
        assert (found["pod"], found["errors"]) == (name, 0)
        assert found["lines"][-1].endswith("listening")
        before = await on(ground, "logs", pod=name, previous=True)
        assert (before["lines"], before["errors"]) == ([], None)


async def test_warnings_about_the_target_and_its_pods_are_told(tmp_path: Path):
    async with lab_ground(tmp_path) as ground:
        await ground.create("Deployment", deployment())
        about = {"kind": "Deployment", "name": APP, "namespace": "shop", "uid": ""}
        event = {"metadata": {"name": "w"}, "involvedObject": about, "type": "Warning", "reason": "Broken"}
        await ground.create("Event", {**event, "message": "\x1b[31mtoken=abc123", "count": 3})
        found = await on(ground, "events")
        assert (found["warnings"], found["reasons"]) == (1, ["Broken"])
        assert found["lines"] == ["Broken x3: \ufffd[31mtoken=********"]


async def test_an_address_is_asked_only_where_that_is_allowed():
    async with served() as server:
        server.answer = lambda _: Said(503, b"password: hunter2")
        allowed = Outside(hosts=(AllowedHost(host=f"127.0.0.1:{server.port}"),))
        means, target = Means(None, outside=allowed), Target("", "", step("x").incident.resource)  # type: ignore[arg-type]
        _, found = await looked(means, target, check="http", url=server.url)
        assert (found["is_up"], found["status"], found["body"]) == (False, 503, "password: ********")
        await server.stop()
        _, found = await looked(means, target, check="http", url=server.url)
        assert (found["is_up"], found["status"]) == (False, None)
        with pytest.raises(Permanent, match=r"runbooks\.hosts"):
            await looked(means, target, check="http", url="http://127.0.0.1:1/")


async def test_the_certificate_that_is_served_is_read_and_judged():
    story = Story("tls", "TLS", "One cluster.", (ClusterPlan("east", "us-east-1", nodes=1),))
    async with open_lab(story, tls=True) as lab:
        port = lab.clusters["east"].listener.port
        means = Means(None, outside=Outside(hosts=(AllowedHost(host=f"127.0.0.1:{port}"),)))  # type: ignore[arg-type]
        target = Target("", "", step("x").incident.resource)
        plan, found = await looked(means, target, check="tls", host="127.0.0.1", port=port)
        assert (found["is_trusted"], found["days_left"] >= 0) == (False, True)
        assert "not trusted" in plan.summary
        old = replace(plan, findings={"serial": '"of the certificate before"'})
        outcome = await component.make(means).perform(old, "key")
        assert json.loads((outcome.findings or {})["serial"]) == found["serial"], "it looks again when performed"


async def test_a_name_that_does_not_resolve_is_a_finding():
    target = Target("", "", step("x").incident.resource)
    _, found = await looked(Means(None), target, check="dns", name="localhost")  # type: ignore[arg-type]
    assert found["resolves"]
    _, found = await looked(Means(None), target, check="dns", name="no-such-name.invalid")  # type: ignore[arg-type]
    assert found == {"resolves": False, "addresses": []}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("login with password=hunter2 ok", "login with password=******** ok"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: ********"),
        ("dsn postgres://app:s3cret@db/orders", "dsn postgres://app:********@db/orders"),
        ("key AKIAABCDEFGHIJKLMNOP used", "key ******** used"),
        ("all is well", "all is well"),
        ("x" * 1000, "x" * 399 + "\u2026"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str):
    assert _text(text).replace("Bearer ", "").replace("******** ********", "********") == shown
