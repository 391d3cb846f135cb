"""kubectl works against the lab as against a cluster: what people type at an incident, typed."""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from kronveil.lab import App, Behaviour, ClusterPlan, Lab, Story, open_lab
from tests.real.servers import installed_folder

pytestmark = pytest.mark.anyio

GOOD, BAD = "registry.test/shop/api:1.0.0", "registry.test/shop/api:1.0.0-typo"
NEWER = "registry.test/shop/api:1.1.0"
APPS = (App("shop", "api", GOOD, replicas=3), App("shop", "web", "registry.test/shop/web:1", replicas=2))
STORY = Story(
    "kubectl",
    "kubectl",
    "Two quiet clusters.",
    (ClusterPlan("east", "us-east-1", apps=APPS), ClusterPlan("west", "us-west-2", apps=APPS)),
    images={NEWER: Behaviour()},
)
DEADLINE_S = 60


class Kubectl:
    """Runs kubectl against one context of a kubeconfig."""

    def __init__(self, kubeconfig: Path, context: str, home: Path) -> None:
        self._command = [
            str(installed_folder() / "bin" / "kubectl"),
            "--kubeconfig",
            str(kubeconfig),
            "--context",
            context,
        ]
        self._environment = {**os.environ, "HOME": str(home)}

    async def fails(self, *arguments: str) -> str:
        """What kubectl complains."""
        done = await self._run(*arguments)
        assert done.returncode != 0, done.stdout.decode()
        return done.stderr.decode()

    async def __call__(self, *arguments: str) -> str:
        """What kubectl prints; it must succeed."""
        done = await self._run(*arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    async def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        with anyio.fail_after(DEADLINE_S):
            return await anyio.run_process([*self._command, *arguments], check=False, env=self._environment)

    async def until(self, wanted: str, *arguments: str) -> str:
        """Repeat a command until it prints what is wanted."""
        with anyio.fail_after(DEADLINE_S):
            while wanted not in (printed := await self(*arguments)):  # noqa: ASYNC110 - what is polled is a command
                await anyio.sleep(0.2)
        return printed

    async def until_gone(self, unwanted: str, *arguments: str) -> None:
        """Repeat a command until it prints this no longer: a pod that was replaced takes a moment to end."""
        with anyio.fail_after(DEADLINE_S):
            while unwanted in await self(*arguments):  # noqa: ASYNC110 - what is polled is a command
                await anyio.sleep(0.2)


@pytest.fixture(params=["token", "certificate"])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(STORY, tls=True, speed=5) as opened:
        opened.write_kubeconfig(tmp_path / "kubeconfig", credentials=request.param)
        yield opened


@pytest.fixture
def kubectl(lab: Lab, tmp_path: Path) -> Kubectl:
    return Kubectl(tmp_path / "kubeconfig", "east", tmp_path)


async def test_get_prints_tables_and_objects(kubectl):
    printed = await kubectl("get", "nodes,pods,deployments", "-A")
    assert printed.count(" Ready ") == 3
    assert "deployment.apps/api" in printed
    assert "1/1     Running" in printed
    listed = json.loads(await kubectl("get", "po", "-n", "shop", "-l", "app.kubernetes.io/name=api", "-o", "json"))
    assert len(listed["items"]) == 3
    assert "shop" in await kubectl("get", "ns")
    assert "forbidden" not in await kubectl("get", "all", "-n", "shop")
    assert "pods " in await kubectl("api-resources")


async def test_a_bad_image_set_by_kubectl_is_seen_described_and_undone(kubectl):
    await kubectl("set", "image", "-n", "shop", "deployment/api", f"api={BAD}")
    await kubectl.until("ImagePullBackOff", "get", "pods", "-n", "shop")
    described = await kubectl("describe", "pods", "-n", "shop", "--show-events=true")
    assert f'Failed to pull image "{BAD}"' in described
    assert "ErrImagePull" in await kubectl("get", "events", "-n", "shop")
    assert BAD in await kubectl("describe", "deployment/api", "-n", "shop")
    assert "1         " in await kubectl("rollout", "history", "-n", "shop", "deployment/api")
    await kubectl("rollout", "undo", "-n", "shop", "deployment/api")
    assert "successfully rolled out" in await kubectl("rollout", "status", "-n", "shop", "deployment/api")
    await kubectl.until_gone(BAD, "get", "pods", "-n", "shop", "-o", "yaml")


async def test_scale_restart_and_rollout_status_follow_to_the_end(kubectl):
    await kubectl("scale", "-n", "shop", "deployment/web", "--replicas=4")
    assert "successfully rolled out" in await kubectl("rollout", "status", "-n", "shop", "deployment/web")
    await kubectl("set", "image", "-n", "shop", "deployment/api", f"api={NEWER}")
    assert "successfully rolled out" in await kubectl("rollout", "status", "-n", "shop", "deployment/api")
    await kubectl("rollout", "restart", "-n", "shop", "deployment/web")
    assert "successfully rolled out" in await kubectl("rollout", "status", "-n", "shop", "deployment/web")
    await kubectl("wait", "-n", "shop", "deployment/web", "--for=condition=Available", "--timeout=30s")


async def test_a_deleted_pod_is_waited_for_and_replaced(kubectl):
    pod = (await kubectl("get", "pods", "-n", "shop", "-l", "app.kubernetes.io/name=web", "-o", "name")).split()[0]
    assert "deleted" in await kubectl("delete", "-n", "shop", pod)
    assert "NotFound" in await kubectl.fails("get", "-n", "shop", pod)
    await kubectl.until("2/2", "get", "deployment/web", "-n", "shop")


async def test_nodes_are_described_cordoned_and_drained(kubectl):
    node = (await kubectl("get", "nodes", "-o", "name")).split()[0]
    assert "KubeletReady" in await kubectl("describe", node)
    await kubectl("cordon", node)
    assert "SchedulingDisabled" in await kubectl("get", "nodes")
    await kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=30s")
    where = [
        "get",
        "pods",
        "-n",
        "shop",
        "--field-selector",
        f"spec.nodeName={node.removeprefix('node/')}",
        "-o",
        "name",
    ]
    assert await kubectl(*where) == ""
    await kubectl("uncordon", node)


async def test_refusals_are_kubectls_own_words(lab, kubectl):
    lab.clusters["east"].forbid("events")
    assert "(Forbidden): events is forbidden" in await kubectl.fails("get", "events", "-A")
    assert 'deployments.apps "nobody" not found' in await kubectl.fails("get", "deployment", "nobody")


async def test_a_manifest_is_created_and_rehearsed(kubectl, tmp_path):
    printed = await kubectl(
        "create",
        "deployment",
        "extra",
        "-n",
        "shop",
        "--image=elsewhere.test/extra:1",
        "--dry-run=client",
        "-o",
        "yaml",
    )
    manifest = tmp_path / "extra.yaml"
    manifest.write_text(printed)
    await kubectl("apply", "--validate=false", "--dry-run=server", "-f", str(manifest))
    assert "NotFound" in await kubectl.fails("get", "deployment/extra", "-n", "shop")
    await kubectl("apply", "--validate=false", "-f", str(manifest))
    assert "successfully rolled out" in await kubectl("rollout", "status", "-n", "shop", "deployment/extra")
    await kubectl("delete", "-n", "shop", "deployment/extra")
    await kubectl("delete", "-n", "shop", "pods", "--all")
